public import Primitives

/// What stands at one location of one SKU.
///
/// Two rules hold after every movement:
///
///     received + returned + found + transferred in
///       = on hand + unavailable + shipped + lost + transferred out
///     available = on hand - held - committed
///
/// Held, committed and unavailable are never negative. On hand becomes negative in one way only: a
/// unit is shipped that the books did not have, so somebody has it in hand that nobody counted.
/// Available is negative after a recorded oversell, or after a count that found less than was
/// promised.
public struct Balance: Hashable, Sendable {
  public let sku: SKUIndex
  public let location: LocationIndex
  public internal(set) var onHand: Quantity = 0
  public internal(set) var held: Quantity = 0
  public internal(set) var committed: Quantity = 0
  public internal(set) var unavailable: Quantity = 0
  public internal(set) var received: Quantity = 0
  public internal(set) var returned: Quantity = 0
  public internal(set) var found: Quantity = 0
  public internal(set) var shipped: Quantity = 0
  public internal(set) var lost: Quantity = 0
  /// What came from, and went to, other locations.
  public internal(set) var transferredIn: Quantity = 0
  public internal(set) var transferredOut: Quantity = 0
  /// The ledger sequence of the last movement in these counts.
  public internal(set) var sequence: Int64 = 0

  public init(sku: SKUIndex, location: LocationIndex) {
    self.sku = sku
    self.location = location
  }

  /// What may still be promised here.
  public var available: Quantity { onHand - held - committed }

  /// Whether the two rules hold; a store that was tampered with is the only way to a "no".
  public var isConsistent: Bool {
    received + returned + found + transferredIn
      == onHand + unavailable + shipped + lost + transferredOut
      && held >= 0 && committed >= 0 && unavailable >= 0
  }

  /// Counts one movement in. That it is allowed was decided before.
  public mutating func count(_ movement: Movement, sequence: Int64) {
    precondition(movement.sku == sku && movement.location == location, "another balance's movement")
    precondition(sequence > self.sequence, "movements are counted once, in order")
    let quantity = movement.quantity
    switch movement.kind {
    case .received: (onHand, received) = (onHand + quantity, received + quantity)
    case .found: (onHand, found) = (onHand + quantity, found + quantity)
    case .lost: (onHand, lost) = (onHand - quantity, lost + quantity)
    case .held: held += quantity
    case .released, .expired: held -= quantity
    case .committed: (held, committed) = (held - quantity, committed + quantity)
    case .sold, .retaken: committed += quantity
    case .cancelled: committed -= quantity
    case .shipped:
      (committed, onHand, shipped) = (committed - quantity, onHand - quantity, shipped + quantity)
    case .restocked: (onHand, returned) = (onHand + quantity, returned + quantity)
    case .quarantined: (unavailable, returned) = (unavailable + quantity, returned + quantity)
    case .writtenOff: (returned, lost) = (returned + quantity, lost + quantity)
    case .cleared: (unavailable, onHand) = (unavailable - quantity, onHand + quantity)
    case .scrapped: (unavailable, lost) = (unavailable - quantity, lost + quantity)
    case .lotExpired: (onHand, unavailable) = (onHand - quantity, unavailable + quantity)
    case .transferredOut:
      (onHand, transferredOut) = (onHand - quantity, transferredOut + quantity)
    case .transferredIn: (onHand, transferredIn) = (onHand + quantity, transferredIn + quantity)
    case .transferredInUnavailable:
      (unavailable, transferredIn) = (unavailable + quantity, transferredIn + quantity)
    case .transferLost: (transferredIn, lost) = (transferredIn + quantity, lost + quantity)
    case .receivedUnavailable:
      (unavailable, received) = (unavailable + quantity, received + quantity)
    case .extended: break
    }
    self.sequence = sequence
  }

  /// The balance as a store kept it.
  public init(
    sku: SKUIndex, location: LocationIndex, onHand: Quantity, held: Quantity, committed: Quantity,
    unavailable: Quantity, received: Quantity, returned: Quantity, found: Quantity,
    shipped: Quantity, lost: Quantity, transferredIn: Quantity = 0, transferredOut: Quantity = 0,
    sequence: Int64
  ) {
    self.init(sku: sku, location: location)
    self.onHand = onHand
    self.held = held
    self.committed = committed
    self.unavailable = unavailable
    self.received = received
    self.returned = returned
    self.found = found
    self.shipped = shipped
    self.lost = lost
    self.transferredIn = transferredIn
    self.transferredOut = transferredOut
    self.sequence = sequence
  }

  /// Adds another location's counts, for a sum over all of them.
  public mutating func add(_ other: Balance) {
    onHand += other.onHand
    held += other.held
    committed += other.committed
    unavailable += other.unavailable
    received += other.received
    returned += other.returned
    found += other.found
    shipped += other.shipped
    lost += other.lost
    transferredIn += other.transferredIn
    transferredOut += other.transferredOut
    sequence = max(sequence, other.sequence)
  }
}
