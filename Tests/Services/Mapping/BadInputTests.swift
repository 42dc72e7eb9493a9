import MappingAPI
import Testing

/// Goal: wrong requests are refused with the path of every wrong field, and change nothing.
@Suite struct BadInputTests {
  private static let long = String(repeating: "x", count: 600)

  @Test func importsAreChecked() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    let table: [(ImportListingsRequest, String)] = [
      (ImportListingsRequest(), "account_id listings"),
      (ImportListingsRequest(accountID: "shop"), "listings"),
      (
        ImportListingsRequest(
          accountID: "shop",
          listings: (0...1000).map { Listing(itemID: "\($0)") }), "listings"
      ),
      (
        ImportListingsRequest(
          accountID: "shop",
          listings: [
            Listing(accountID: "other", itemID: ""),
            Listing(
              itemID: "1", variationID: Self.long, sellerSKU: Self.long, title: Self.long,
              state: .unrecognized(9), attributes: ["": "", "k": Self.long]),
            Listing(itemID: "2"), Listing(itemID: "2"),
            Listing(itemID: "a\u{7}b"), Listing(itemID: " a"),
          ], knownSKUs: ["TEE", ""], requestID: Self.long),
        """
        request_id known_skus[1] listings[0].account_id listings[0].item_id \
        listings[1].variation_id listings[1].item_id listings[1].state listings[1].attributes \
        listings[1].attributes[k] listings[1].seller_sku listings[1].title listings[3].item_id \
        listings[4].item_id listings[5].item_id
        """
      ),
    ]
    for (request, expected) in table {
      let outcome = await wrongFields { try await bench.client.importListings(request) }
      #expect(outcome == expected)
    }
    #expect(try await bench.allListings().isEmpty)
  }

  @Test func linksAreChecked() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    try await bench.take([("1", "X")])
    let table: [(LinkListingRequest, String)] = [
      (LinkListingRequest(), "listing_id components"),
      (
        LinkListingRequest(
          listingID: "shop/1/",
          components: (0...50).map { Component(sku: "S\($0)", quantity: 1) }), "components"
      ),
      (
        LinkListingRequest(
          listingID: "shop/1/",
          components: [
            Component(sku: "A", quantity: 0), Component(sku: "A", quantity: -1),
            Component(sku: "", quantity: 10_001), Component(sku: "\u{0B}", quantity: 10_000),
          ], actor: Self.long),
        """
        components[0].quantity components[1].sku components[1].quantity components[2].sku \
        components[2].quantity components[3].sku actor
        """
      ),
    ]
    for (request, expected) in table {
      let outcome = await wrongFields { try await bench.client.linkListing(request) }
      #expect(outcome == expected)
    }
    #expect(try await bench.listing("shop/1/").link == nil)
  }

  @Test func linesAreChecked() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    let table: [(ResolveLinesRequest, String)] = [
      (ResolveLinesRequest(), "account_id lines"),
      (
        ResolveLinesRequest(
          accountID: "shop",
          lines: (0...10_000).map { ChannelLine(lineID: "\($0)", itemID: "1") }), "lines"
      ),
      (
        ResolveLinesRequest(
          accountID: "shop",
          lines: [
            ChannelLine(lineID: "", itemID: "1"), ChannelLine(lineID: "a"),
            ChannelLine(lineID: "a", itemID: Self.long),
            ChannelLine(lineID: "b", variationID: "v", sellerSKU: Self.long),
          ]),
        """
        lines[0].line_id lines[1].item_id lines[2].line_id lines[2].item_id lines[2].item_id \
        lines[3].seller_sku lines[3].variation_id
        """
      ),
    ]
    for (request, expected) in table {
      let outcome = await wrongFields { try await bench.client.resolveLines(request) }
      #expect(outcome == expected)
    }
    #expect(try await bench.allListings().isEmpty)
  }

  @Test func channelsAndAccountsAreChecked() async throws {
    let bench = try Bench()
    let channels: [(SetChannelRequest, String)] = [
      (SetChannelRequest(), "channel"),
      (SetChannelRequest(channel: Channel()), "channel.channel_id"),
      (SetChannelRequest(channel: Channel(channelID: "Shopee")), "channel.channel_id"),
      (
        SetChannelRequest(channel: Channel(channelID: Self.long, displayName: Self.long)),
        "channel.channel_id channel.display_name"
      ),
    ]
    for (request, expected) in channels {
      #expect(await wrongFields { try await bench.client.setChannel(request) } == expected)
    }
    let accounts: [(SetAccountRequest, String)] = [
      (SetAccountRequest(), "account"),
      (SetAccountRequest(account: Account()), "account.account_id account.channel_id"),
      (
        SetAccountRequest(
          account: Account(accountID: "a/b", channelID: "c", externalID: Self.long)),
        "account.account_id account.external_id"
      ),
    ]
    for (request, expected) in accounts {
      #expect(await wrongFields { try await bench.client.setAccount(request) } == expected)
    }
    let page = await wrongFields {
      try await bench.client.listChannels(ListChannelsRequest(pageSize: -1))
    }
    #expect(page == "page_size")
  }
}
