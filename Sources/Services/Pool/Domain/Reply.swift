public import Primitives

/// What a command answers: values as they stand after it.
public enum Reply: Hashable, Sendable {
  case sku(SKURecord)
  case location(LocationRecord)
  case buffer(Buffer)
  /// Nil: the channel has none of its own any more.
  case sourcing(Sourcing?)
  case lastUnits(LastUnits)
  /// How many have another lag now.
  case changedBuffers(Int)
  /// In the order of the request's lines.
  case balances([Balance])
  /// With what the order has taken, when the hold was committed.
  case hold(Hold, [SaleLine])
  /// A hold that was committed so long ago that only its order knows of it.
  case formerHold(Sale.Source, OrderID, [SaleLine])
  /// With what is left of it, once it is scheduled.
  case promotion(Promotion, [Allotment])
  /// In the order of the request's lines.
  case sale(ShortList<SaleLine>, oversold: Quantity)
  case document(Document)
  case reorderPoint(ReorderPoint)
  case bundle(Bundle)
}

/// A hold that is known no more.
public struct ForgottenHold: Hashable, Sendable {
  public var id: HoldID
  public var number: Int64
}

/// What commands have changed since somebody last asked; each thing once.
public struct Changes: Hashable, Sendable {
  /// SKUs whose stock moved, or that are new.
  public var skus: [SKUIndex] = []
  /// By their places in `Pool.holds`.
  public var holds: [Int] = []
  /// Holds that ended long enough ago to be forgotten.
  public var forgottenHolds: [ForgottenHold] = []
  /// By their places in `Pool.sales`.
  public var sales: [Int] = []
  public var setSKUs: [SKUIndex] = []
  public var setLocations: [LocationIndex] = []
  public var setBuffers: [Buffer] = []
  public var setDocuments: [DocumentKey] = []
  public var setReorderPoints: [ReorderPoint] = []
  public var setBundles: [Bundle] = []
  /// Lots of which other units than before are on hand.
  public var lots: [Lot.Key] = []
  /// SKUs of which other units than before are on their way.
  public var incomingSKUs: [SKUIndex] = []
  public var setSourcings: [Sourcing] = []
  public var removedSourcings: [ChannelID] = []
  public var setLastUnits: [LastUnits] = []
  public var setPromotions: [PromotionIndex] = []
  /// Places of allotments that are new or topped up.
  public var setAllotments: [Int] = []
  /// Places of all allotments that are others now.
  public var allotments: Set<Int> = []
  /// SKUs of which channels may show something else though no stock has moved; nil for every SKU.
  public var turned: [SKUIndex?] = []

  public init() {}

  public var hasCatalog: Bool {
    !setSKUs.isEmpty || !setLocations.isEmpty || !setBuffers.isEmpty
      || !setSourcings.isEmpty || !removedSourcings.isEmpty || !setLastUnits.isEmpty
      || !setDocuments.isEmpty || !setReorderPoints.isEmpty || !setBundles.isEmpty
      || !setPromotions.isEmpty
  }
}
