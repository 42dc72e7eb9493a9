/// So many calls a second, some of them saved up: when may the next one go?
///
/// A call takes its token before its time, so callers come to their turn in the order in which they
/// asked.
public struct TokenBucket: Equatable, Sendable {
  /// Tokens a second.
  public let rate: Double
  /// Tokens that may be saved up.
  public let burst: Double
  private var level: Double
  /// Nanoseconds of the monotonic clock.
  private var updated: Int64
  private var pausedUntil: Int64 = .min

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
    return max(own, pausedUntil > now ? pausedUntil - now : 0)
  }

  /// Gives a token back that was not used.
  public mutating func refund(now: Int64) {
    fill(now)
    level = min(burst, level + 1)
  }

  /// The channel said that it was too much: nothing goes before `until`, and nothing is saved up.
  public mutating func pause(until: Int64, now: Int64) {
    fill(now)
    level = min(level, 1)
    pausedUntil = max(pausedUntil, until)
  }

  private mutating func fill(_ now: Int64) {
    guard now > updated else { return }
    level = min(burst, level + Double(now - updated) / 1e9 * rate)
    updated = now
  }
}
