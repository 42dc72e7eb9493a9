/// Calls or points that may be used at once, and how fast they come back.
struct TokenBucket: Sendable {
  let capacity: Double
  let perSecond: Double
  private(set) var level: Double
  private var nanoseconds: Int64

  init(capacity: Double, perSecond: Double, at nanoseconds: Int64) {
    self.capacity = capacity
    self.perSecond = perSecond
    level = capacity
    self.nanoseconds = nanoseconds
  }

  /// Takes `cost` when it is there.
  mutating func take(_ cost: Double, at now: Int64) -> Bool {
    refill(at: now)
    guard level >= cost else { return false }
    level -= cost
    return true
  }

  func isFull(at now: Int64) -> Bool {
    var later = self
    later.refill(at: now)
    return later.level >= capacity
  }

  mutating func refill(at now: Int64) {
    level = min(capacity, level + Double(max(0, now - nanoseconds)) / 1e9 * perSecond)
    nanoseconds = max(nanoseconds, now)
  }
}
