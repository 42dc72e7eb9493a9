internal import Kit
public import MappingAPI
internal import MappingDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension MappingHandler {
  public func importListings(
    _ request: ImportListingsRequest, context: ServerContext
  ) async throws -> ImportListingsResponse {
    let (account, wanted) = try Self.checked(request)
    let known = Set(request.knownSKUs)
    let signal = feed
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock] transaction in
      let stored = try transaction.account(account)
      var counts = ImportListingsResponse()
      for listing in wanted {
        try transaction.take(
          listing, of: stored.account, known: known, feed: signal, now: clock.now(), &counts)
      }
      return counts
    }
    if response.createdCount + response.updatedCount + response.linkedCount > 0 {
      try await announceNewest(until: context.deadline)
    }
    return response
  }

  /// Wakes the watchers after a call that changed any number of listings.
  func announceNewest(until deadline: Deadline) async throws {
    let newest = try await database.read(until: deadline) { [feed] in
      try $0.sequence(of: feed.name)
    }
    feed.announce(newest)
  }

  private static func checked(
    _ request: ImportListingsRequest
  ) throws -> (account: AccountID, listings: [ImportedListing]) {
    var check = RequestCheck()
    check.requestID(request.requestID)
    let account = check.identifier(AccountID.self, request.accountID, "account_id")
    check.count(request.listings, "listings", in: 1...MappingLimits.importedListings)
    check.count(request.knownSKUs, "known_skus", in: 0...MappingLimits.knownSKUs)
    for (index, sku) in request.knownSKUs.prefix(MappingLimits.knownSKUs).enumerated() {
      _ = check.identifier(SKU.self, sku, "known_skus[\(index)]")
    }
    var seen: Set<ListingKey> = []
    let wanted = request.listings.prefix(MappingLimits.importedListings)
    let listings = wanted.enumerated().map { index, message in
      let listing = ImportedListing(message, of: account, "listings[\(index)]", &check)
      if !seen.insert(listing.key).inserted {
        check.refuse("listings[\(index)].item_id", "The item and variation are there twice.")
      }
      return listing
    }
    try check.finish()
    return (account, listings)
  }
}

/// A listing as the channel has it, checked.
struct ImportedListing: Sendable {
  let id: ListingID
  let key: ListingKey
  let facts: MappingDomain.Listing.Facts

  init(
    _ message: MappingAPI.Listing, of account: AccountID, _ path: String,
    _ check: inout RequestCheck
  ) {
    if !message.accountID.isEmpty, message.accountID != account.text {
      check.refuse("\(path).account_id", "It is another account than the request's.")
    }
    key = ListingKey(
      itemID: check.identifier(ItemID.self, message.itemID, "\(path).item_id"),
      variationID: check.optionalIdentifier(
        VariationID.self, message.variationID, "\(path).variation_id"))
    id = check.listingID(of: account, key, "\(path).item_id")
    let state: MappingDomain.Listing.State
    switch message.state {
    case .unspecified, .live: state = .live
    case .hidden: state = .hidden
    case .deleted: state = .deleted
    case .unrecognized(let number):
      check.refuse("\(path).state", "It is \(number), which is no state of a listing.")
      state = .live
    }
    if message.attributes.count > MappingLimits.attributes {
      check.refuse(
        "\(path).attributes",
        "It has \(message.attributes.count) items; 0 to \(MappingLimits.attributes) are allowed.")
    }
    for (name, value) in message.attributes.sorted(by: { $0.key < $1.key }) {
      check.text(name, "\(path).attributes", atMost: MappingLimits.attributeBytes)
      check.text(
        value, "\(path).attributes[\(name)]", atMost: MappingLimits.attributeBytes, mayBeEmpty: true
      )
    }
    facts = MappingDomain.Listing.Facts(
      sellerSKU: check.text(
        message.sellerSKU, "\(path).seller_sku", atMost: MappingLimits.sellerSKUBytes,
        mayBeEmpty: true),
      title: check.text(
        message.title, "\(path).title", atMost: MappingLimits.titleBytes, mayBeEmpty: true),
      state: state, attributes: message.attributes)
  }
}

extension RequestCheck {
  /// The ID that the listing of a key gets.
  mutating func listingID(
    of account: AccountID, _ key: ListingKey, _ field: String
  ) -> ListingID {
    let text = key.listingText(of: account)
    if text.utf8.count > ListingID.maximumBytes {
      refuse(field, "The listing's ID would be longer than \(ListingID.maximumBytes) bytes.")
    }
    return ListingID(trusted: text)
  }
}

extension Transaction {
  /// Creates a listing or brings it up to date, links it where its code is a SKU, and counts what it did.
  fileprivate func take(
    _ wanted: ImportedListing, of account: MappingDomain.Account, known: Set<String>,
    feed: ChangeFeed, now: Timestamp, _ counts: inout ImportListingsResponse
  ) throws {
    let before = try knownListing(of: account.id, wanted.key)
    var listing =
      before?.listing
      ?? MappingDomain.Listing(
        id: wanted.id, accountID: account.id, channelID: account.channelID, key: wanted.key,
        facts: wanted.facts)
    let isUpdated = listing.update(wanted.facts)
    let isLinked = listing.linkExactly(to: known, now: now)
    if before == nil { counts.createdCount += 1 }
    if isUpdated { counts.updatedCount += 1 }
    if isLinked { counts.linkedCount += 1 }
    if listing.link == nil { counts.unmappedCount += 1 }
    if before == nil || isUpdated || isLinked {
      _ = try save(listing, before: before, feed: feed, now: now)
    }
  }
}
