internal import Kit
public import MappingAPI
internal import MappingDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension MappingHandler {
  public func getListing(
    _ request: GetListingRequest, context: ServerContext
  ) async throws -> GetListingResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    try check.finish()
    let stored = try await database.read(until: context.deadline) { try $0.listing(id) }
    return GetListingResponse(listing: stored.message)
  }

  public func listListings(
    _ request: ListListingsRequest, context: ServerContext
  ) async throws -> ListListingsResponse {
    var check = RequestCheck()
    let account = check.optionalIdentifier(AccountID.self, request.accountID, "account_id")
    let sku = check.optionalIdentifier(SKU.self, request.sku, "sku")
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    // A NUL cannot be in a string of a request, so no two filters are written the same.
    let scope = ["ListListings", request.accountID, request.sku, "\(request.unmappedOnly)"]
      .joined(separator: "\0")
    let after = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let filter = ListingFilter(
      account: account, sku: sku, isUnmappedOnly: request.unmappedOnly)
    let found = try await database.read(until: context.deadline) {
      try $0.listedListings(filter, after: after?.parts[0] ?? "", limit: size + 1)
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.listing.id.text) }
    return ListListingsResponse(
      listings: page.items.map(\.message), nextPageToken: page.nextToken)
  }

  public func watchListings(
    _ request: WatchListingsRequest, responses: ResponseWriter<WatchListingsResponse>,
    context: ServerContext
  ) async throws {
    var check = RequestCheck()
    check.integer(request.afterSequence, "after_sequence", in: 0...Int64.max)
    let account = check.optionalIdentifier(AccountID.self, request.accountID, "account_id")
    try check.finish()
    do {
      try await feed.follow(after: request.afterSequence) { [database, feed] after, limit in
        try await database.read(until: context.deadline) { transaction in
          let listings = try transaction.changedListings(of: account, after: after, limit: limit)
          return FeedPage(
            items: listings.map { ($0.sequence, $0.message) },
            sequence: try transaction.sequence(of: feed.name))
        }
      } send: { listing, sequence in
        try await responses.write(WatchListingsResponse(listing: listing, sequence: sequence))
      }
    } catch let error as FeedSequenceUnknown {
      throw MappingError.sequenceUnknown(error.sequence)
    }
  }
}
