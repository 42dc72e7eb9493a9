public import Primitives

/// Bounds of the pool. Those on requests are what the proto promises.
public enum Limits {
  /// Lines of one sale, receipt, adjustment or return.
  public static let lines = 10_000
  /// Sales that one call records; the lines of all of them are `lines` at most.
  public static let sales = 1_000
  /// Lines of one hold.
  public static let holdLines = 200
  /// SKUs of one hold, with bundles taken apart.
  public static let holdSKUs = 1_000
  /// Movements of one command, with bundles taken apart, each location and lot by itself, and what it takes over from an
  /// owner's other holds.
  public static let movements = 100_000
  /// Units in one line.
  public static let lineUnits: Quantity = 1_000_000_000
  /// Units of a buffer's margin or cap.
  public static let bufferUnits: Quantity = 1_000_000_000
  /// Rules of one scope, each with a name of its own.
  public static let buffersInScope = 32
  public static let ruleNameBytes = 64
  /// The longest lag that a buffer may follow.
  public static let lag = Duration.seconds(24 * 3600)
  /// Times the demand that a buffer may hide, in basis points.
  public static let demandFactor: Int32 = 1_000_000
  /// After which a sale counts half as much in the rate at which a SKU sells.
  public static let rateHalfLife = Duration.seconds(600)
  /// How often numbers follow a rate that falls.
  public static let rateStep = Duration.seconds(30)
  /// Zones of one location.
  public static let zones = 100
  /// Locations that a channel's sourcing lists.
  public static let sourcedLocations = 1_000
  /// Lines of a request whose choice of location is explained, and locations that are told for each.
  public static let explainedLines = 200
  public static let explainedLocations = 20
  /// Hundredths of a percent in the whole.
  public static let basisPoints: Int32 = 10_000
  /// The longest that a hold may last from its creation.
  public static let holdSpan = Duration.seconds(7 * 24 * 3600)
  /// Promotions that are ever made; each is kept.
  public static let promotions = 10_000
  public static let promotionLines = 1_000
  public static let promotionChannels = 20
  /// From a promotion's start to its end.
  public static let promotionSpan = Duration.seconds(366 * 24 * 3600)
  /// Moments, SKUs and channels of which a trial of a promotion tells what was shown.
  public static let trialMoments = 20
  public static let trialSKUs = 10
  public static let trialChannels = 20
  /// Clashes of one kind that are looked for.
  public static let clashesOfKind = 1_000
  /// Clashes that a refusal tells of.
  public static let toldClashes = 50
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
  /// The same of each component of a bundle.
  public static let explainedComponentHolds = 20
  /// Owners of holds that an explanation lists.
  public static let explainedOwners = 20
  /// Lines, or bundles, from which on a sale keeps an index of their names.
  public static let indexedLines = 16
  public static let displayNameBytes = 200
  public static let reasonBytes = 64
  public static let actorBytes = 128
  public static let ownerBytes = 128
  public static let lineIDBytes = 128
  /// A channel's event or a document's number.
  public static let causeBytes = 500
  /// Lines of one purchase order or transfer.
  public static let documentLines = 1_000
  /// Receipts that one document counts, and the lines of all of them.
  public static let documentReceipts = 200
  public static let documentReceiptLines = 10_000
  /// Lines of one stock count, the reports that it takes, and the looks at lines in all of them.
  public static let countLines = 5_000
  public static let countReports = 1_000
  public static let countLooks = 20_000
  /// Charges of one purchase order.
  public static let charges = 20
  /// The most that a unit may cost, and a charge may be, in the currency's minor unit.
  public static let unitCost: Int64 = 1_000_000_000
  public static let chargeAmount: Int64 = 1_000_000_000_000
  /// The most that all charges of a purchase order may come to: so the millionths of what a unit has cost fit into 63
  /// bits, even where it bears all of them.
  public static let chargesAmount: Int64 = 9_000_000_000_000
  public static let supplierBytes = 200
  /// Lots of one SKU at one location.
  public static let lotsOfPlace = 1_000
  /// Parts of one bundle; components that it may come to when bundles inside it are taken apart, and units of each.
  public static let bundleParts = 50
  public static let bundleComponents = 100
  public static let bundleUnits: Quantity = 1_000
  /// Why stock is adjusted, in words.
  public static let noteBytes = 500
  /// Channels of one question about availability.
  public static let channels = 100
}
