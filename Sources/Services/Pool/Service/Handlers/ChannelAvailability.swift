internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension AvailabilitySource {
  /// What each channel may show; without channels, what one without rules of its own may.
  func availability(of sku: SKUIndex, on channels: [ChannelID]) -> [ChannelAvailability] {
    guard !channels.isEmpty else {
      return [
        ChannelAvailability(
          channelID: "", availableToSellCount: availableToSell(sku, on: nil))
      ]
    }
    return channels.map { channel in
      ChannelAvailability(
        channelID: channel.text, availableToSellCount: availableToSell(sku, on: channel),
        listings: buffers.listings(of: sku, on: channel).map { listing in
          ListingAvailability(
            listingID: listing.text,
            availableToSellCount: availableToSell(sku, on: channel, listing: listing))
        })
    }
  }
}
