/// Bounds of feeds.
public enum FeedLimits {
  /// Rows read at once for one watcher.
  public static let pageCount = 100
  /// A watcher that was not woken looks for itself after this time.
  public static let idle = Duration.seconds(5)
}
