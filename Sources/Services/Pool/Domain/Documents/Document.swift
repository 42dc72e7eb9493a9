public import Primitives

/// A supplier's order, as its buyer named it.
public struct PurchaseOrderID: Identifier {
  public static let noun = "purchase order"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// Units on their way from one location to another, as their sender named them.
public struct TransferID: Identifier {
  public static let noun = "transfer"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// One arrival of goods: a delivery note's number.
public struct ReceiptID: Identifier {
  public static let noun = "receipt"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// A stock count, as whoever opened it named it.
public struct CountID: Identifier {
  public static let noun = "count"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// What somebody who counts sends at once.
public struct ReportID: Identifier {
  public static let noun = "report"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// What a document is and what it is called.
public struct DocumentKey: Hashable, Comparable, Sendable {
  public enum Kind: UInt8, CaseIterable, Sendable {
    case purchaseOrder = 1
    case transfer, count
  }

  public let kind: Kind
  public let text: String

  public init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }

  public init(_ id: PurchaseOrderID) { self.init(.purchaseOrder, id.text) }
  public init(_ id: TransferID) { self.init(.transfer, id.text) }
  public init(_ id: CountID) { self.init(.count, id.text) }

  public static func == (left: DocumentKey, right: DocumentKey) -> Bool {
    left.kind == right.kind && left.text.hasBytes(of: right.text)
  }

  public static func < (left: DocumentKey, right: DocumentKey) -> Bool {
    left.kind == right.kind
      ? left.text.comesBefore(right.text) : left.kind.rawValue < right.kind.rawValue
  }
}

/// Something that people agree on step by step. It says what is meant to happen; what did happen to
/// stock is in the ledger, in entries that name it.
public enum Document: Hashable, Sendable {
  case purchaseOrder(PurchaseOrder)
  case transfer(Transfer)
  case count(StockCount)

  public var key: DocumentKey {
    switch self {
    case .purchaseOrder(let order): DocumentKey(order.id)
    case .transfer(let transfer): DocumentKey(transfer.id)
    case .count(let count): DocumentKey(count.id)
    }
  }

  /// Whether nothing can come of it any more, so that it need not be in memory.
  public var isEnded: Bool {
    switch self {
    case .purchaseOrder(let order): order.isEnded
    case .transfer(let transfer): transfer.isEnded
    case .count(let count): count.isEnded
    }
  }

  public var header: DocumentHeader {
    switch self {
    case .purchaseOrder(let order): order.header
    case .transfer(let transfer): transfer.header
    case .count(let count): count.header
    }
  }

  /// What is on its way because of it.
  public var incoming: [(sku: SKUIndex, incoming: Incoming)] {
    switch self {
    case .purchaseOrder(let order): order.incoming
    case .transfer(let transfer): transfer.incoming
    case .count: []
    }
  }
}

/// What every document has.
public struct DocumentHeader: Hashable, Sendable {
  public var createTime: Timestamp
  public var updateTime: Timestamp
  /// From 1, one more with every change.
  public var revision: Int64

  public init(createTime: Timestamp, updateTime: Timestamp, revision: Int64) {
    self.createTime = createTime
    self.updateTime = updateTime
    self.revision = revision
  }

  public init(now: Timestamp) {
    self.init(createTime: now, updateTime: now, revision: 1)
  }

  public var etag: String { "r\(revision)" }

  mutating func change(at now: Timestamp) {
    updateTime = now
    revision += 1
  }
}

/// Units that a document brings to a location.
public struct Incoming: Hashable, Sendable {
  public var document: DocumentKey
  public var location: LocationIndex
  public var quantity: Quantity
  public var expectTime: Timestamp?

  public init(
    document: DocumentKey, location: LocationIndex, quantity: Quantity, expectTime: Timestamp?
  ) {
    self.document = document
    self.location = location
    self.quantity = quantity
    self.expectTime = expectTime
  }
}

/// One arrival that a document has counted. Its ID is known as long as the document: for ever.
public struct Receipt: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var lineID: String
    public var quantity: Quantity
    /// Whether the units came in a state in which they cannot be sold.
    public var isUnavailable: Bool
    public var lot: LotTag?

    public init(
      lineID: String, quantity: Quantity, isUnavailable: Bool = false, lot: LotTag? = nil
    ) {
      self.lineID = lineID
      self.quantity = quantity
      self.isUnavailable = isUnavailable
      self.lot = lot
    }
  }

  public var id: ReceiptID
  public var lines: [Line]
  public var time: Timestamp
  public var reason: String
  public var actor: String

  public init(
    id: ReceiptID, lines: [Line], time: Timestamp = .zero, reason: String = "", actor: String = ""
  ) {
    self.id = id
    self.lines = lines
    self.time = time
    self.reason = reason
    self.actor = actor
  }
}
