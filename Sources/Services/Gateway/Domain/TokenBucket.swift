/// So many calls a second, some of them saved up: when may the next one go?
///
/// A call takes its token before its time, so callers come to their turn in the order in which they
/// asked.
public struct TokenBucket: Equatable, Sendable {
  /// Tokens a second.
  public private(set) var rate: Double
  /// Tokens that may be saved up.
  public private(set) var burst: Double
  private var level: Double
  /// Up to when tokens were filled in, in nanoseconds of the monotonic clock: in the future while
  /// it is paused.
  private var updated: Int64

  public init(rate: Double, burst: Double, now: Int64) {
    precondition(rate > 0 && burst >= 1, "a bucket gives something")
    self.rate = rate
    self.burst = burst
    level = burst
    updated = now
  }

  /// Takes a token; returns how long to wait before it may be used, in nanoseconds.
  public mutating func reserve(now: Int64) -> Int64 {
    fill(now)
    level -= 1
    let own = level >= 0 ? 0 : Int64((-level / rate * 1e9).rounded(.up))
    return max(0, updated - now) + own
  }

  /// Takes a token that may be used within `span`; when there is none, takes nothing.
  ///
  /// - Returns: how long to wait before it may be used, or would have been, in nanoseconds.
  public mutating func reserve(within span: Int64, now: Int64) -> (isTaken: Bool, wait: Int64) {
    let wait = reserve(now: now)
    guard wait > span else { return (true, wait) }
    level += 1
    return (false, wait)
  }

  /// Takes a token when, without it, half of what may be saved up is left.
  public mutating func takeSpare(now: Int64) -> Bool {
    fill(now)
    guard updated <= now, level - 1 >= burst / 2 || level >= burst else { return false }
    level -= 1
    return true
  }

  /// How long until `takeSpare` takes one, in nanoseconds, when nobody takes any meanwhile.
  public func spareWait(now: Int64) -> Int64 {
    var later = self
    later.fill(now)
    let missing = max(0, min(burst, burst / 2 + 1) - later.level)
    return max(0, later.updated - now) + Int64((missing / rate * 1e9).rounded(.up))
  }

  /// Gives a token back that was not used.
  public mutating func refund(now: Int64) {
    fill(now)
    level = min(burst, level + 1)
  }

  /// The channel said that it was too much: nothing goes before `until`, nothing is saved up until
  /// then, and what waits goes by the rate again.
  public mutating func pause(until: Int64, now: Int64) {
    fill(now)
    level = min(level, 1)
    updated = max(updated, until)
  }

  /// From now on so many tokens a second; who has taken one keeps its time.
  public mutating func change(rate: Double, burst: Double, now: Int64) {
    precondition(rate > 0 && burst >= 1, "a bucket gives something")
    fill(now)
    self.rate = rate
    self.burst = burst
    level = min(level, burst)
  }

  private mutating func fill(_ now: Int64) {
    guard now > updated else { return }
    level = min(burst, level + Double(now - updated) / 1e9 * rate)
    updated = now
  }
}
