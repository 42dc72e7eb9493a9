public import Primitives

/// Bounds of the pool. Those on requests are what the proto promises.
public enum Limits {
  /// Lines of one sale, receipt, adjustment or return.
  public static let lines = 10_000
  /// Lines of one hold.
  public static let holdLines = 200
  /// Units in one line.
  public static let lineUnits: Quantity = 1_000_000_000
  /// Units of a buffer's margin or cap.
  public static let bufferUnits: Quantity = 1_000_000_000
  /// Hundredths of a percent in the whole.
  public static let basisPoints: Int32 = 10_000
  /// The longest that a hold may last from its creation.
  public static let holdSpan = Duration.seconds(7 * 24 * 3600)
  /// Holds on a SKU that a refusal tells of, and that it looks at to find them.
  public static let toldHolders = 5
  public static let examinedHolders = 64
  /// Lines of a hold that a refusal of an old etag tells of.
  public static let toldLines = 20
  /// How long an ended hold can still be read.
  public static let endedHoldKept = Duration.seconds(24 * 3600)
  /// How long the first response to a request ID is given again.
  public static let requestKept = Duration.seconds(24 * 3600)
  /// The highest rank of a location.
  public static let rank: Int32 = 1_000_000
  /// Holds that an explanation lists.
  public static let explainedHolds = 100
  /// Lines from which on a sale keeps an index of their names.
  public static let indexedLines = 16
  public static let displayNameBytes = 200
  public static let reasonBytes = 64
  public static let actorBytes = 128
  public static let ownerBytes = 128
  public static let lineIDBytes = 128
  /// A channel's event or a document's number.
  public static let causeBytes = 500
  /// Channels of one question about availability.
  public static let channels = 100
}
