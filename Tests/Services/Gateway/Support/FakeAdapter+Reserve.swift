import ChannelAdapter

/// An event of kind `other` is news of the item that is its subject; of all without one.
extension FakeAdapter: ReservedStockReading {
  var reservedBatch: Int { 2 }

  func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?] {
    let result: Result<[[ReservedStock]?], ChannelError> = channel.with { state in
      if !state.reserveErrors.isEmpty { return .failure(state.reserveErrors.removeFirst()) }
      return .success(listings.map { state.reserved[$0.itemID] ?? [] })
    }
    return try result.get()
  }

  func reservedChange(in event: ChannelEvent) -> ReservedChange? {
    guard event.kind == .other else { return nil }
    return event.subject.isEmpty ? .all : .item(event.subject)
  }
}
