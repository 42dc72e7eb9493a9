internal import Kit
internal import MappingAPI
internal import Primitives
internal import RPCCore

/// Follows listings and what they take from the pool, and takes up the orders that waited for a
/// link.
struct ListingWatch: Sendable {
  let mapping: MappingServiceClient
  let planner: StockPlanner
  let worker: IntakeWorker
  let loop: WatchLoop

  func run() async throws {
    let position = WatchPosition()
    try await loop.run { heard in
      let request = WatchListingsRequest(afterSequence: await position.sequence)
      do {
        for try await message in mapping.watchListings(request) {
          try await take(message)
          await position.move(to: message.sequence)
          await heard()
        }
      } catch let error as RPCError where error.code == .outOfRange {
        await position.move(to: 0)
        throw error
      }
    }
  }

  private func take(_ message: WatchListingsResponse) async throws {
    guard let listing = message.listing else {
      guard await !planner.hasAllListings else { return }
      await planner.setAllListings()
      for listingID in try await worker.store.quarantinedListings()
      where await planner.isLinked(listingID) {
        await worker.retake(listingID)
      }
      return
    }
    let isLinked = await planner.apply(listing, sequence: message.sequence)
    guard isLinked, await planner.hasAllListings,
      try await worker.store.isQuarantined(listing.listingID)
    else { return }
    await worker.retake(listing.listingID)
  }
}

extension GatewayStore {
  func quarantinedListings() async throws -> [String] {
    try await read { transaction in
      try transaction.rows("SELECT DISTINCT listing_id FROM order_line WHERE is_quarantined = 1") {
        $0.text(0)
      }
    }
  }

  func isQuarantined(_ listingID: String) async throws -> Bool {
    try await read { transaction in
      try transaction.exists(
        "SELECT 1 FROM order_line WHERE listing_id = ? AND is_quarantined = 1 LIMIT 1",
        [.text(listingID)])
    }
  }
}
