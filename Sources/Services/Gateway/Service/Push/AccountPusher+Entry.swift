internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives

extension AccountPusher {
  /// What is known of one listing. There are many: a class, since a table of values would keep room for as many again.
  final class Entry: Keyed {
    /// Its text is the listing's own as soon as that is known.
    var key: ListingID
    /// Nil after a restart until mapping has told of it.
    var planned: PlannedListing?
    /// The commit that the number answers which the channel acknowledged last, until it is seen to show it.
    @Packed var unseenSince: Timestamp?
    /// When the timeline will look at it.
    @Packed var timer: Timestamp?
    var state: PushState
    // The small ones stand together.
    var lane: Lane?
    /// A call that reads or pushes it is being prepared or under way.
    var isHeld = false
    /// It was refused together with others; is it the culprit?
    var isAlone = false
    var isAlerted = false
    var isLockAlerted = false
    /// Whether the number that was acknowledged last was seen to be shown.
    var isSeen = false
    /// When it was last read, in seconds since 1970; 0 for never.
    var readSeconds: UInt32 = 0
    /// Tells pushes apart that are not tries of the same.
    var serial: UInt32 = 0
    /// Of its last pushes, to the acknowledgement and until they were read back.
    var lags = RecentSpans()
    var readBackLags = RecentSpans()

    init(_ id: ListingID, _ state: PushState) {
      key = id
      self.state = state
    }

    var listing: ChannelListing {
      planned?.channelListing ?? ChannelListing(itemID: "", variationID: "", sellerSKU: "")
    }

    /// What it should show, by which it takes its turn.
    var number: Int64 { state.wanted ?? 0 }
  }
}
