public import Primitives

/// Bounds of what the service takes in.
public enum ReturnsLimits {
  /// Lines of one return.
  public static let lines = 10_000
  /// Units of one line, and of one disposal.
  public static let lineUnits: Quantity = 1_000_000_000
  /// Disposals of one line.
  public static let disposals = 10
  /// Text fields, in bytes.
  public static let externalIDBytes = 128
  public static let reasonBytes = 64
  public static let actorBytes = 128
  /// Returns that one read for a watcher takes: each may have 10,000 lines.
  public static let watchPageCount = 50
  /// Locations of the pool that are asked for at once.
  public static let locationPageCount: Int32 = 1000
  /// Bytes of returns in one page of a list; a message may have 4 MiB.
  public static let pageBytes = 3 << 20
}
