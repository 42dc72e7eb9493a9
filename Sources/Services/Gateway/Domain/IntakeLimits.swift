public import Primitives

/// Bounds of what is taken in from channels.
public enum IntakeLimits {
  /// Lines of one order.
  public static let orderLines = 10_000
  /// Units of one line.
  public static let lineUnits: Quantity = 1_000_000_000
  /// A channel's name for a line, in bytes; a bundle's SKU may follow it.
  public static let lineIDBytes = 64
  /// Bytes of a line's name as the pool takes it.
  public static let partIDBytes = 128
  /// Ranges of missing receipts that are remembered for each device of a till.
  public static let sequenceRanges = 100
}
