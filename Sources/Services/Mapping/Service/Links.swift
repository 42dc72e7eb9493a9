internal import Kit
public import MappingAPI
internal import MappingDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension MappingHandler {
  public func linkListing(
    _ request: LinkListingRequest, context: ServerContext
  ) async throws -> LinkListingResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    let components = check.components(request.components)
    check.text(request.actor, "actor", atMost: MappingLimits.actorBytes, mayBeEmpty: true)
    check.requestID(request.requestID)
    try check.finish()
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let before = try transaction.listing(id)
      var listing = before.listing
      guard
        try listing.link(to: components, origin: .manual, actor: request.actor, now: now)
      else { return LinkListingResponse(listing: before.message) }
      let saved = try transaction.save(listing, before: before, feed: feed, now: now)
      return LinkListingResponse(listing: saved.message)
    }
    announce(response.listing)
    return response
  }

  public func unlinkListing(
    _ request: UnlinkListingRequest, context: ServerContext
  ) async throws -> UnlinkListingResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    check.text(request.actor, "actor", atMost: MappingLimits.actorBytes, mayBeEmpty: true)
    check.requestID(request.requestID)
    try check.finish()
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let before = try transaction.listing(id)
      var listing = before.listing
      guard listing.unlink(now: now) != nil else {
        return UnlinkListingResponse(listing: before.message)
      }
      let saved = try transaction.save(
        listing, before: before, feed: feed, actor: request.actor, now: now)
      return UnlinkListingResponse(listing: saved.message)
    }
    announce(response.listing)
    return response
  }

  public func listLinks(
    _ request: ListLinksRequest, context: ServerContext
  ) async throws -> ListLinksResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListLinks/\(id)"
    let after = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let before = try after.map { try $0.number(0) } ?? Int64.max
    let found = try await database.read(until: context.deadline) { transaction in
      _ = try transaction.listing(id)
      return try transaction.links(of: id, before: before, limit: size + 1)
    }
    let page = Page(found, size: size, scope: scope) { PageToken("\($0.number)") }
    return ListLinksResponse(
      links: page.items.map { MappingAPI.Link($0.link) }, nextPageToken: page.nextToken)
  }
}

extension RequestCheck {
  fileprivate mutating func components(
    _ wanted: [MappingAPI.Component]
  ) -> [MappingDomain.Component] {
    count(wanted, "components", in: 1...MappingLimits.components)
    var seen: Set<SKU> = []
    return wanted.prefix(MappingLimits.components).enumerated().map { index, component in
      let sku = identifier(SKU.self, component.sku, "components[\(index)].sku")
      if !seen.insert(sku).inserted {
        refuse("components[\(index)].sku", "It is there twice.")
      }
      quantity(
        component.quantity, "components[\(index)].quantity", in: 1...MappingLimits.componentUnits)
      return MappingDomain.Component(sku: sku, quantity: component.quantity)
    }
  }
}
