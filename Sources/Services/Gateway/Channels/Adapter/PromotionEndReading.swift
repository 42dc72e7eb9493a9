public import Primitives

/// A channel that says until when a promotion holds a listing's number.
public protocol PromotionEndReading: ChannelAdapter {
  /// The end of the promotion that is on, the latest of several; nil when there is none, or it has no end.
  func promotionEnd(
    _ listing: ChannelListing, api: ChannelAPI
  ) async throws(ChannelError) -> Timestamp?
}
