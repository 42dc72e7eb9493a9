public import Primitives

/// One row of the ledger: what changed, where, by how much. Who and why stand in its `LedgerEntry`.
public struct Movement: Hashable, Sendable {
  /// What kind of change it is; it decides which counts move. The numbers are those of the proto.
  public enum Kind: UInt8, CaseIterable, Sendable {
    case received = 1
    case found, lost, held, released, expired, committed, sold, cancelled, shipped
    case restocked, quarantined, writtenOff, cleared, scrapped
    /// A hold got a later end; no count moves.
    case extended = 16
    /// An expired hold became an order: its units were taken again.
    case retaken = 17
    case transferredOut = 24
    case transferredIn, transferredInUnavailable, transferLost, receivedUnavailable
    case lotExpired

    /// Whether units go to an order by it.
    public var sells: Bool { self == .sold || self == .committed || self == .retaken }
  }

  public var kind: Kind
  public var sku: SKUIndex
  public var location: LocationIndex
  /// Always positive.
  public var quantity: Quantity
  /// How many of them had no stock behind them; only in `sold`.
  public var oversold: Quantity
  /// The order's line, or empty.
  public var lineID: String
  /// Those of them that come out of a promotion's allotment, or go back to it.
  public var allotment: AllotmentUse?
  /// Only in `committed`: the hold had taken nothing out of the allotment, the order does.
  public var isLate = false

  public init(
    _ kind: Kind, _ sku: SKUIndex, _ location: LocationIndex, _ quantity: Quantity,
    oversold: Quantity = 0, lineID: String = "", allotment: AllotmentUse? = nil
  ) {
    precondition(quantity > 0, "a movement moves something")
    precondition(oversold >= 0 && oversold <= quantity, "oversold units are part of the units")
    self.kind = kind
    self.sku = sku
    self.location = location
    self.quantity = quantity
    self.oversold = oversold
    self.lineID = lineID
    self.allotment = allotment
  }
}

/// The movements of one command, with what they have in common. The ledger is a list of these; the
/// state of the pool is their sum and the catalogue.
public struct LedgerEntry: Hashable, Sendable {
  /// Of the first movement; the others follow without a gap.
  public var firstSequence: Int64
  /// When it was decided.
  public var time: Timestamp
  /// When it happened, as its source says.
  public var sourceTime: Timestamp?
  public var orderID: OrderID?
  public var holdID: HoldID?
  public var channelID: ChannelID?
  /// Whose hold it is; only where the hold is made.
  public var owner: String
  /// When the hold ends on its own; only where it is made, and with `extended`.
  public var expireTime: Timestamp?
  public var reason: String
  public var actor: String
  public var cause: String
  public var movements: [Movement]
  /// What only some entries have; most have none of it.
  public var details: EntryDetails {
    get { rare?.details ?? EntryDetails() }
    set { rare = newValue == EntryDetails() ? nil : Rare(newValue) }
  }
  public var hasDetails: Bool { rare != nil }
  private var rare: Rare?
  /// The numbers of movements whose location the caller of a hold named, from 0.
  public var placed: [Int]

  public init(
    firstSequence: Int64 = 0, time: Timestamp = .zero, sourceTime: Timestamp? = nil,
    orderID: OrderID? = nil, holdID: HoldID? = nil, channelID: ChannelID? = nil,
    owner: String = "", expireTime: Timestamp? = nil, reason: String = "", actor: String = "",
    cause: String = "", movements: [Movement] = [], placed: [Int] = []
  ) {
    self.firstSequence = firstSequence
    self.time = time
    self.sourceTime = sourceTime
    self.orderID = orderID
    self.holdID = holdID
    self.channelID = channelID
    self.owner = owner
    self.expireTime = expireTime
    self.reason = reason
    self.actor = actor
    self.cause = cause
    self.movements = movements
    self.placed = placed
  }

  private final class Rare: Hashable, Sendable {
    let details: EntryDetails

    init(_ details: EntryDetails) {
      self.details = details
    }

    static func == (left: Rare, right: Rare) -> Bool { left.details == right.details }

    func hash(into hasher: inout Hasher) { hasher.combine(details) }
  }

  /// Of the last movement; that before the first when there is none.
  public var lastSequence: Int64 { firstSequence + Int64(movements.count) - 1 }
}
