public import Primitives

/// Bounds of what the service takes in.
public enum FulfilmentLimits {
  /// Lines of one order.
  public static let lines = 10_000
  /// Units of one line.
  public static let lineUnits: Quantity = 1_000_000_000
  /// Text fields, in bytes.
  public static let externalIDBytes = 128
  public static let channelLineIDBytes = 128
  public static let titleBytes = 500
  public static let trackingNumberBytes = 128
  public static let carrierBytes = 64
  public static let actorBytes = 128
  public static let reasonBytes = 64
  /// How often orders that nobody has collected are looked for, and how many are cancelled at once.
  public static let pickupsLookEvery = Duration.seconds(20)
  public static let pickupsAtOnce = 50
  /// Orders that one read for a watcher takes: each may have 10,000 lines.
  public static let watchPageCount = 50
  /// Bytes of orders in one page of a list; a message may have 4 MiB.
  public static let pageBytes = 3 << 20
}
