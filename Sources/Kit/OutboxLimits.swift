/// Bounds of outboxes.
public enum OutboxLimits {
  /// The first and the longest pause after a try that did not reach the peer.
  public static let firstRetry = Duration.milliseconds(100)
  public static let lastRetry = Duration.seconds(5)
  /// The pause after a try that the peer refused.
  public static let refusedRetry = Duration.seconds(300)
  /// How long one try may take.
  public static let attempt = Duration.seconds(5)
  /// Keys taken up at once, and those of them that are worked on at the same time.
  public static let keysTaken = 128
  public static let lanes = 8
  /// A worker that was not woken looks for itself after this time, at the latest.
  public static let idle = Duration.seconds(5)
  /// The pause after the store could not be read.
  public static let storePause = Duration.milliseconds(500)
  /// What is kept of a failure's text.
  public static let errorCharacters = 500
}
