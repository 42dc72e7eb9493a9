/// Why a platform does not do what a buyer or a seller asks.
enum MarketRefusal: Error, Equatable, Sendable {
  case shopUnknown
  case listingUnknown(String)
  case orderUnknown(String)
  case lineUnknown(String)
  case returnUnknown(String)
  /// The listing shows less than the buyer wants.
  case soldOut(item: String, variation: String, shown: Int64)
  /// The order has come too far, or not far enough.
  case stateWrong(String)
  case invalid(String)
}
