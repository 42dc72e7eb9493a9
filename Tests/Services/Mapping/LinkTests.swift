import MappingAPI
import Testing

/// Goal: listings are taken in as often as one likes, and a listing has one live link and its history.
@Suite struct LinkTests {
  @Test func importIsRepeatable() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    let first = try await bench.take([("1", "TEE"), ("2", "CAP"), ("3", "")], known: ["TEE"])
    #expect(
      first
        == ImportListingsResponse(
          createdCount: 3, updatedCount: 0, linkedCount: 1, unmappedCount: 2))
    let sequence = try await bench.listing("shop/1/").sequence
    let again = try await bench.take([("1", "TEE"), ("2", "CAP"), ("3", "")], known: ["TEE"])
    #expect(
      again
        == ImportListingsResponse(
          createdCount: 0, updatedCount: 0, linkedCount: 0, unmappedCount: 2))
    #expect(try await bench.listing("shop/1/").sequence == sequence)
    // The code changes; the link stays. Another becomes known to the pool.
    let later = try await bench.take([("1", "CAP"), ("2", "CAP")], known: ["CAP"])
    #expect(
      later
        == ImportListingsResponse(
          createdCount: 0, updatedCount: 1, linkedCount: 1, unmappedCount: 0))
    let (one, two) = (try await bench.listing("shop/1/"), try await bench.listing("shop/2/"))
    #expect(one.sellerSKU == "CAP" && one.link?.components.first?.sku == "TEE")
    #expect(two.link?.components == [Component(sku: "CAP", quantity: 1)])
    #expect(two.link?.origin == .exactSKU && two.channelID == "shopee")
  }

  @Test func importKeepsAttributes() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    let attributes = ["inventory_item": "gid://shopify/InventoryItem/1", "Ort": "Köln \"1\"\n"]
    _ = try await bench.client.importListings(
      ImportListingsRequest(
        accountID: "shop",
        listings: [
          Listing(
            itemID: "a/b", variationID: "v", sellerSKU: "S", title: "T-Shirt", state: .hidden,
            attributes: attributes)
        ]))
    let restarted = try await bench.restarted()
    let listing = try await restarted.listing("shop/a%2Fb/v")
    #expect(listing.attributes == attributes && listing.state == .hidden)
    #expect(listing.itemID == "a/b" && listing.variationID == "v" && listing.title == "T-Shirt")
  }

  @Test func secondLiveLinkIsRefused() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    try await bench.take([("1", "X")])
    let linked = try await bench.link("shop/1/", [("TEE", 1), ("CAP", 2)])
    let same = try await bench.link("shop/1/", [("CAP", 2), ("TEE", 1)])
    #expect(same == linked)
    let other = await refusal { try await bench.link("shop/1/", [("TEE", 1)]) }
    #expect(other == "ALREADY_EXISTS/LINK_EXISTS listingId=shop/1/")
    for call in ["link", "unlink", "get", "links"] {
      let outcome = await refusal {
        switch call {
        case "link": try await bench.link("shop/9/", [("TEE", 1)])
        case "unlink":
          _ = try await bench.client.unlinkListing(UnlinkListingRequest(listingID: "shop/9/"))
        case "get": _ = try await bench.listing("shop/9/")
        default: _ = try await bench.client.listLinks(ListLinksRequest(listingID: "shop/9/"))
        }
      }
      #expect(outcome == "NOT_FOUND/LISTING_UNKNOWN listingId=shop/9/", "\(call)")
    }
    let account = await refusal { try await bench.take([("1", "X")], account: "ghost") }
    #expect(account == "NOT_FOUND/ACCOUNT_UNKNOWN accountId=ghost")
  }

  @Test func linksHaveHistory() async throws {
    var bench = try Bench()
    try await bench.setUp(accounts: "shop")
    try await bench.take([("1", "X")])
    for quantity in 1...5 {
      bench.clock.advance(by: .seconds(60))
      _ = try await bench.client.linkListing(
        LinkListingRequest(
          listingID: "shop/1/", components: [Component(sku: "TEE", quantity: Int64(quantity))],
          actor: "eve"))
      bench.clock.advance(by: .seconds(60))
      guard quantity < 5 else { break }
      for _ in 0..<2 {
        let unlinked = try await bench.client.unlinkListing(
          UnlinkListingRequest(listingID: "shop/1/"))
        #expect(unlinked.listing?.link == nil)
      }
    }
    bench = try await bench.restarted()
    var links: [Link] = []
    var request = ListLinksRequest(listingID: "shop/1/", pageSize: 2)
    repeat {
      let page = try await bench.client.listLinks(request)
      links += page.links
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    #expect(links.map { $0.components[0].quantity } == [5, 4, 3, 2, 1])
    #expect(links[0].endTime == nil && links[0].actor == "eve" && links[0].origin == .manual)
    for (newer, older) in zip(links, links.dropFirst()) {
      #expect(older.endTime != nil && newer.startTime.map { $0 > older.startTime ?? $0 } == true)
    }
    #expect(try await bench.listing("shop/1/").link == links[0])
  }

  /// Method: the same request ID, then the same with another body, then after a restart and after a day.
  @Test func requestIDIsAnsweredOnce() async throws {
    var bench = try Bench()
    try await bench.setUp(accounts: "shop")
    try await bench.take([("1", "X")])
    var request = LinkListingRequest(
      listingID: "shop/1/", components: [Component(sku: "TEE", quantity: 1)], requestID: "r-1")
    let first = try await bench.client.linkListing(request)
    _ = try await bench.client.unlinkListing(UnlinkListingRequest(listingID: "shop/1/"))
    bench = try await bench.restarted()
    #expect(try await bench.client.linkListing(request) == first)
    #expect(try await bench.listing("shop/1/").link == nil)
    request.components[0].quantity = 2
    let client = bench.client
    let (reused, wanted) = (request, "INVALID_ARGUMENT/REQUEST_ID_REUSED requestId=r-1")
    #expect(await refusal { try await client.linkListing(reused) } == wanted)
    bench.clock.advance(by: .seconds(25 * 3600))
    #expect(await refusal { try await client.linkListing(reused) } == "OK")
  }

  @Test func listingsArePagedAndFiltered() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop", "shop2")
    for start in [0, 1000, 2000] {
      let items = (start..<min(start + 1000, 2500)).map { (item: "i\($0)", code: "S\($0 % 50)") }
      try await bench.take(items, known: ["S1", "S2"])
    }
    try await bench.take([("i1", "S1")], known: ["S1"], account: "shop2")
    let all = try await bench.allListings()
    #expect(all.count == 2501 && all.map(\.listingID) == all.map(\.listingID).sorted())
    #expect(try await bench.allListings(pageSize: 333) == all)
    let ofShop2 = try await bench.allListings(ListListingsRequest(accountID: "shop2"))
    #expect(ofShop2.map(\.listingID) == ["shop2/i1/"])
    let ofSKU = try await bench.allListings(ListListingsRequest(sku: "S1"), pageSize: 20)
    #expect(ofSKU.count == 51 && ofSKU.allSatisfy { $0.link?.components[0].sku == "S1" })
    let unmapped = try await bench.allListings(
      ListListingsRequest(accountID: "shop", unmappedOnly: true))
    #expect(unmapped.count == 2400)
  }

  @Test func pageTokenOfAnotherListIsRefused() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    try await bench.take([("1", "A"), ("2", "B")])
    let token = try await bench.client.listListings(ListListingsRequest(pageSize: 1)).nextPageToken
    for request in [
      ListListingsRequest(accountID: "shop", pageToken: token),
      ListListingsRequest(pageToken: "nonsense"), ListListingsRequest(pageToken: token + "A"),
    ] {
      let outcome = await refusal { try await bench.client.listListings(request) }
      #expect(outcome == "INVALID_ARGUMENT/PAGE_TOKEN_INVALID field=page_token")
    }
  }
}
