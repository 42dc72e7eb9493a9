/// How long to wait before the next attempt: doubling, with full jitter, between bounds.
///
/// - Note: Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public struct Backoff: Hashable, Sendable {
  /// The longest pause after the first failure.
  public var first: Duration
  /// The longest pause after any failure.
  public var longest: Duration
  /// No pause is shorter, so that a failure that comes at once does not spin.
  public var shortest: Duration

  public init(
    first: Duration = .milliseconds(100), longest: Duration = .seconds(30),
    shortest: Duration = .milliseconds(5)
  ) {
    precondition(shortest <= first && first <= longest, "shortest ≤ first ≤ longest")
    self.first = first
    self.longest = longest
    self.shortest = shortest
  }

  /// The longest pause before attempt `attempt`; the first repeat is 1.
  public func bound(attempt: Int) -> Duration {
    let doublings = min(max(attempt - 1, 0), 30)
    return min(first * (1 << doublings), longest)
  }

  /// A pause between `shortest` and `bound(attempt:)`, evenly spread.
  public func pause(attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
    let span = bound(attempt: attempt)
    return max(shortest, span * Double.random(in: 0...1, using: &random))
  }

  public func pause(attempt: Int) -> Duration {
    var random = SystemRandomNumberGenerator()
    return pause(attempt: attempt, using: &random)
  }
}
