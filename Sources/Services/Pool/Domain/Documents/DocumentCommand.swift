public import Primitives

/// Everything that changes a document.
public enum DocumentCommand: Hashable, Sendable {
  case setPurchaseOrder(SetPurchaseOrder)
  case placePurchaseOrder(PurchaseOrderID)
  case receivePurchaseOrder(ReceivePurchaseOrder)
  case closePurchaseOrder(EndDocument<PurchaseOrderID>)
  case cancelPurchaseOrder(EndDocument<PurchaseOrderID>)
  case setTransfer(SetTransfer)
  case shipTransfer(ShipTransfer)
  case receiveTransfer(ReceiveTransfer)
  case writeOffTransfer(EndDocument<TransferID>)
  case cancelTransfer(EndDocument<TransferID>)
  case openCount(OpenCount)
  case reportCount(ReportCount)
  case submitCount(SubmitCount)
  case recount(Recount)
  case approveCount(EndDocument<CountID>)
  case cancelCount(EndDocument<CountID>)

  /// The document that has to be in memory before the command is decided.
  public var key: DocumentKey {
    switch self {
    case .setPurchaseOrder(let command): DocumentKey(command.id)
    case .placePurchaseOrder(let id): DocumentKey(id)
    case .receivePurchaseOrder(let command): DocumentKey(command.id)
    case .closePurchaseOrder(let command), .cancelPurchaseOrder(let command):
      DocumentKey(command.id)
    case .setTransfer(let command): DocumentKey(command.id)
    case .shipTransfer(let command): DocumentKey(command.id)
    case .receiveTransfer(let command): DocumentKey(command.id)
    case .writeOffTransfer(let command), .cancelTransfer(let command): DocumentKey(command.id)
    case .openCount(let command): DocumentKey(command.id)
    case .reportCount(let command): DocumentKey(command.id)
    case .submitCount(let command): DocumentKey(command.id)
    case .recount(let command): DocumentKey(command.id)
    case .approveCount(let command), .cancelCount(let command): DocumentKey(command.id)
    }
  }
}

public struct SetPurchaseOrder: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var lineID: String
    public var sku: SKU
    public var quantity: Quantity
    public var unitCost: Int64

    public init(lineID: String, sku: SKU, quantity: Quantity, unitCost: Int64 = 0) {
      self.lineID = lineID
      self.sku = sku
      self.quantity = quantity
      self.unitCost = unitCost
    }
  }

  public var id: PurchaseOrderID
  public var supplier: String
  public var location: LocationID
  public var currency: String
  public var lines: [Line]
  public var charges: [PurchaseOrder.Charge]
  public var overTolerance: Int32
  public var underTolerance: Int32
  public var expectTime: Timestamp?
  /// Changes only this version; empty for any.
  public var etag: String

  public init(
    id: PurchaseOrderID, supplier: String = "", location: LocationID, currency: String,
    lines: [Line], charges: [PurchaseOrder.Charge] = [], overTolerance: Int32 = 0,
    underTolerance: Int32 = 0, expectTime: Timestamp? = nil, etag: String = ""
  ) {
    self.id = id
    self.supplier = supplier
    self.location = location
    self.currency = currency
    self.lines = lines
    self.charges = charges
    self.overTolerance = overTolerance
    self.underTolerance = underTolerance
    self.expectTime = expectTime
    self.etag = etag
  }
}

public struct ReceivePurchaseOrder: Hashable, Sendable {
  public var id: PurchaseOrderID
  /// Its time is the pool's.
  public var receipt: Receipt

  public init(id: PurchaseOrderID, receipt: Receipt) {
    self.id = id
    self.receipt = receipt
  }
}

/// Ends a document, and says why.
public struct EndDocument<ID: Hashable & Sendable>: Hashable, Sendable {
  public var id: ID
  public var reason: String
  public var actor: String

  public init(id: ID, reason: String = "", actor: String = "") {
    self.id = id
    self.reason = reason
    self.actor = actor
  }
}

public struct SetTransfer: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var lineID: String
    public var sku: SKU
    public var quantity: Quantity

    public init(lineID: String, sku: SKU, quantity: Quantity) {
      self.lineID = lineID
      self.sku = sku
      self.quantity = quantity
    }
  }

  public var id: TransferID
  public var source: LocationID
  public var destination: LocationID
  public var lines: [Line]
  public var expectTime: Timestamp?
  /// Changes only this version; empty for any.
  public var etag: String

  public init(
    id: TransferID, source: LocationID, destination: LocationID, lines: [Line],
    expectTime: Timestamp? = nil, etag: String = ""
  ) {
    self.id = id
    self.source = source
    self.destination = destination
    self.lines = lines
    self.expectTime = expectTime
    self.etag = etag
  }
}

public struct ShipTransfer: Hashable, Sendable {
  public var id: TransferID
  public var actor: String

  public init(id: TransferID, actor: String = "") {
    self.id = id
    self.actor = actor
  }
}

public struct ReceiveTransfer: Hashable, Sendable {
  public var id: TransferID
  /// Its time is the pool's.
  public var receipt: Receipt

  public init(id: TransferID, receipt: Receipt) {
    self.id = id
    self.receipt = receipt
  }
}
