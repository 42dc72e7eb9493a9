import ChannelAdapter
import LoyverseChannel
import Primitives
import Testing

/// Loyverse's stock, listings and tokens.
@Suite struct LoyverseServiceTests {
  let adapter = LoyverseAdapter()

  private func listing(_ variant: String, counted: Bool = true) -> ChannelListing {
    ChannelListing(
      itemID: "i", variationID: variant, sellerSKU: "S",
      attributes: counted ? [:] : ["track_stock": "false"])
  }

  private func push(_ variant: String, _ quantity: Quantity, counted: Bool = true) -> StockPush {
    StockPush(
      listing: listing(variant, counted: counted), quantity: quantity, idempotencyKey: "k")
  }

  @Test func oneCallSetsLevelsOfTheStore() async throws {
    let http = RecordedHTTP(#"{"inventory_levels":[]}"#)
    let done = try await adapter.pushStock([push("v1", 7), push("v2", 0)], api: loyverseAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    #expect(http.requests[0].method == "POST")
    #expect(http.requests[0].url == "http://127.0.0.1:8090/loyverse/v1.0/inventory")
    #expect(
      http.requests[0].text
        == #"{"inventory_levels":[{"stock_after":7,"store_id":"s-1","variant_id":"v1"},{"stock_after":0,"store_id":"s-1","variant_id":"v2"}]}"#
    )
  }

  @Test func whatIsNotCountedTakesNoNumber() async throws {
    let http = RecordedHTTP("{}")
    let none = try await adapter.pushStock(
      [push("v1", 7, counted: false)], api: loyverseAPI(http))
    #expect(none == [.acknowledged] && http.requests.isEmpty)
    let some = try await adapter.pushStock(
      [push("", 1), push("v1", 7, counted: false), push("v2", 3)], api: loyverseAPI(http))
    #expect(some.map(\.kind) == ["refused", "acknowledged", "acknowledged"])
    #expect(!http.requests[0].text.contains("v1"))
  }

  @Test func lastOfTwoNumbersForOneVariantCounts() async throws {
    let http = RecordedHTTP("{}")
    _ = try await adapter.pushStock([push("v1", 7), push("v1", 2)], api: loyverseAPI(http))
    #expect(
      http.requests[0].text
        == #"{"inventory_levels":[{"stock_after":2,"store_id":"s-1","variant_id":"v1"}]}"#)
  }

  @Test func refusalOfOneIsTheCalls() async {
    let http = RecordedHTTP([
      ChannelReply(
        400,
        #"{"errors":[{"code":"INVALID_VALUE","details":"no","field":"inventory_levels[1].variant_id"}]}"#
      )
    ])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("v1", 7), push("v2", 1)], api: loyverseAPI(http))
    }
    #expect(error == .refused("INVALID_VALUE: no: inventory_levels[1].variant_id"))
  }

  @Test func levelIsReadPageByPageAndAMissingOneIsNotZero() async throws {
    let http = RecordedHTTP(
      #"{"inventory_levels":[{"variant_id":"v1","store_id":"s-1","in_stock":7},{"variant_id":"v2","store_id":"s-2","in_stock":9},{"variant_id":"v3","store_id":"s-1","in_stock":null}],"cursor":"c"}"#,
      #"{"inventory_levels":[{"variant_id":"v4","store_id":"s-1","in_stock":-1.5},{"variant_id":"v5","store_id":"s-1","in_stock":1.9}],"cursor":"c"}"#
    )
    let listings =
      ["v1", "v2", "v3", "v4", "v5"].map { listing($0) } + [listing("v6", counted: false)]
    let shown = try await adapter.readStock(listings, api: loyverseAPI(http))
    #expect(shown == [7, nil, nil, -2, 1, nil])
    #expect(
      http.requests[0].parameters == [
        "store_ids": "s-1", "variant_ids": "v1,v2,v3,v4,v5", "limit": "250",
      ])
    #expect(http.requests[1].parameters["cursor"] == "c" && http.requests.count == 2)
  }

  @Test func variantsAreListings() async throws {
    let http = RecordedHTTP(
      """
      {"cursor":"c2","items":[
       {"id":"i1","item_name":"Tee","track_stock":true,"variants":[
        {"variant_id":"v1","sku":"TEE-M","option1_value":"Black","option2_value":"M",
         "stores":[{"store_id":"s-2","available_for_sale":false}]},
        {"variant_id":"v2","sku":null,"stores":[{"store_id":"s-1","available_for_sale":false}]}]},
       {"id":"i2","item_name":"Tea","track_stock":false,"variants":[{"variant_id":"v3"}]},
       {"id":"i3","item_name":"Set","is_composite":true,"variants":[{"variant_id":"v4"}]},
       {"id":"i4","item_name":"Cake","is_composite":true,"use_production":true,
        "deleted_at":"2026-01-05T03:00:00Z","variants":[{"variant_id":"v5"}]},
       {"id":"i5"}]}
      """, #"{"items":[]}"#)
    let api = loyverseAPI(http)
    let first = try await adapter.fetchListings(after: nil, api: api)
    let uncounted = ["track_stock": "false"]
    #expect(first.nextCursor == "c2")
    #expect(
      first.listings == [
        ChannelListing(
          itemID: "i1", variationID: "v1", sellerSKU: "TEE-M", title: "Tee, Black, M"),
        ChannelListing(
          itemID: "i1", variationID: "v2", sellerSKU: "", title: "Tee", state: .hidden),
        ChannelListing(
          itemID: "i2", variationID: "v3", sellerSKU: "", title: "Tea", attributes: uncounted),
        ChannelListing(
          itemID: "i3", variationID: "v4", sellerSKU: "", title: "Set", attributes: uncounted),
        ChannelListing(
          itemID: "i4", variationID: "v5", sellerSKU: "", title: "Cake", state: .deleted),
      ])
    #expect(
      try await adapter.fetchListings(after: "c2", api: api)
        == ListingPage(listings: [], nextCursor: nil))
    #expect(http.requests[1].parameters == ["limit": "250", "cursor": "c2"])
  }

  @Test func pageThatDoesNotAdvanceIsMalformed() async {
    let http = RecordedHTTP(#"{"cursor":"c"}"#, #"{"cursor":"c"}"#)
    let listings = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: "c", api: loyverseAPI(http))
    }
    let changes = await failure { () async throws(ChannelError) in
      try await adapter.changedOrders(since: .zero, after: "c", api: loyverseAPI(http))
    }
    #expect(listings?.kind == "malformed" && changes?.kind == "malformed")
  }

  @Test func refreshTradesBothTokens() async throws {
    let http = RecordedHTTP(
      #"{"access_token":"new-a","refresh_token":"new-r","token_type":"Bearer","expires_in":3600}"#)
    let changed = try await adapter.refreshCredentials(api: loyverseAPI(http))
    #expect(
      changed == [
        "access_token": "new-a", "refresh_token": "new-r", "access_token_expires_at": "1700003600",
      ])
    #expect(http.requests[0].path == "http://127.0.0.1:8090/loyverse/oauth/token")
    #expect(
      http.requests[0].parameters == [
        "client_id": "lv_client", "client_secret": "loyverse_client_secret_demo",
        "grant_type": "refresh_token", "refresh_token": "lv_refresh",
      ])
    let personal = loyverseAPI(http, ["refresh_token": nil])
    #expect(try await adapter.refreshCredentials(api: personal) == nil)
  }

  @Test func refusedRefreshNeedsAPerson() async {
    for (status, body, kind) in [
      (400, "{}", "unauthorised"), (401, "", "unauthorised"), (503, "", "unavailable"),
      (200, "{}", "malformed"), (200, #"{"access_token":""}"#, "malformed"),
    ] {
      let error = await failure { () async throws(ChannelError) in
        try await adapter.refreshCredentials(
          api: loyverseAPI(RecordedHTTP([ChannelReply(status, body)])))
      }
      #expect(error?.kind == kind)
    }
  }

  @Test func tillIsToldNothing() async throws {
    let http = RecordedHTTP()
    let api = loyverseAPI(http)
    try await adapter.markShipped(
      ShippedNotice(orderExternalID: "A", trackingNumber: "T", carrier: "C", lines: []), api: api)
    try await adapter.answerReturn(
      ReturnAnswer(returnExternalID: "B", orderExternalID: "A", accepted: true, lines: []), api: api
    )
    #expect(http.requests.isEmpty)
  }
}
