import ChannelAdapter
import Primitives
import ShopeeChannel
import Testing

@Suite struct ShopeeStockTests {
  let adapter = ShopeeAdapter()

  private func push(
    _ item: String, _ model: String, _ quantity: Quantity, location: String? = nil
  ) -> StockPush {
    StockPush(
      listing: ChannelListing(
        itemID: item, variationID: model, sellerSKU: "S",
        attributes: location.map { ["location_id": $0] } ?? [:]),
      quantity: quantity, idempotencyKey: "k")
  }

  private func results(
    _ pushes: [StockPush], _ body: String
  ) async throws(ChannelError) -> [PushResult] {
    try await adapter.pushStock(pushes, api: shopeeAPI(RecordedHTTP(body)))
  }

  @Test func oneCallSetsAllModelsOfAnItem() async throws {
    let http = RecordedHTTP(
      #"{"error":"","message":"","response":{"success_list":[{"model_id":2,"stock":7},{"model_id":3,"location_id":"SGZ","stock":0}],"failure_list":[]}}"#
    )
    let done = try await adapter.pushStock(
      [push("1", "2", 7), push("1", "3", 0, location: "SGZ")], api: shopeeAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    let request = try #require(http.requests.first)
    #expect(request.method == "POST")
    #expect(request.path == "http://127.0.0.1:8090/shopee/api/v2/product/update_stock")
    #expect(
      request.parameters["sign"]
        == "39346ce4cd7d0edeee1635e4ec445869ba97fda72eb6c5dbdb23a3e91770ac42")
    #expect(
      request.text
        == #"{"item_id":1,"stock_list":[{"model_id":2,"seller_stock":[{"stock":7}]},{"model_id":3,"seller_stock":[{"location_id":"SGZ","stock":0}]}]}"#
    )
  }

  @Test func itemWithoutVariationsIsModelZero() async throws {
    let http = RecordedHTTP(
      #"{"error":"","response":{"success_list":[{"model_id":0,"stock":7}]}}"#)
    #expect(
      try await adapter.pushStock([push("1", "", 7)], api: shopeeAPI(http)) == [.acknowledged])
    #expect(
      http.requests[0].text
        == #"{"item_id":1,"stock_list":[{"model_id":0,"seller_stock":[{"stock":7}]}]}"#)
  }

  @Test func shopWithWarehousesNamesTheOne() async throws {
    let http = RecordedHTTP(
      #"{"error":"","response":{"success_list":[{"model_id":2,"location_id":"MYZ","stock":7}]}}"#)
    var api = shopeeAPI(http)
    api.account.credentials["location_id"] = "MYZ"
    #expect(try await adapter.pushStock([push("1", "2", 7)], api: api) == [.acknowledged])
    #expect(http.requests[0].text.contains(#""seller_stock":[{"location_id":"MYZ","stock":7}]"#))
  }

  @Test func failureInsideASuccessIsOpened() async throws {
    let body =
      #"{"error":"","message":"","response":{"success_list":[{"model_id":"2","stock":7}],"failure_list":[{"model_id":3,"failed_reason":"total stock must be more than reserved stock"},{"model_id":4,"failed_reason":"model not found"},{"model_id":5,"failed_reason":"hiccup"}]}}"#
    let done = try await results(
      [
        push("1", "2", 7), push("1", "3", 1), push("1", "4", 1), push("1", "5", 1),
        push("1", "6", 1),
      ],
      body)
    #expect(done.map(\.kind) == ["acknowledged", "locked", "refused", "retry", "retry"])
  }

  @Test func successThatSaysNothingIsTriedAgain() async throws {
    let done = try await results(
      [push("1", "2", 7)], #"{"error":"","warning":"odd","response":{}}"#)
    #expect(done == [.retry("Shopee says nothing of model 2: odd", after: nil)])
  }

  @Test(arguments: [
    ("error_auth", "total stock must be more than reserved stock", "locked"),
    ("error_cannt_edit_stock_in_promotion", "", "locked"),
    ("error_promotion_cantnot_update_stock", "", "locked"),
    ("error_model_update_stock_model_in_promotion", "", "locked"),
    ("product.error_model_update_stock_model_in_promotion", "", "locked"),
    ("error_holiday_mode_change_stock", "", "locked"),
    ("error_busi_update_stock_failed", "", "retry"),
    ("error_busi_update_stock_failed", "item in promotion", "locked"),
    ("error_item_not_found", "", "refused"),
    ("error_item_not_belong_shop", "", "refused"),
    ("error_edit_item_stock_for_item_has_model", "", "refused"),
    ("error_wms_shop_block_upate_stock", "", "refused"),
    ("product.error_param", "stock is wrong", "refused"),
    ("error_never_heard_of", "", "refused"),
  ])
  func errorOfTheItemIsAResult(_ code: String, _ message: String, _ kind: String) async throws {
    let body = #"{"error":"\#(code)","message":"\#(message)","response":{}}"#
    #expect(try await results([push("1", "2", 7)], body).map(\.kind) == [kind])
  }

  @Test(arguments: [
    ("invalid_acceess_token", "", "tokenExpired"),
    ("error_auth", "Invalid access_token.", "tokenExpired"),
    ("error_param", "There is no access_token in query.", "tokenExpired"),
    ("error_auth", "No permission to current api.", "unauthorised"),
    ("error_auth", "System error, please try again later.", "retry"),
    ("error_sign", "Wrong sign.", "unauthorised"),
    ("shop_banned", "", "suspended"),
    ("error_rate_limit", "", "rateLimited"),
    ("error_limit", "", "rateLimited"),
  ])
  func errorOfTheAccountIsThrown(_ code: String, _ message: String, _ kind: String) async throws {
    let body = #"{"error":"\#(code)","message":"\#(message)"}"#
    if kind == "retry" {
      #expect(try await results([push("1", "2", 7)], body).map(\.kind) == ["retry"])
      return
    }
    let error = await failure { () async throws(ChannelError) in
      try await results([push("1", "2", 7)], body)
    }
    #expect(error?.kind == kind)
  }

  @Test func quotaWaitsForMidnightInSingapore() async {
    // 1,700,000,000 is 2023-11-15 06:13:20 at UTC+8.
    let error = await failure { () async throws(ChannelError) in
      try await results([push("1", "2", 7)], #"{"error":"error_limit","message":"daily"}"#)
    }
    #expect(error == .rateLimited(after: .seconds(24 * 3600 - (6 * 3600 + 13 * 60 + 20))))
  }

  @Test func envelopeCountsMoreThanTheStatus() async {
    let http = RecordedHTTP([
      ChannelReply(403, #"{"error":"invalid_acceess_token","message":"Invalid access_token"}"#),
      ChannelReply(502, "<html>"), ChannelReply(429, "", headers: ["retry-after": "3"]),
    ])
    let api = shopeeAPI(http)
    var seen: [ChannelError?] = []
    for _ in 0..<3 {
      seen.append(
        await failure { () async throws(ChannelError) in
          try await adapter.pushStock([push("1", "2", 7)], api: api)
        })
    }
    #expect(seen.map { $0?.kind } == ["tokenExpired", "unavailable", "rateLimited"])
    #expect(seen[2] == .rateLimited(after: .seconds(3)))
  }

  @Test func idsThatAreNoNumbersAreRefusedWithoutACall() async throws {
    let http = RecordedHTTP(
      #"{"error":"","response":{"success_list":[{"model_id":2,"stock":7}]}}"#)
    let api = shopeeAPI(http)
    #expect(try await adapter.pushStock([push("x", "2", 7)], api: api).map(\.kind) == ["refused"])
    #expect(http.requests.isEmpty)
    let done = try await adapter.pushStock([push("1", "x", 7), push("1", "2", 7)], api: api)
    #expect(done.map(\.kind) == ["refused", "acknowledged"])
    #expect(http.requests.count == 1)
  }

  @Test func missingCredentialIsUnauthorised() async {
    var api = shopeeAPI(RecordedHTTP())
    api.account.credentials["access_token"] = nil
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("1", "2", 7)], api: api)
    }
    #expect(error == .unauthorised("account shopee-sg has no access_token"))
  }

  @Test func shownNumberIsTheSellersStock() async throws {
    let http = RecordedHTTP(
      """
      {"error":"","response":{"item_list":[{"item_id":9,"has_model":false,"stock_info_v2":
       {"summary_info":{"total_available_stock":389},"seller_stock":[{"location_id":"","stock":"90"}]}}]}}
      """,
      """
      {"error":"","response":{"model":[{"model_id":2,"stock_info_v2":{"seller_stock":
       [{"location_id":"A","stock":4},{"location_id":"B","stock":5}],"shopee_stock":[{"stock":200}]}}]}}
      """)
    let listings = [
      ChannelListing(itemID: "1", variationID: "2", sellerSKU: ""),
      ChannelListing(itemID: "9", variationID: "", sellerSKU: ""),
      ChannelListing(
        itemID: "1", variationID: "2", sellerSKU: "", attributes: ["location_id": "B"]),
      ChannelListing(itemID: "1", variationID: "77", sellerSKU: ""),
    ]
    #expect(try await adapter.readStock(listings, api: shopeeAPI(http)) == [9, 90, 5, nil])
    #expect(http.requests.count == 2)
  }

  @Test func shownNumberOfAnUnknownItemIsNil() async throws {
    let http = RecordedHTTP(#"{"error":"error_item_not_found","message":"Item not found"}"#)
    let listing = ChannelListing(itemID: "1", variationID: "2", sellerSKU: "")
    #expect(try await adapter.readStock([listing], api: shopeeAPI(http)) == [nil])
  }
}
