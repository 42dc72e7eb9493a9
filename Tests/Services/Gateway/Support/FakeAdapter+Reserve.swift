import ChannelAdapter

extension FakeAdapter: ReservedStockReading {
  func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?] {
    channel.with { state in listings.map { state.reserved[$0.itemID] ?? [] } }
  }
}
