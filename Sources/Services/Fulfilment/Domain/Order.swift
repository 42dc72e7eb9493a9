public import Primitives

/// A customer's order, whichever channel it came from.
///
///     pending ──pick──▶ picked ──pack──▶ packed ──ship──▶ shipped
///     pending, picked, packed ──cancel the last unit──▶ cancelled
///     picked, packed, ready, cancelled ──add units──▶ pending
///     pending, picked, packed, ready ──handed over──▶ shipped
///     for pickup: picked, packed ──ready──▶ ready ──collect, ship──▶ shipped
///                 ready ──expire, cancel the last unit──▶ cancelled
///
/// Every command may be repeated: it says what should be so, and returns whether something changed.
public struct Order: Equatable, Sendable {
  public enum State: String, CaseIterable, Sendable {
    case pending, picked, packed, ready, shipped, cancelled
  }

  public let id: OrderID
  public let accountID: AccountID
  public let channelID: ChannelID
  /// The channel's name for it.
  public let externalID: String
  /// When it was sold, by the channel's clock.
  public let saleTime: Timestamp?
  public internal(set) var state: State
  public internal(set) var lines: [OrderLine]
  public private(set) var shipment: Shipment?
  /// It left without a parcel of ours: over the counter, or by the channel's own page.
  public private(set) var isHandedOver: Bool
  /// Nil for an order that is sent.
  public internal(set) var pickup: Pickup?

  /// An order as it was saved; a new one is pending and has no lines yet.
  public init(
    id: OrderID, accountID: AccountID, channelID: ChannelID, externalID: String,
    saleTime: Timestamp?, state: State = .pending, lines: [OrderLine] = [],
    shipment: Shipment? = nil, isHandedOver: Bool = false, pickup: Pickup? = nil
  ) {
    self.id = id
    self.accountID = accountID
    self.channelID = channelID
    self.externalID = externalID
    self.saleTime = saleTime
    self.state = state
    self.lines = lines
    self.shipment = shipment
    self.isHandedOver = isHandedOver
    self.pickup = pickup
  }

  /// Units that are still to be delivered, or were, a line.
  public var openLines: [OrderLine] { lines.filter { $0.openCount > 0 } }

  /// Whether `other` was sold by the same account on the same channel: what an order's ID stands for.
  public func isSame(as other: Order) -> Bool {
    id == other.id && accountID == other.accountID && channelID == other.channelID
      && externalID == other.externalID
  }

  public func line(_ id: LineID) -> OrderLine? { lines.first { $0.id == id } }

  /// Adds lines that are new and units that known lines have not; marks it as having left when it was handed over.
  ///
  /// Units that are added to an order on which work has begun, or which was cancelled, make it pending again:
  /// nobody has picked them.
  ///
  /// - Parameter isHandedOver: the order has left already, with these units.
  public mutating func include(
    _ wanted: [OrderLine], handedOver: Bool = false
  ) throws(FulfilmentError) -> Bool {
    var positions: [LineID: Int] = [:]
    for (position, line) in lines.enumerated() { positions[line.id] = position }
    var grown = lines
    for line in wanted {
      guard let position = positions[line.id] else {
        positions[line.id] = grown.count
        grown.append(line)
        continue
      }
      guard grown[position].sku == line.sku, grown[position].quantity <= line.quantity else {
        throw .lineConflict(id, line.id)
      }
      grown[position].quantity = line.quantity
    }
    let isGrown = grown != lines
    if isGrown {
      guard state != .shipped || handedOver else { throw .orderEnded(id, state) }
      guard grown.count <= FulfilmentLimits.lines else {
        throw .tooManyLines(id, count: grown.count)
      }
    }
    let leaves = handedOver && state != .shipped && grown.contains { $0.openCount > 0 }
    lines = grown
    if leaves {
      state = .shipped
      isHandedOver = true
    } else if isGrown, state != .shipped {
      state = .pending
      pickup?.waitAnew()
    }
    return isGrown || leaves
  }

  /// Says that the units were taken from the shelf.
  public mutating func pick() throws(FulfilmentError) -> Bool {
    switch state {
    case .picked: return false
    case .packed, .ready, .shipped, .cancelled: throw .stateWrong(id, state)
    case .pending:
      state = .picked
      return true
    }
  }

  /// Says that the units are in a parcel.
  public mutating func pack() throws(FulfilmentError) -> Bool {
    switch state {
    case .packed: return false
    case .pending, .ready, .shipped, .cancelled: throw .stateWrong(id, state)
    case .picked:
      state = .packed
      return true
    }
  }

  /// Says that the parcel left. Again with the same tracking number changes nothing.
  public mutating func ship(_ parcel: Shipment) throws(FulfilmentError) -> Bool {
    switch state {
    case .shipped where shipment?.trackingNumber == parcel.trackingNumber: return false
    case .pending, .picked, .shipped, .cancelled: throw .stateWrong(id, state)
    case .packed, .ready:
      state = .shipped
      shipment = parcel
      return true
    }
  }

  /// Cancels until each line has `totals` units cancelled; all that is left when it is nil.
  ///
  /// A total that was reached before changes nothing, so an older message that comes late is harmless.
  ///
  /// - Returns: the lines of which units were cancelled now.
  public mutating func cancel(
    to totals: [(id: LineID, total: Quantity)]?
  ) throws(FulfilmentError) -> [LineID] {
    var reduced = lines
    var changed: [LineID] = []
    if let totals {
      var positions: [LineID: Int] = [:]
      for (position, line) in lines.enumerated() { positions[line.id] = position }
      for (lineID, total) in totals {
        guard let position = positions[lineID] else { throw .lineUnknown(id, lineID) }
        guard total <= reduced[position].quantity else {
          throw .tooManyUnits(id, lineID, open: reduced[position].openCount)
        }
        guard total > reduced[position].cancelledCount else { continue }
        reduced[position].cancelledCount = total
        changed.append(lineID)
      }
    } else {
      for position in reduced.indices where reduced[position].openCount > 0 {
        reduced[position].cancelledCount = reduced[position].quantity
        changed.append(reduced[position].id)
      }
    }
    guard !changed.isEmpty else { return [] }
    guard state != .shipped else { throw .stateWrong(id, state) }
    lines = reduced
    if lines.allSatisfy({ $0.openCount == 0 }) { state = .cancelled }
    return changed
  }
}
