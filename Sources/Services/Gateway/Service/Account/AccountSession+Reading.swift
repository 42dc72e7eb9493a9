internal import ChannelAdapter
internal import Primitives

extension AccountSession {
  /// What listings show, in their order, asked with a turn that was taken and that nobody else misses. It is done by no actor: to
  /// read an answer about hundreds of listings takes milliseconds, in which a pusher has pushes to begin and to end.
  @concurrent nonisolated func readSpare(
    _ listings: [ChannelListing]
  ) async throws(ChannelError) -> [Quantity?] {
    let found = try await callNow(isSpare: true) { api async throws(ChannelError) in
      try await self.adapter.readStock(listings, api: api)
    }
    guard found.count == listings.count else {
      throw .malformed("\(found.count) numbers for \(listings.count) listings")
    }
    return found
  }
}
