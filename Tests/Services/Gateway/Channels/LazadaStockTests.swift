import ChannelAdapter
import Primitives
import Testing

@testable import LazadaChannel

@Suite struct LazadaStockTests {
  let adapter = LazadaAdapter()

  private func push(
    _ sku: String, _ quantity: Quantity, item: String = "1", seller: String? = nil
  ) -> StockPush {
    let name = seller ?? "S-\(sku)"
    return StockPush(
      listing: ChannelListing(
        itemID: item, variationID: sku, sellerSKU: name,
        attributes: ["seller_sku": name, "sku_id": sku]),
      quantity: quantity, idempotencyKey: "k")
  }

  private func item(_ skus: (String, Int)...) -> String {
    let list = skus.map {
      #"{"SkuId":\#($0.0),"SellerSku":"S-\#($0.0)","quantity":99,"multiWarehouseInventories":[{"warehouseCode":"d","sellableQuantity":\#($0.1)}]}"#
    }
    return #"{"code":"0","data":{"item_id":1,"skus":[\#(list.joined(separator: ","))]}}"#
  }

  private func results(
    _ pushes: [StockPush], _ replies: String...
  ) async throws(ChannelError) -> [PushResult] {
    let http = RecordedHTTP(replies.map { ChannelReply(200, $0) })
    return try await adapter.pushStock(pushes, api: lazadaAPI(http))
  }

  @Test func payloadIsTheVectors() {
    let push = push("234", 7, item: "234234234", seller: "TEE-BLK-M")
    #expect(LazadaPayload.sellable([push]) == SignatureVectorTests.payloadC)
  }

  @Test func oneCallOverwritesTheSellableNumbers() async throws {
    let http = RecordedHTTP(#"{"code":"0","request_id":"r"}"#)
    let done = try await adapter.pushStock(
      [push("234", 7, item: "234234234", seller: "TEE-BLK-M"), push("2", 0, item: "5")],
      api: lazadaAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    let request = http.requests[0]
    #expect(request.method == "POST")
    #expect(request.path == "http://127.0.0.1:8090/lazada/product/stock/sellable/update")
    let sent = request.parameters
    let payload = try #require(sent["payload"])
    #expect(
      payload
        == "<Request><Product><Skus><Sku><ItemId>234234234</ItemId><SkuId>234</SkuId><SellerSku>TEE-BLK-M</SellerSku><SellableQuantity>7</SellableQuantity></Sku><Sku><ItemId>5</ItemId><SkuId>2</SkuId><SellerSku>S-2</SellerSku><SellableQuantity>0</SellableQuantity></Sku></Skus></Product></Request>"
    )
    // The payload is a parameter, so it is signed.
    let expected = LazadaSigning.sign(
      path: "/product/stock/sellable/update",
      parameters: [
        ("app_key", "123456"), ("timestamp", "1700000000000"), ("sign_method", "sha256"),
        ("access_token", "tok_demo"), ("payload", payload),
      ], appSecret: "lazada_secret_demo")
    #expect(sent["sign"] == expected)
  }

  @Test func namesAreEscapedInXML() async throws {
    #expect(
      LazadaPayload.sellable([push("2", 1, seller: #"A&B<C>"D'E"#)])
        .contains("<SellerSku>A&amp;B&lt;C&gt;&quot;D&apos;E</SellerSku>"))
    let http = RecordedHTTP(#"{"code":"0"}"#)
    let done = try await adapter.pushStock(
      [push("2", 1, seller: "A\u{1}B"), push("3", 1)], api: lazadaAPI(http))
    #expect(done.map(\.kind) == ["refused", "acknowledged"])
    #expect(!http.requests[0].text.contains("A%01B"))
  }

  @Test func refusedCallIsOpenedAndTheRestReadBack() async throws {
    let refused =
      #"{"code":"501","type":"ISP","message":"partial","detail":[{"seller_sku":"S-2","message":"negative sellable"},{"SkuId":3,"code":"4170","message":"x"},{"seller_sku":"S-4","message":"bad"},{"seller_sku":"S-7","message":"system busy, please retry"}]}"#
    let done = try await results(
      [push("2", 1), push("3", 1), push("4", 1), push("5", 6), push("6", 6), push("7", 1)],
      refused, item(("5", 6), ("6", 2)))
    #expect(
      done.map(\.kind) == ["locked", "locked", "refused", "acknowledged", "retry", "retry"])
  }

  @Test(arguments: [
    ("212", "locked"), ("4170", "locked"), ("998", "locked"),
    ("THD_IC_ERR_F_IC_ABILITY_PG_003", "locked"), ("THD_IC_ERR_F_IC_ABILITY_PG_004", "locked"),
    ("204", "refused"), ("4171", "refused"), ("4225", "refused"), ("30", "refused"),
    ("5", "refused"), ("6", "refused"), ("501", "refused"),
  ])
  func codeWithoutDetailHoldsForAllThatDoNotShowTheNumber(
    _ code: String, _ kind: String
  ) async throws {
    let refused = #"{"code":"\#(code)","type":"ISP","message":"m"}"#
    let done = try await results([push("2", 1), push("3", 8)], refused, item(("2", 5), ("3", 8)))
    #expect(done.map(\.kind) == [kind, "acknowledged"])
  }

  @Test(arguments: [
    ("IllegalAccessToken", "tokenExpired"), ("ApiCallLimit", "rateLimited"),
    ("901", "rateLimited"), ("513", "unavailable"), ("1000", "unavailable"),
    ("SellerNotVerified", "unauthorised"),
  ])
  func errorOfTheAccountIsThrownWithoutReadingBack(_ code: String, _ kind: String) async {
    let http = RecordedHTTP(#"{"code":"\#(code)","message":""}"#)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("2", 1)], api: lazadaAPI(http))
    }
    #expect(error?.kind == kind)
    #expect(http.requests.count == 1)
  }

  @Test func tooManyCallsWaitASecond() async {
    let error = await failure { () async throws(ChannelError) in
      try await results([push("2", 1)], #"{"code":"ApiCallLimit","message":""}"#)
    }
    #expect(error == .rateLimited(after: .seconds(1)))
  }

  @Test func shownNumberIsTheSellableOne() async throws {
    let body = """
      {"code":"0","data":{"item_id":1,"skus":[
       {"SkuId":2,"quantity":10,"Available":9,"multiWarehouseInventories":[
        {"sellableQuantity":4,"withholdQuantity":1},{"sellableQuantity":"3"}]},
       {"SkuId":3,"quantity":10,"Available":9},{"SkuId":4,"quantity":10}]}}
      """
    let listings = ["2", "3", "4", "5"].map {
      ChannelListing(itemID: "1", variationID: $0, sellerSKU: "")
    }
    let http = RecordedHTTP(body)
    #expect(try await adapter.readStock(listings, api: lazadaAPI(http)) == [7, 9, 10, nil])
    #expect(http.requests.count == 1)
  }

  /// Goal: as many products are read in one call as a page has, whatever they are.
  @Test func wholePageIsReadInOneCall() async throws {
    let listings = (1...adapter.readBatch).map {
      ChannelListing(itemID: "\($0)", variationID: "1\($0)", sellerSKU: "S-\($0)")
    }
    #expect(listings.count == 50 && Set(listings.map(adapter.readKey)).count == 1)
    let products = listings.map {
      #"{"item_id":\#($0.itemID),"skus":[{"SkuId":\#($0.variationID),"Available":3}]}"#
    }
    let http = RecordedHTTP(
      #"{"code":"0","data":{"products":[\#(products.joined(separator: ","))]}}"#)
    let shown = try await adapter.readStock(listings, api: lazadaAPI(http))
    #expect(shown == listings.map { _ in 3 } && http.requests.count == 1)
    #expect(http.requests[0].parameters["limit"] == "50")
  }

  @Test func severalProductsAreReadInOneCallAndWhatItMissesByItsID() async throws {
    let list =
      #"{"code":"0","data":{"products":[{"item_id":1,"skus":[{"SkuId":2,"Available":4}]},{"item_id":9,"skus":[{"SkuId":77,"Available":1}]}]}}"#
    let renamed = #"{"code":"0","data":{"item_id":9,"skus":[{"SkuId":3,"Available":8}]}}"#
    let gone = #"{"code":"208","type":"ISP","message":"E208: Invalid ItemId"}"#
    let http = RecordedHTTP(list, renamed, gone)
    let listings = [("1", "2"), ("9", "3"), ("5", "6")].map { item, sku in
      ChannelListing(itemID: item, variationID: sku, sellerSKU: "S-\(sku)")
    }
    #expect(try await adapter.readStock(listings, api: lazadaAPI(http)) == [4, 8, nil])
    #expect(http.requests.count == 3)
    #expect(http.requests[0].parameters["sku_seller_list"] == #"["S-2","S-3","S-6"]"#)
    #expect(http.requests[1].parameters["item_id"] == "9")
  }

  @Test func listingsComePageByPage() async throws {
    let http = RecordedHTTP(
      """
      {"code":"0","data":{"total_products":2,"products":[{"item_id":1,"status":"Active",
       "attributes":{"name":"Tee"},"skus":[
        {"SkuId":2,"SellerSku":"TEE-BLK-M","Status":"active","saleProp":{"size":"M","color_family":"Black"}},
        {"SkuId":3,"SellerSku":"TEE-BLK-L","Status":"inactive"}]}]}}
      """, #"{"code":"0","data":{"total_products":2,"products":[{"item_id":9,"skus":[]}]}}"#)
    let api = lazadaAPI(http)
    let first = try await adapter.fetchListings(after: nil, api: api)
    #expect(first.nextCursor == "1")
    #expect(
      first.listings == [
        ChannelListing(
          itemID: "1", variationID: "2", sellerSKU: "TEE-BLK-M", title: "Tee, Black, M",
          attributes: ["seller_sku": "TEE-BLK-M", "sku_id": "2"]),
        ChannelListing(
          itemID: "1", variationID: "3", sellerSKU: "TEE-BLK-L", title: "Tee", state: .hidden,
          attributes: ["seller_sku": "TEE-BLK-L", "sku_id": "3"]),
      ])
    #expect(try await adapter.fetchListings(after: "1", api: api).nextCursor == nil)
    #expect(http.requests[0].parameters["filter"] == "all")
    #expect(http.requests[1].parameters["offset"] == "1")
  }
}
