public import Primitives

/// Everything that the pool may answer instead of doing what it was asked.
public enum PoolError: Error, Hashable, Sendable {
  /// What there is too little of.
  public enum Measure: String, Sendable { case available, onHand, unavailable }

  /// The first line that does not fit, with all that the request wants of the same.
  public struct Shortage: Hashable, Sendable {
    public var sku: SKU
    public var location: LocationID?
    public var measure: Measure
    public var present: Quantity
    public var requested: Quantity

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
  /// A hold must end after it begins, and within `Limits.holdSpan`.
  case expiryOutOfRange(Timestamp, now: Timestamp)
  case saleUnknown(OrderID)
  case lineUnknown(OrderID, String)
  case lineConflict(OrderID, String)
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
  case pageTokenInvalid
  /// A watcher asks to go on after what has not happened yet.
  case sequenceUnknown(Int64)
  case storeUnavailable
  case queueFull
  case deadlinePassed
}
