import Kit
import MappingAPI
import Primitives
import RPCCore
import Synchronization

/// A mapping service that keeps to its contract.
final class FakeMapping: MappingServiceHandler {
  struct State {
    var accounts: [String: Account] = [:]
    var listings: [String: Listing] = [:]
    var sequence: Int64 = 0
    /// Listings that are linked to a SKU the moment after they were resolved as unmapped.
    var linkedMeanwhile: [String: String] = [:]
  }

  let faults: Faults
  let signal = FeedSignal()
  let state = Mutex(State())

  init(_ faults: Faults) {
    self.faults = faults
  }

  func set(
    _ account: String, item: String, variation: String = "", code: String = "",
    attributes: [String: String] = [:], takes components: [(String, Int64)]
  ) {
    let sequence = state.withLock { state in
      state.sequence += 1
      let id = "\(account)/\(item)/\(variation)"
      var listing = state.listings[id] ?? Listing(listingID: id, accountID: account, itemID: item)
      listing.channelID = state.accounts[account]?.channelID ?? "fake"
      listing.variationID = variation
      listing.sellerSKU = code
      listing.attributes = attributes
      listing.state = .live
      listing.link =
        components.isEmpty
        ? nil : Link(components: components.map { Component(sku: $0.0, quantity: $0.1) })
      listing.sequence = state.sequence
      state.listings[id] = listing
      return state.sequence
    }
    signal.raise(to: sequence)
  }

  func setChannel(
    _ request: SetChannelRequest, context: ServerContext
  ) async throws -> SetChannelResponse {
    SetChannelResponse(channel: request.channel)
  }

  func setAccount(
    _ request: SetAccountRequest, context: ServerContext
  ) async throws -> SetAccountResponse {
    state.withLock { $0.accounts[request.account?.accountID ?? ""] = request.account }
    return SetAccountResponse(account: request.account)
  }

  func getAccount(
    _ request: GetAccountRequest, context: ServerContext
  ) async throws -> GetAccountResponse {
    guard let account = state.withLock({ $0.accounts[request.accountID] }) else {
      throw RPCError(.notFound, "ACCOUNT_UNKNOWN", "There is no such account.")
    }
    return GetAccountResponse(account: account)
  }

  func importListings(
    _ request: ImportListingsRequest, context: ServerContext
  ) async throws -> ImportListingsResponse {
    var response = ImportListingsResponse()
    for listing in request.listings {
      let isKnown = request.knownSKUs.contains(listing.sellerSKU)
      set(
        request.accountID, item: listing.itemID, variation: listing.variationID,
        code: listing.sellerSKU, takes: isKnown ? [(listing.sellerSKU, Int64(1))] : [])
      response.createdCount += 1
      if isKnown { response.linkedCount += 1 } else { response.unmappedCount += 1 }
    }
    return response
  }

  func linkListing(
    _ request: LinkListingRequest, context: ServerContext
  ) async throws -> LinkListingResponse { LinkListingResponse() }

  func resolveLines(
    _ request: ResolveLinesRequest, context: ServerContext
  ) async throws -> ResolveLinesResponse {
    let response = try faults.step("resolveLines") {
      state.withLock { state in
        ResolveLinesResponse(
          lines: request.lines.map { line in
            let id = "\(request.accountID)/\(line.itemID)/\(line.variationID)"
            if state.listings[id] == nil {
              state.listings[id] = Listing(
                listingID: id, accountID: request.accountID, channelID: "fake",
                itemID: line.itemID, variationID: line.variationID)
            }
            return ResolvedLine(
              lineID: line.lineID, listingID: id,
              components: state.listings[id]?.link?.components ?? [])
          })
      }
    }
    for line in request.lines {
      let sku = state.withLock { $0.linkedMeanwhile.removeValue(forKey: line.itemID) }
      if let sku { set(request.accountID, item: line.itemID, takes: [(sku, 1)]) }
    }
    return response
  }

  func watchListings(
    _ request: WatchListingsRequest, responses: ResponseWriter<WatchListingsResponse>,
    context: ServerContext
  ) async throws {
    try faults.check()
    var seen = request.afterSequence
    var isFirst = true
    while !Task.isCancelled {
      let (changed, sequence) = state.withLock { state in
        (
          state.listings.values.filter { $0.sequence > seen }.sorted { $0.sequence < $1.sequence },
          state.sequence
        )
      }
      for listing in changed {
        try await responses.write(
          WatchListingsResponse(listing: listing, sequence: listing.sequence))
      }
      if isFirst { try await responses.write(WatchListingsResponse(sequence: sequence)) }
      isFirst = false
      seen = sequence
      await signal.wait(past: seen)
    }
  }
}
