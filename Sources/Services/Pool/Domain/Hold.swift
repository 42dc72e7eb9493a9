public import Primitives

/// Units set aside for the lines of one checkout, from hold to their single end.
///
///     held ──commit──▶ committed      held ──release──▶ released      held ──expire──▶ expired
///
public struct Hold: Hashable, Sendable {
  public enum State: UInt8, CaseIterable, Sendable {
    case held = 1
    case committed, released, expired
  }

  /// One SKU of a hold at one location.
  public struct Line: Hashable, Sendable {
    public var sku: SKUIndex
    public var location: LocationIndex
    public var quantity: Quantity

    public init(sku: SKUIndex, location: LocationIndex, quantity: Quantity) {
      self.sku = sku
      self.location = location
      self.quantity = quantity
    }
  }

  public let id: HoldID
  public let owner: String
  public let createTime: Timestamp
  public let expireTime: Timestamp
  public internal(set) var state = State.held
  public internal(set) var lines: [Line] = []
  public internal(set) var endTime: Timestamp?
  /// The order it was committed to.
  public internal(set) var orderID: OrderID?
  /// The ledger sequence of the last movement in it.
  public internal(set) var sequence: Int64 = 0

  public init(id: HoldID, owner: String, createTime: Timestamp, expireTime: Timestamp) {
    self.id = id
    self.owner = owner
    self.createTime = createTime
    self.expireTime = expireTime
  }

  /// The hold as a store kept it.
  public init(
    id: HoldID, owner: String, createTime: Timestamp, expireTime: Timestamp, state: State,
    lines: [Line], endTime: Timestamp?, orderID: OrderID?, sequence: Int64
  ) {
    self.init(id: id, owner: owner, createTime: createTime, expireTime: expireTime)
    self.state = state
    self.lines = lines
    self.endTime = endTime
    self.orderID = orderID
    self.sequence = sequence
  }

  /// The state at `now`: time ends a hold, whether or not anybody has tidied it yet.
  public func state(at now: Timestamp) -> State {
    state == .held && expireTime <= now ? .expired : state
  }

  /// Whether the hold can end in `end`; false when it had ended so before, so a call may be
  /// repeated.
  public func canFinish(as end: State, at now: Timestamp) throws(PoolError) -> Bool {
    precondition(end != .held, "held is a start, not an end")
    switch state(at: now) {
    case end: return false
    case .held: return true
    case .committed, .released, .expired: throw .holdEnded(id, state(at: now))
    }
  }

  mutating func finish(as end: State, at time: Timestamp) {
    precondition(state == .held && end != .held, "a hold ends once")
    state = end
    endTime = time
  }
}
