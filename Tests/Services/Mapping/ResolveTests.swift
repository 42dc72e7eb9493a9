import MappingAPI
import Testing

/// Goal: a line of an order takes what its listing says, and what nobody knows becomes known, never refused.
@Suite struct ResolveTests {
  /// Method: a table of lines against the listings of one account.
  @Test func linesMeanWhatTheirListingsSay() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop", "other")
    try await bench.take([("1", "TEE"), ("2", "DUP"), ("3", "DUP"), ("4", "SET"), ("5", "GONE")])
    try await bench.take([("6", "TEE")], account: "other")
    _ = try await bench.client.importListings(
      ImportListingsRequest(
        accountID: "shop",
        listings: [
          Listing(itemID: "7", variationID: "red", sellerSKU: "RED", state: .live),
          Listing(itemID: "8", sellerSKU: "OLD", state: .deleted),
          Listing(itemID: "9", sellerSKU: "OLD", state: .live),
        ]))
    for (listing, sku) in [
      ("shop/1/", "TEE"), ("shop/2/", "DUP-A"), ("shop/3/", "DUP-B"), ("shop/7/red", "RED"),
      ("shop/8/", "OLD-8"), ("shop/9/", "OLD-9"),
    ] {
      try await bench.link(listing, [(sku, 1)])
    }
    try await bench.link("shop/4/", [("TEE", 2), ("CAP", 1)])
    let table: [(ChannelLine, String)] = [
      (ChannelLine(itemID: "1"), "shop/1/ TEE:1"),
      (ChannelLine(itemID: "1", sellerSKU: "whatever"), "shop/1/ TEE:1"),
      (ChannelLine(sellerSKU: "TEE"), "shop/1/ TEE:1"),
      (ChannelLine(itemID: "7", variationID: "red"), "shop/7/red RED:1"),
      (ChannelLine(itemID: "4"), "shop/4/ TEE:2 CAP:1"),
      // No link yet.
      (ChannelLine(itemID: "5"), "shop/5/"),
      (ChannelLine(sellerSKU: "GONE"), "shop/5/"),
      // A variation that nobody knows is not its item.
      (ChannelLine(itemID: "7", variationID: "blue", sellerSKU: "RED"), "shop/7/blue"),
      (ChannelLine(itemID: "77", sellerSKU: "SEVEN"), "shop/77/"),
      // Deleted listings still say what was sold by them, but do not make a code ambiguous.
      (ChannelLine(itemID: "8"), "shop/8/ OLD-8:1"),
      (ChannelLine(sellerSKU: "OLD"), "shop/9/ OLD-9:1"),
      // Two listings have the code: nobody can tell, so it gets a listing of its own to be linked.
      (ChannelLine(sellerSKU: "DUP"), "shop/DUP/"),
      (ChannelLine(sellerSKU: "UNHEARD OF"), "shop/UNHEARD OF/"),
      // A code that is too long for an item's ID stays without a listing.
      (ChannelLine(sellerSKU: String(repeating: "x", count: 65)), ""),
    ]
    let lines = table.enumerated().map { index, row in
      var line = row.0
      line.lineID = "l\(index)"
      return line
    }
    let resolved = try await bench.client.resolveLines(
      ResolveLinesRequest(accountID: "shop", lines: lines)
    ).lines
    #expect(resolved.map(\.lineID) == lines.map(\.lineID))
    for (line, row) in zip(resolved, table) {
      let parts = [line.listingID] + line.components.map { "\($0.sku):\($0.quantity)" }
      #expect(parts.joined(separator: " ") == row.1)
    }
    // What became known is there once, unmapped, and linking it settles the code.
    let unmapped = try await bench.allListings(ListListingsRequest(unmappedOnly: true))
    #expect(
      unmapped.map(\.listingID).sorted() == [
        "other/6/", "shop/5/", "shop/7/blue", "shop/77/", "shop/DUP/", "shop/UNHEARD OF/",
      ])
    try await bench.link("shop/DUP/", [("DUP-C", 3)])
    let again = try await bench.client.resolveLines(
      ResolveLinesRequest(accountID: "shop", lines: lines)
    ).lines
    #expect(again[11].components == [Component(sku: "DUP-C", quantity: 3)])
    #expect(try await bench.allListings(ListListingsRequest(unmappedOnly: true)).count == 5)
  }

  @Test func unknownAccountIsRefused() async throws {
    let bench = try Bench()
    let outcome = await refusal {
      try await bench.client.resolveLines(
        ResolveLinesRequest(
          accountID: "ghost", lines: [ChannelLine(lineID: "1", itemID: "1")]))
    }
    #expect(outcome == "NOT_FOUND/ACCOUNT_UNKNOWN accountId=ghost")
  }

  @Test func sameUnknownItemTwiceIsOneListing() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    let lines = (0..<3).map { ChannelLine(lineID: "\($0)", itemID: "new", sellerSKU: "S") }
    let resolved = try await bench.client.resolveLines(
      ResolveLinesRequest(accountID: "shop", lines: lines)
    ).lines
    #expect(resolved.map(\.listingID) == ["shop/new/", "shop/new/", "shop/new/"])
    #expect(try await bench.allListings().map(\.sellerSKU) == ["S"])
  }
}
