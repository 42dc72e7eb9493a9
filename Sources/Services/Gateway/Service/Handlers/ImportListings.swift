internal import ChannelAdapter
internal import GatewayAPI
internal import Kit
internal import MappingAPI
internal import PoolAPI
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  /// Page by page: what the channel has, which of its codes are SKUs, and all of it to mapping. A
  /// repeat does it again, which changes nothing that has not changed.
  func importListings(
    _ request: GatewayAPI.ImportListingsRequest, context: ServerContext
  ) async throws -> GatewayAPI.ImportListingsResponse {
    var check = RequestCheck()
    let accountID = check.identifier(AccountID.self, request.accountID, "account_id")
    check.requestID(request.requestID)
    try check.finish()
    guard let session = await gateway.directory.session(accountID) else {
      throw GatewayError.accountUnknown(accountID.text)
    }
    let total = try await importAll(session)
    // What the new ones have set aside is not waited for until the next pass.
    await gateway.mirrors[session.channelID]?.heard(.all, of: accountID)
    return total
  }

  private func importAll(
    _ session: AccountSession
  ) async throws -> GatewayAPI.ImportListingsResponse {
    var total = GatewayAPI.ImportListingsResponse()
    var cursor: String?
    for _ in 0..<GatewayLimits.importPages {
      let page = try await fetch(session, after: cursor)
      for start in stride(from: 0, to: page.listings.count, by: GatewayLimits.storePage) {
        let end = min(start + GatewayLimits.storePage, page.listings.count)
        let part = try await hand(Array(page.listings[start..<end]), session.accountID)
        total.createdCount += part.createdCount
        total.updatedCount += part.updatedCount
        total.linkedCount += part.linkedCount
        total.unmappedCount += part.unmappedCount
      }
      guard let next = page.nextCursor, next != cursor else { return total }
      cursor = next
    }
    return total
  }

  private func fetch(
    _ session: AccountSession, after cursor: String?
  ) async throws -> ListingPage {
    do throws(ChannelError) {
      return try await session.callForOperator { api async throws(ChannelError) in
        try await session.adapter.fetchListings(after: cursor, api: api)
      }
    } catch {
      throw GatewayError(error, account: session.accountID.text)
    }
  }

  private func hand(
    _ found: [ChannelListing], _ accountID: AccountID
  ) async throws -> MappingAPI.ImportListingsResponse {
    var seen: Set<String> = []
    let listings = found.filter { seen.insert("\($0.itemID)\n\($0.variationID)").inserted }
    let codes = Set(listings.map(\.sellerSKU)).filter { (try? SKU($0)) != nil }.sorted()
    let known = try await knownSKUs(codes)
    let request = MappingAPI.ImportListingsRequest(
      accountID: accountID.text,
      listings: listings.map { Listing(accountID, $0) }, knownSKUs: known)
    return try await gateway.peers.mapping.importListings(request)
  }

  /// Which of these codes the pool has, a few questions at once.
  private func knownSKUs(_ codes: [String]) async throws -> [String] {
    let pool = gateway.peers.pool
    return try await withThrowingTaskGroup(of: String?.self) { group in
      var known: [String] = []
      for (index, code) in codes.enumerated() {
        if index >= GatewayLimits.importLookups, let found = try await group.next() ?? nil {
          known.append(found)
        }
        group.addTask {
          do {
            _ = try await pool.getSku(GetSkuRequest(sku: code))
            return code
          } catch let error as RPCError where error.code == .notFound {
            return nil
          }
        }
      }
      for try await found in group { if let found { known.append(found) } }
      return known.sorted()
    }
  }
}

extension MappingAPI.Listing {
  fileprivate init(_ accountID: AccountID, _ listing: ChannelListing) {
    let state: MappingAPI.Listing.State =
      switch listing.state {
      case .live: .live
      case .hidden: .hidden
      case .deleted: .deleted
      }
    self.init(
      accountID: accountID.text, itemID: listing.itemID, variationID: listing.variationID,
      sellerSKU: String(decoding: listing.sellerSKU.utf8.prefix(200), as: UTF8.self),
      title: listing.title.kept, state: state, attributes: listing.attributes)
  }
}
