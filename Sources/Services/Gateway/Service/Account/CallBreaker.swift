internal import Primitives

/// Counts the calls in a row that a channel did not answer, and says when to leave it alone: each call that waits for its timeout
/// holds a place that other accounts need.
struct CallBreaker: Sendable {
  /// What to do after a call that was not answered.
  struct Verdict: Equatable, Sendable {
    /// How long to leave the account alone.
    var pause: Duration?
    /// It lasts for so long that somebody must know.
    var isAlert = false
  }

  private(set) var failureCount = 0
  private var failingSince: Timestamp?
  private var pauseCount = 0

  /// A call was not answered. From the bound on each further one pauses the account, for longer each time.
  mutating func failed(now: Timestamp) -> Verdict {
    failureCount += 1
    let since = failingSince ?? now
    failingSince = since
    guard failureCount >= GatewayLimits.failuresUntilPause else { return Verdict() }
    pauseCount += 1
    return Verdict(
      pause: GatewayLimits.breakerBackoff.pause(attempt: pauseCount),
      isAlert: now - since >= GatewayLimits.failingUntilAlert)
  }

  /// The channel answered; whatever it said, it is there.
  mutating func answered() { self = CallBreaker() }
}
