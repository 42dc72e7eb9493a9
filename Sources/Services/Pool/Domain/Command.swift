public import Primitives

/// Everything that changes the pool.
public enum Command: Sendable {
  case setSKU(SetSKU)
  case setLocation(SetLocation)
  case setBuffer(SetBuffer)
  case setSourcing(SetSourcing)
  case setLastUnits(SetLastUnits)
  case reportLag(ReportLag)
  case receive(ReceiveStock)
  case adjust(AdjustStock)
  case returnStock(ReturnStock)
  case resolve(ResolveUnavailable)
  case createHold(CreateHold)
  case commitHold(CommitHold)
  case releaseHold(ReleaseHold)
  case extendHold(ExtendHold)
  case editHold(EditHold)
  case recordSale(RecordSale)
  case cancelSale(CancelSale)
  case shipSale(ShipSale)
  case document(DocumentCommand)
  case setReorderPoint(SetReorderPoint)
  case setBundle(SetBundle)
  case promotion(PromotionCommand)

  /// The order whose sale has to be in memory before the command is decided.
  public var orderID: OrderID? {
    switch self {
    case .returnStock(let command): command.orderID
    case .commitHold(let command): command.orderID
    case .recordSale(let command): command.orderID
    case .cancelSale(let command): command.orderID
    case .shipSale(let command): command.orderID
    case .setSKU, .setLocation, .setBuffer, .setSourcing, .setLastUnits, .reportLag, .receive,
      .adjust, .resolve, .createHold, .releaseHold, .extendHold, .editHold, .document,
      .setReorderPoint, .setBundle, .promotion:
      nil
    }
  }

  /// The hold that it is about.
  public var holdID: HoldID? {
    switch self {
    case .createHold(let command): command.holdID
    case .commitHold(let command): command.holdID
    case .releaseHold(let command): command.holdID
    case .extendHold(let command): command.holdID
    case .editHold(let command): command.holdID
    case .setSKU, .setLocation, .setBuffer, .setSourcing, .setLastUnits, .reportLag, .receive,
      .adjust, .returnStock, .resolve, .recordSale, .cancelSale, .shipSale, .document,
      .setReorderPoint, .setBundle, .promotion:
      nil
    }
  }
}

extension Command {
  /// Whether its request ID is known for ever. A return is counted in units that are added, nothing
  /// in it says that they were added before, and who reports it asks again until it hears an answer.
  public var isRememberedForEver: Bool {
    switch self {
    case .returnStock: true
    case .setSKU, .setLocation, .setBuffer, .setSourcing, .setLastUnits, .reportLag, .receive,
      .adjust, .resolve, .createHold, .commitHold, .releaseHold, .extendHold, .editHold,
      .recordSale, .cancelSale, .shipSale, .document, .setReorderPoint, .setBundle, .promotion:
      false
    }
  }
}

public struct SetSKU: Hashable, Sendable {
  public var sku: SKU
  public var displayName: String
  public var group: SKUGroup?
  /// Changes only this version; empty for any.
  public var etag: String

  public init(sku: SKU, displayName: String = "", group: SKUGroup? = nil, etag: String = "") {
    self.sku = sku
    self.displayName = displayName
    self.group = group
    self.etag = etag
  }
}

public struct SetLocation: Hashable, Sendable {
  public var location: LocationID
  public var displayName: String
  public var rank: Int32
  public var traits: LocationTraits
  public var etag: String

  public init(
    location: LocationID, displayName: String = "", rank: Int32 = 0,
    traits: LocationTraits = LocationTraits(), etag: String = ""
  ) {
    self.location = location
    self.displayName = displayName
    self.rank = rank
    self.traits = traits
    self.etag = etag
  }
}

/// Units of one SKU at one location; `quantity` is signed only in an adjustment.
public struct StockLine: Hashable, Sendable {
  public var sku: SKU
  public var location: LocationID
  public var quantity: Quantity
  /// In a receipt, a correction, and a return of what is fit for sale.
  public var lot: LotTag?

  public init(sku: SKU, location: LocationID, quantity: Quantity, lot: LotTag? = nil) {
    self.sku = sku
    self.location = location
    self.quantity = quantity
    self.lot = lot
  }
}

public struct ReceiveStock: Hashable, Sendable {
  public var lines: [StockLine]
  public var cause: String
  public var actor: String
  /// When it happened, by the caller's clock.
  public var sourceTime: Timestamp?

  public init(
    lines: [StockLine], cause: String = "", actor: String = "", sourceTime: Timestamp? = nil
  ) {
    self.lines = lines
    self.cause = cause
    self.actor = actor
    self.sourceTime = sourceTime
  }
}

public struct AdjustStock: Hashable, Sendable {
  public var lines: [StockLine]
  public var reason: String
  public var actor: String
  /// Why, in words.
  public var note: String
  public var cause: String
  public var sourceTime: Timestamp?

  public init(
    lines: [StockLine], reason: String, actor: String = "", note: String = "", cause: String = "",
    sourceTime: Timestamp? = nil
  ) {
    self.lines = lines
    self.reason = reason
    self.actor = actor
    self.note = note
    self.cause = cause
    self.sourceTime = sourceTime
  }
}

public struct ReturnStock: Hashable, Sendable {
  public enum Disposition: Sendable, CaseIterable { case restock, quarantine, writeOff }

  public struct Line: Hashable, Sendable {
    public var stock: StockLine
    public var disposition: Disposition
    /// The order's line that they were sold by; empty for an unlinked return.
    public var lineID: String

    public init(stock: StockLine, disposition: Disposition, lineID: String = "") {
      self.stock = stock
      self.disposition = disposition
      self.lineID = lineID
    }
  }

  public var returnID: ReturnID
  public var orderID: OrderID?
  public var lines: [Line]
  public var reason: String
  public var actor: String
  public var sourceTime: Timestamp?

  public init(
    returnID: ReturnID, orderID: OrderID? = nil, lines: [Line], reason: String = "",
    actor: String = "", sourceTime: Timestamp? = nil
  ) {
    self.returnID = returnID
    self.orderID = orderID
    self.lines = lines
    self.reason = reason
    self.actor = actor
    self.sourceTime = sourceTime
  }
}

public struct ResolveUnavailable: Hashable, Sendable {
  public enum Outcome: Sendable, CaseIterable { case cleared, scrapped }

  public var lines: [StockLine]
  public var outcome: Outcome
  public var reason: String
  public var actor: String
  public var cause: String
  public var sourceTime: Timestamp?

  public init(
    lines: [StockLine], outcome: Outcome, reason: String = "", actor: String = "",
    cause: String = "", sourceTime: Timestamp? = nil
  ) {
    self.lines = lines
    self.outcome = outcome
    self.reason = reason
    self.actor = actor
    self.cause = cause
    self.sourceTime = sourceTime
  }
}

/// Units that a sale or a hold wants.
public struct DemandLine: Hashable, Sendable {
  /// The order's name for the line; empty in a hold.
  public var lineID: String
  public var sku: SKU
  public var quantity: Quantity
  /// Nil: the pool chooses as the channel's sourcing says.
  public var location: LocationID?

  public init(lineID: String = "", sku: SKU, quantity: Quantity, location: LocationID? = nil) {
    self.lineID = lineID
    self.sku = sku
    self.quantity = quantity
    self.location = location
  }
}

public struct CreateHold: Hashable, Sendable {
  public var holdID: HoldID
  public var owner: String
  public var lines: [DemandLine]
  public var expireTime: Timestamp
  public var channelID: ChannelID?
  /// Where the customer is.
  public var zone: Zone?
  /// Empty for the owner.
  public var actor: String
  public var cause: String

  public init(
    holdID: HoldID, owner: String, lines: [DemandLine], expireTime: Timestamp,
    channelID: ChannelID? = nil, zone: Zone? = nil, actor: String = "", cause: String = ""
  ) {
    self.holdID = holdID
    self.owner = owner
    self.lines = lines
    self.expireTime = expireTime
    self.channelID = channelID
    self.zone = zone
    self.actor = actor
    self.cause = cause
  }
}

public struct CommitHold: Hashable, Sendable {
  public var holdID: HoldID
  public var orderID: OrderID
  public var channelID: ChannelID?
  public var cause: String
  /// The part that is committed, the rest returns; empty for all of it.
  public var lines: [DemandLine]
  public var actor: String
  public var sourceTime: Timestamp?

  public init(
    holdID: HoldID, orderID: OrderID, channelID: ChannelID? = nil, cause: String = "",
    lines: [DemandLine] = [], actor: String = "", sourceTime: Timestamp? = nil
  ) {
    self.holdID = holdID
    self.orderID = orderID
    self.channelID = channelID
    self.cause = cause
    self.lines = lines
    self.actor = actor
    self.sourceTime = sourceTime
  }
}

public struct ReleaseHold: Hashable, Sendable {
  public var holdID: HoldID
  public var reason: String
  /// Empty for the owner.
  public var actor: String
  public var cause: String

  public init(holdID: HoldID, reason: String = "", actor: String = "", cause: String = "") {
    self.holdID = holdID
    self.reason = reason
    self.actor = actor
    self.cause = cause
  }
}

/// Gives a hold until `expireTime` at least.
public struct ExtendHold: Hashable, Sendable {
  public var holdID: HoldID
  public var expireTime: Timestamp
  /// Empty for the owner.
  public var actor: String
  public var cause: String

  public init(holdID: HoldID, expireTime: Timestamp, actor: String = "", cause: String = "") {
    self.holdID = holdID
    self.expireTime = expireTime
    self.actor = actor
    self.cause = cause
  }
}

/// Adds units to a hold and takes some out, if it is still as the caller knows it.
public struct EditHold: Hashable, Sendable {
  /// Units more or less of a SKU.
  public struct Line: Hashable, Sendable {
    public var sku: SKU
    public var delta: Quantity
    public var location: LocationID?

    public init(sku: SKU, delta: Quantity, location: LocationID? = nil) {
      self.sku = sku
      self.delta = delta
      self.location = location
    }
  }

  public var holdID: HoldID
  public var etag: String
  public var lines: [Line]
  /// Empty for the owner.
  public var actor: String
  public var cause: String

  public init(
    holdID: HoldID, etag: String, lines: [Line], actor: String = "", cause: String = ""
  ) {
    self.holdID = holdID
    self.etag = etag
    self.lines = lines
    self.actor = actor
    self.cause = cause
  }
}

public struct RecordSale: Hashable, Sendable {
  public var orderID: OrderID
  public var channelID: ChannelID
  /// Each with its own line ID.
  public var lines: [DemandLine]
  public var saleTime: Timestamp?
  public var cause: String
  public var refuseShortage: Bool
  /// Whose holds are not in its way; empty for nobody's.
  public var owner: String
  /// Where the customer is.
  public var zone: Zone?
  public var actor: String

  public init(
    orderID: OrderID, channelID: ChannelID, lines: [DemandLine], saleTime: Timestamp? = nil,
    cause: String = "", refuseShortage: Bool = false, owner: String = "", zone: Zone? = nil,
    actor: String = ""
  ) {
    self.orderID = orderID
    self.channelID = channelID
    self.lines = lines
    self.saleTime = saleTime
    self.cause = cause
    self.refuseShortage = refuseShortage
    self.owner = owner
    self.zone = zone
    self.actor = actor
  }
}

/// A total for one line of an order, counted since the sale.
public struct LineTotal: Hashable, Sendable {
  public var lineID: String
  public var total: Quantity

  public init(lineID: String, total: Quantity) {
    self.lineID = lineID
    self.total = total
  }
}

public struct CancelSale: Hashable, Sendable {
  public var orderID: OrderID
  public var lines: [LineTotal]
  public var reason: String
  public var cause: String
  public var actor: String
  public var sourceTime: Timestamp?

  public init(
    orderID: OrderID, lines: [LineTotal], reason: String = "", cause: String = "",
    actor: String = "", sourceTime: Timestamp? = nil
  ) {
    self.orderID = orderID
    self.lines = lines
    self.reason = reason
    self.cause = cause
    self.actor = actor
    self.sourceTime = sourceTime
  }
}

public struct ShipSale: Hashable, Sendable {
  public var orderID: OrderID
  public var lines: [LineTotal]
  public var cause: String
  public var actor: String
  public var sourceTime: Timestamp?

  public init(
    orderID: OrderID, lines: [LineTotal], cause: String = "", actor: String = "",
    sourceTime: Timestamp? = nil
  ) {
    self.orderID = orderID
    self.lines = lines
    self.cause = cause
    self.actor = actor
    self.sourceTime = sourceTime
  }
}
