public import Primitives

/// Everything that the pool may answer instead of doing what it was asked.
public enum PoolError: Error, Hashable, Sendable {
  /// What there is too little of.
  public enum Measure: String, Sendable { case available, onHand, unavailable, held }

  /// Units that a promotion keeps for its channels.
  public struct Allotted: Hashable, Sendable {
    public var promotionID: PromotionID
    public var quantity: Quantity
  }

  /// Somebody who has units of it set aside.
  public struct Holder: Hashable, Sendable {
    public var holdID: HoldID
    public var owner: String
    public var quantity: Quantity
    public var expireTime: Timestamp
  }

  /// The first line that does not fit, with all that the request wants of the same.
  public struct Shortage: Hashable, Sendable {
    public var sku: SKU
    public var location: LocationID?
    public var measure: Measure
    public var present: Quantity
    public var requested: Quantity
    /// A few of those who hold it, oldest first.
    public var holders: [Holder] = []
    /// Promotions that keep units of it from whoever asked.
    public var allotted: [Allotted] = []
    /// The channel's own promotion, when it sells nothing else.
    public var restricted: Allotted?
    /// The hold that had expired and was to be taken again.
    public var expired: HoldID?

    public init(
      sku: SKU, location: LocationID?, measure: Measure, present: Quantity, requested: Quantity
    ) {
      self.sku = sku
      self.location = location
      self.measure = measure
      self.present = present
      self.requested = requested
    }
  }

  /// A hold as it stands, for whoever knew it otherwise.
  public struct KnownHold: Hashable, Sendable {
    public struct Units: Hashable, Sendable {
      public var sku: SKU
      public var quantity: Quantity
    }

    public var id: HoldID
    public var etag: String
    public var state: Hold.State
    public var expireTime: Timestamp
    /// The first few lines.
    public var units: [Units]
    public var lineCount: Int
  }

  /// With the number of the request's line that names it, from 0, if it was a line.
  case skuUnknown(SKU, line: Int? = nil)
  /// Nil when there is no location at all to sell from.
  case locationUnknown(LocationID?, line: Int? = nil)
  case skuChanged(SKU)
  case locationChanged(LocationID)
  case insufficientStock(Shortage)
  case holdUnknown(HoldID)
  case holdExists(HoldID)
  case holdEnded(HoldID, Hold.State)
  case holdChanged(KnownHold)
  case holdLimit(HoldCaps.Excess)
  case promotion(PromotionError)
  /// A hold must end after it begins, and within `Limits.holdSpan`.
  case expiryOutOfRange(Timestamp, now: Timestamp)
  case saleUnknown(OrderID)
  case lineUnknown(OrderID, String)
  /// The order knows the line with another SKU or more units.
  case lineConflict(OrderID, String)
  /// The order has a line where one of a hold is to go.
  case lineTaken(OrderID, String)
  case saleShipped(OrderID, String, open: Quantity)
  case notCommitted(OrderID, String, open: Quantity)
  case document(DocumentError)
  case bundle(BundleError)
  case lot(LotError)
  case requestIDReused(RequestID)
  /// A channel asks for units at a location that neither feeds it nor offers pickup.
  case locationNotServing(LocationID, ChannelID)
  /// A scope has as many rules as it may have.
  case tooManyBuffers
  /// A command comes to more movements than `Limits.movements`.
  case tooManyMovements(Int)
  case pageTokenInvalid
  /// A watcher asks to go on after what has not happened yet.
  case sequenceUnknown(Int64)
  case storeUnavailable
  case queueFull
  case deadlinePassed
}
