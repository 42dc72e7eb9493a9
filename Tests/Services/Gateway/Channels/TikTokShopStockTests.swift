import ChannelAdapter
import Primitives
import Testing

@testable import TikTokShopChannel

@Suite struct TikTokShopStockTests {
  let adapter = TikTokShopAdapter()

  private func listing(_ sku: String, warehouses: String? = "W1") -> ChannelListing {
    ChannelListing(
      itemID: "17295", variationID: sku, sellerSKU: "S-\(sku)",
      attributes: warehouses.map { ["warehouse_ids": $0] } ?? [:])
  }

  private func push(
    _ sku: String, _ quantity: Quantity, warehouses: String? = "W1"
  ) -> StockPush {
    StockPush(
      listing: listing(sku, warehouses: warehouses), quantity: quantity, idempotencyKey: "k")
  }

  private func inventory(_ skus: (String, [(String, Int)])...) -> String {
    let list = skus.map { sku, warehouses in
      let parts = warehouses.map {
        #"{"warehouse_id":"\#($0.0)","available_quantity":\#($0.1),"committed_quantity":3}"#
      }
      let total = warehouses.reduce(0) { $0 + $1.1 }
      return
        #"{"id":"\#(sku)","total_available_quantity":\#(total),"total_committed_quantity":3,"warehouse_inventory":[\#(parts.joined(separator: ","))]}"#
    }
    return tikTokShopData(
      #"{"inventory":[{"product_id":"17295","skus":[\#(list.joined(separator: ","))]}]}"#)
  }

  private func error(_ sku: String?, _ code: Int, inside: Bool = true) -> String {
    let name = sku.map { #""sku_id":"\#($0)","# } ?? ""
    return inside
      ? #"{"code":12052990,"message":"Check failed","detail":{\#(name)"extra_errors":[{"warehouse_id":"W1","code":\#(code),"message":"m"}]}}"#
      : #"{"code":\#(code),"message":"m","detail":{\#(name)"extra_errors":[]}}"#
  }

  private func errors(_ entries: String...) -> String {
    tikTokShopData(#"{"errors":[\#(entries.joined(separator: ","))]}"#)
  }

  private let done = tikTokShopData("{}")

  @Test func oneCallSetsTheNumbersOfAProduct() async throws {
    let http = RecordedHTTP(done)
    let results = try await adapter.pushStock(
      [push("234", 7), push("235", 0)], api: tikTokShopAPI(http))
    #expect(results == [.acknowledged, .acknowledged])
    let request = http.requests[0]
    #expect(http.requests.count == 1 && request.method == "POST")
    #expect(
      request.path
        == "http://127.0.0.1:8090/tiktok/product/202309/products/17295/inventory/update")
    #expect(
      request.text
        == #"{"skus":[{"id":"234","inventory":[{"quantity":7,"warehouse_id":"W1"}]},{"id":"235","inventory":[{"quantity":0,"warehouse_id":"W1"}]}]}"#
    )
    let sent = request.parameters
    let expected = TikTokShopSigning.sign(
      path: "/product/202309/products/17295/inventory/update",
      parameters: [
        ("app_key", "fake_app_key"), ("timestamp", "1700000000"), ("shop_cipher", "CIPHER_demo"),
      ], body: request.body, appSecret: "fake_app_secret")
    #expect(sent["sign"] == expected)
    #expect(adapter.groupKey(listing("1")) == "17295" && adapter.traits.pushBatch == 100)
    #expect(adapter.traits.maximumQuantity == 99_999)
  }

  /// Goal: a success envelope is opened for the failures inside it.
  @Test func failuresInsideASuccessAreOpened() async throws {
    let http = RecordedHTTP(
      errors(
        error("2", 12_052_393), error("3", 12_052_556), error("4", 36_009_003),
        error("5", 12_052_850), error("6", 12_052_393, inside: false)))
    let results = try await adapter.pushStock(
      ["1", "2", "3", "4", "5", "6"].map { push($0, 1) }, api: tikTokShopAPI(http))
    #expect(
      results.map(\.kind) == ["acknowledged", "locked", "refused", "retry", "refused", "locked"])
  }

  @Test func errorThatNamesNoSKUCountsAgainstAll() async throws {
    let http = RecordedHTTP(errors(error("2", 12_052_393), error(nil, 12_052_032)))
    let results = try await adapter.pushStock(
      [push("1", 1), push("2", 1)], api: tikTokShopAPI(http))
    #expect(results.map(\.kind) == ["refused", "locked"])
  }

  @Test(arguments: [
    (12_052_393, "locked"), (12_052_371, "locked"), (12_052_032, "refused"),
    (12_052_048, "refused"), (12_052_556, "refused"), (12_052_557, "refused"),
    (12_052_901, "refused"), (12_052_055, "refused"), (12_052_921, "refused"),
    (12_052_503, "refused"), (12_052_850, "refused"), (12_052_141, "refused"),
    (12_052_144, "refused"), (36_009_003, "retry"), (1_234, "refused"),
  ])
  func refusedCallIsTheListings(_ code: Int, _ kind: String) async throws {
    let http = RecordedHTTP(tikTokShopFailure(code))
    let results = try await adapter.pushStock([push("1", 1)], api: tikTokShopAPI(http))
    #expect(results.map(\.kind) == [kind])
    #expect(http.requests.count == 1)
  }

  /// One SKU of many made the call fail: each is sent alone then.
  @Test(arguments: [
    (12_052_393, "retry"), (12_052_556, "retry"), (12_052_055, "retry"), (12_052_032, "refused"),
    (12_052_901, "refused"),
  ])
  func refusedCallOfManyIsTriedOneByOne(_ code: Int, _ kind: String) async throws {
    let http = RecordedHTTP(tikTokShopFailure(code))
    let results = try await adapter.pushStock(
      [push("1", 1), push("2", 1)], api: tikTokShopAPI(http))
    #expect(results.map(\.kind) == [kind, kind])
  }

  @Test(arguments: [
    (200, 105_002, "m", "tokenExpired"), (401, 105_002, "m", "tokenExpired"),
    (
      200, 36_009_004, "Invalid credentials. The 'x-tts-access-token' header is invalid",
      "tokenExpired"
    ),
    (400, 36_009_004, "Invalid credentials. Invalid 'app_key' query parameter.", "unauthorised"),
    (400, 36_009_004, "Invalid timestamp", "retry"), (200, 106_001, "m", "unauthorised"),
    (200, 105_005, "m", "unauthorised"), (200, 106_013, "m", "unauthorised"),
    (200, 36_009_002, "m", "rateLimited"), (429, 36_009_004, "limit", "rateLimited"),
    (503, 36_009_003, "m", "retry"),
  ])
  func errorOfTheAccountIsThrown(
    _ status: Int, _ code: Int, _ message: String, _ kind: String
  ) async throws {
    let http = RecordedHTTP([ChannelReply(status, tikTokShopFailure(code, message))])
    let api = tikTokShopAPI(http)
    if kind == "retry" {
      #expect(try await adapter.pushStock([push("1", 1)], api: api).map(\.kind) == [kind])
    } else {
      let error = await failure { () async throws(ChannelError) in
        try await adapter.pushStock([push("1", 1)], api: api)
      }
      #expect(error?.kind == kind)
    }
    #expect(http.requests.count == 1)
  }

  @Test(arguments: [
    (500, "unavailable"), (502, "unavailable"), (429, "rateLimited"), (404, "notFound"),
  ])
  func statusWithoutAnEnvelopeIsTaken(_ status: Int, _ kind: String) async {
    let http = RecordedHTTP([ChannelReply(status, "<html>", headers: ["retry-after": "7"])])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("1", 1)], api: tikTokShopAPI(http))
    }
    #expect(error?.kind == kind)
    if status == 429 { #expect(error == .rateLimited(after: .seconds(7))) }
  }

  @Test func listingWithoutASKUIsRefused() async throws {
    let http = RecordedHTTP(done)
    let results = try await adapter.pushStock(
      [push("", 1), push("2", 1)], api: tikTokShopAPI(http))
    #expect(results.map(\.kind) == ["refused", "acknowledged"])
    #expect(!http.requests[0].text.contains(#""id":"""#))
  }

  // MARK: Warehouses

  /// One number may show, however many warehouses there are.
  @Test func oneOfSeveralWarehousesHasTheNumberAndTheOthersNothing() async throws {
    let http = RecordedHTTP(done)
    _ = try await adapter.pushStock([push("1", 7, warehouses: "W1,W2")], api: tikTokShopAPI(http))
    #expect(
      http.requests[0].text
        == #"{"skus":[{"id":"1","inventory":[{"quantity":7,"warehouse_id":"W1"},{"quantity":0,"warehouse_id":"W2"}]}]}"#
    )
  }

  @Test func othersWarehousesGetTheirNumbersBack() async throws {
    let http = RecordedHTTP(inventory(("1", [("W1", 5), ("W2", 2)])), done)
    let api = tikTokShopAPI(http, ["warehouse_id": "W2"])
    #expect(
      try await adapter.pushStock([push("1", 7, warehouses: "W1,W2")], api: api)
        == [.acknowledged])
    #expect(http.requests[0].text == #"{"sku_ids":["1"]}"#)
    #expect(
      http.requests[1].text
        == #"{"skus":[{"id":"1","inventory":[{"quantity":5,"warehouse_id":"W1"},{"quantity":7,"warehouse_id":"W2"}]}]}"#
    )
    let read = RecordedHTTP(inventory(("1", [("W1", 5), ("W2", 7)])))
    #expect(
      try await adapter.readStock(
        [listing("1")], api: tikTokShopAPI(read, ["warehouse_id": "W2"])) == [7])
  }

  @Test func skuOutsideOfTheAccountsWarehouseIsRefused() async throws {
    let http = RecordedHTTP(inventory(("1", [("W1", 5)])))
    let api = tikTokShopAPI(http, ["warehouse_id": "W9"])
    #expect(
      try await adapter.pushStock([push("1", 7)], api: api).map(\.kind) == ["refused"])
  }

  @Test func unknownWarehousesAreReadFirst() async throws {
    let http = RecordedHTTP(inventory(("1", [("W3", 5)])), done)
    let pushes = [push("1", 7, warehouses: nil), push("2", 8, warehouses: nil)]
    #expect(
      try await adapter.pushStock(pushes, api: tikTokShopAPI(http))
        == [.acknowledged, .acknowledged])
    // TikTok says nothing of the second: it goes without a warehouse, as a SKU with only one may.
    #expect(
      http.requests[1].text
        == #"{"skus":[{"id":"1","inventory":[{"quantity":7,"warehouse_id":"W3"}]},{"id":"2","inventory":[{"quantity":8}]}]}"#
    )
  }

  @Test(arguments: [12_052_037, 12_052_516, 12_019_028, 12_052_097])
  func movedSKUIsLookedForAndSentOnceMore(_ code: Int) async throws {
    let http = RecordedHTTP(
      errors(error("1", code)), inventory(("1", [("W1", 5), ("W2", 0)])), done)
    let results = try await adapter.pushStock(
      [push("1", 7), push("2", 3)], api: tikTokShopAPI(http))
    #expect(results == [.acknowledged, .acknowledged])
    #expect(
      http.requests[2].text
        == #"{"skus":[{"id":"1","inventory":[{"quantity":7,"warehouse_id":"W1"},{"quantity":0,"warehouse_id":"W2"}]}]}"#
    )
    let again = RecordedHTTP(
      errors(error("1", code)), inventory(("1", [("W1", 5)])), errors(error("1", code)))
    #expect(
      try await adapter.pushStock([push("1", 7)], api: tikTokShopAPI(again)).map(\.kind)
        == ["refused"])
    #expect(again.requests.count == 3)
  }

  // MARK: Zero

  private func product(_ skus: Int) -> String {
    let list = (1...skus).map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
    return tikTokShopData(#"{"id":"17295","status":"ACTIVATE","skus":[\#(list)]}"#)
  }

  @Test func productThatMayNotShowZeroIsTakenOffTheShop() async throws {
    let http = RecordedHTTP(errors(error("1", 12_052_055)), product(1), done)
    #expect(
      try await adapter.pushStock([push("1", 0)], api: tikTokShopAPI(http)) == [.acknowledged])
    #expect(http.requests[2].path.hasSuffix("/product/202309/products/deactivate"))
    #expect(http.requests[2].text == #"{"product_ids":["17295"]}"#)
  }

  @Test func othersOfTheProductStayOnSale() async throws {
    let http = RecordedHTTP(errors(error("1", 12_052_055)), product(2))
    #expect(
      try await adapter.pushStock([push("1", 0)], api: tikTokShopAPI(http)).map(\.kind)
        == ["refused"])
    #expect(http.requests.count == 2)
    let number = RecordedHTTP(errors(error("1", 12_052_055)))
    #expect(
      try await adapter.pushStock([push("1", 99_999)], api: tikTokShopAPI(number)).map(\.kind)
        == ["refused"])
    let failed = RecordedHTTP(
      errors(error("1", 12_052_055)), product(1), errors(error(nil, 12_052_371, inside: false)))
    #expect(
      try await adapter.pushStock([push("1", 0)], api: tikTokShopAPI(failed)).map(\.kind)
        == ["locked"])
  }

  // MARK: Reading

  @Test func shownNumberIsWhatCanBeOrdered() async throws {
    let body = tikTokShopData(
      #"""
      {"inventory":[{"product_id":"1","skus":[
        {"id":"1","total_available_quantity":15,"total_committed_quantity":3,"warehouse_inventory":[]},
        {"id":"2","warehouse_inventory":[{"warehouse_id":"W1","available_quantity":"4"},{"warehouse_id":"W2","available_quantity":5}]},
        {"id":"3"},{"id":"4","total_available_quantity":-2}]},
       {"product_id":"2","skus":null}]}
      """#)
    let http = RecordedHTTP(body)
    let listings = ["1", "2", "3", "4", "5", "1"].map { listing($0) }
    #expect(
      try await adapter.readStock(listings, api: tikTokShopAPI(http)) == [15, 9, nil, 0, nil, 15])
    #expect(http.requests[0].text == #"{"sku_ids":["1","2","3","4","5"]}"#)
  }

  @Test func manyAreReadInCallsOfSixHundred() async throws {
    let empty = tikTokShopData(#"{"inventory":[]}"#)
    let http = RecordedHTTP(empty, empty)
    let shown = try await adapter.readStock(
      (1...700).map { listing("\($0)") }, api: tikTokShopAPI(http))
    #expect(shown.count == 700 && shown.allSatisfy { $0 == nil } && http.requests.count == 2)
  }

  @Test func promotionsSharesAreTold() async throws {
    let body = tikTokShopData(
      #"""
      {"inventory":[{"product_id":"1","skus":[
        {"id":"1","total_available_quantity":100,"total_available_inventory_distribution":{
          "campaign_inventory":[{"quantity":30,"campaign_name":"Big Sale"},{"quantity":0,"campaign_name":"Over"}],
          "creator_inventory":[{"quantity":"20","creator_name":"py001"}],"in_shop_inventory":{"quantity":50}}},
        {"id":"2","total_available_quantity":5}]}]}
      """#)
    let http = RecordedHTTP(body)
    let reserved = try await adapter.readReserved(
      ["1", "2", "3"].map { listing($0) }, api: tikTokShopAPI(http))
    #expect(
      reserved == [
        [
          ReservedStock(name: "Big Sale", quantity: 30),
          ReservedStock(name: "py001", quantity: 20),
        ], [], nil,
      ])
  }

  // MARK: Listings

  @Test func listingsComePageByPage() async throws {
    let http = RecordedHTTP(
      tikTokShopData(
        #"""
        {"total_count":3,"next_page_token":"next","products":[
          {"id":"1","title":"Tee","status":"ACTIVATE","skus":[
            {"id":"2","seller_sku":"TEE-M","inventory":[{"warehouse_id":"W1","quantity":5},{"warehouse_id":"W2","quantity":0}]},
            {"id":"3","seller_sku":null}]},
          {"id":"4","title":"Mug","status":"SELLER_DEACTIVATED","skus":[{"id":"5","seller_sku":"MUG","inventory":[{"warehouse_id":"W1"}]}]},
          {"id":"6","status":"DELETED","skus":[{"id":"7"}]},{"id":"8","skus":null}]}
        """#),
      tikTokShopData(
        #"{"id":"1","skus":[{"id":"2","sales_attributes":[{"name":"Color","value_name":"Black"},{"name":"Size","value_name":"M"}]}]}"#
      ), tikTokShopData(#"{"next_page_token":"again","products":[]}"#))
    let api = tikTokShopAPI(http)
    let first = try await adapter.fetchListings(after: nil, api: api)
    #expect(first.nextCursor == "next")
    #expect(
      first.listings == [
        ChannelListing(
          itemID: "1", variationID: "2", sellerSKU: "TEE-M", title: "Tee, Black, M",
          attributes: ["warehouse_ids": "W1,W2"]),
        ChannelListing(itemID: "1", variationID: "3", sellerSKU: "", title: "Tee"),
        ChannelListing(
          itemID: "4", variationID: "5", sellerSKU: "MUG", title: "Mug", state: .hidden,
          attributes: ["warehouse_ids": "W1"]),
        ChannelListing(itemID: "6", variationID: "7", sellerSKU: "", state: .deleted),
      ])
    let last = try await adapter.fetchListings(after: "next", api: api)
    #expect(last == ListingPage(listings: [], nextCursor: nil))
    #expect(http.requests.map { $0.path.hasSuffix("/search") } == [true, false, true])
    #expect(http.requests[2].parameters["page_token"] == "next")
  }

  @Test func productWithoutAPageGoesWithoutNames() async throws {
    let list = tikTokShopData(
      #"{"products":[{"id":"1","title":"Tee","skus":[{"id":"2"},{"id":"3"}]}]}"#)
    let gone = RecordedHTTP(list, tikTokShopFailure(12_052_032))
    let page = try await adapter.fetchListings(after: nil, api: tikTokShopAPI(gone))
    #expect(page.listings.map(\.title) == ["Tee", "Tee"])
    let away = RecordedHTTP(list, tikTokShopFailure(36_009_003))
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: nil, api: tikTokShopAPI(away))
    }
    #expect(error?.kind == "unavailable")
  }
}
