public import Primitives

/// The customer comes for the order.
public struct Pickup: Equatable, Sendable {
  /// Where; nil when nobody says.
  public let locationID: LocationID?
  /// When its units were put at the counter.
  public internal(set) var readyTime: Timestamp?
  /// Until when they stay there; nil for as long as it takes.
  public internal(set) var expireTime: Timestamp?
  /// When the customer had them.
  public internal(set) var collectTime: Timestamp?
  /// Nobody came in time.
  public internal(set) var isExpired: Bool

  public init(
    locationID: LocationID?, readyTime: Timestamp? = nil, expireTime: Timestamp? = nil,
    collectTime: Timestamp? = nil, isExpired: Bool = false
  ) {
    self.locationID = locationID
    self.readyTime = readyTime
    self.expireTime = expireTime
    self.collectTime = collectTime
    self.isExpired = isExpired
  }

  /// Nothing is at the counter any more: there are units that nobody has picked.
  mutating func waitAnew() {
    self = Pickup(locationID: locationID)
  }
}

extension Order {
  /// Says that the customer comes for it; the first word stands. One that has left stays as it is.
  public mutating func plan(_ wanted: Pickup?) -> Bool {
    guard let wanted, pickup == nil, state != .shipped else { return false }
    pickup = wanted
    return true
  }

  /// Says that the units wait at the counter. Again with the same time changes nothing.
  ///
  /// - Parameter expireTime: until when they stay there; nil for as long as it takes.
  public mutating func ready(
    until expireTime: Timestamp?, now: Timestamp
  ) throws(FulfilmentError) -> Bool {
    switch state {
    case .pending, .shipped, .cancelled: throw .stateWrong(id, state)
    case .ready where pickup?.expireTime == expireTime: return false
    case .picked, .packed, .ready:
      guard pickup != nil else { throw .notForPickup(id) }
      if let expireTime, expireTime <= now { throw .expireTimeOver(id, expireTime) }
      if state != .ready { pickup?.readyTime = now }
      pickup?.expireTime = expireTime
      state = .ready
      return true
    }
  }

  /// Says that the customer has the units, be it late.
  public mutating func collect(now: Timestamp) throws(FulfilmentError) -> Bool {
    switch state {
    case .shipped where pickup?.collectTime != nil: return false
    case .pending, .picked, .packed, .shipped, .cancelled: throw .stateWrong(id, state)
    case .ready:
      state = .shipped
      pickup?.collectTime = now
      return true
    }
  }

  /// Cancels what nobody has collected in time; returns false when it does not wait, or not long enough yet.
  public mutating func expire(now: Timestamp) -> Bool {
    guard state == .ready, let expireTime = pickup?.expireTime, expireTime <= now else {
      return false
    }
    for position in lines.indices { lines[position].cancelledCount = lines[position].quantity }
    state = .cancelled
    pickup?.isExpired = true
    return true
  }
}
