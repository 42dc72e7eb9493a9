import ChannelAdapter
import Primitives
import Testing
import WooCommerceChannel

@Suite struct WooCommerceStockTests {
  let adapter = WooCommerceAdapter()

  private func listing(
    _ item: String, _ variation: String = "", _ attributes: [String: String] = [:]
  ) -> ChannelListing {
    ChannelListing(
      itemID: item, variationID: variation, sellerSKU: "S", attributes: attributes)
  }

  private func push(_ listing: ChannelListing, _ quantity: Quantity) -> StockPush {
    StockPush(listing: listing, quantity: quantity, idempotencyKey: "k")
  }

  private func results(
    _ pushes: [StockPush], _ http: RecordedHTTP
  ) async throws(ChannelError) -> [PushResult] {
    try await adapter.pushStock(pushes, api: wooCommerceAPI(http))
  }

  private let parents = ["stock_of": "parent"]

  @Test func productsGoTogetherAndVariationsByTheirParent() {
    #expect(adapter.groupKey(listing("93")) == adapter.groupKey(listing("94")))
    #expect(adapter.groupKey(listing("93", "95")) == "93")
    #expect(adapter.groupKey(listing("93", "95", parents)) == adapter.groupKey(listing("94")))
    #expect(adapter.traits.pushBatch == 100)
  }

  @Test func numbersAreSetAbsoluteAndManaged() async throws {
    let http = RecordedHTTP(
      #"{"update":[{"id":93,"manage_stock":true,"stock_quantity":7},{"id":94,"manage_stock":true,"stock_quantity":0}]}"#
    )
    #expect(
      try await results([push(listing("93"), 7), push(listing("94"), 0)], http)
        == [.acknowledged, .acknowledged])
    let request = http.requests[0]
    #expect(request.method == "POST")
    #expect(request.path == "https://shop.example.com/wp-json/wc/v3/products/batch")
    #expect(
      request.text
        == #"{"update":[{"id":93,"manage_stock":true,"stock_quantity":7},{"id":94,"manage_stock":true,"stock_quantity":0}]}"#
    )
    let variations = RecordedHTTP(#"{"update":[{"id":95,"stock_quantity":3}]}"#)
    #expect(try await results([push(listing("93", "95"), 3)], variations) == [.acknowledged])
    #expect(
      variations.requests[0].path
        == "https://shop.example.com/wp-json/wc/v3/products/93/variations/batch")
  }

  /// Pain point 25: a success with failures inside; each in its object's place.
  @Test func failuresInsideASuccessAreOpened() async throws {
    let http = RecordedHTTP(
      #"""
      {"update":[{"id":1,"stock_quantity":5},
       {"id":2,"error":{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID.","data":{"status":400}}},
       {"id":3,"error":{"code":"internal_error","message":"x","data":{"status":500}}},
       {"id":4,"manage_stock":false,"stock_quantity":null},
       {"id":5,"stock_quantity":4},
       {"id":6,"error":{"code":7,"message":null,"data":"?"}}]}
      """#)
    let pushes = (1...7).map { push(listing(String($0)), 5) } + [push(listing("x-1"), 5)]
    let found = try await results(pushes, http)
    #expect(
      found.map(\.kind) == [
        "acknowledged", "refused", "retry", "refused", "retry", "refused", "retry", "refused",
      ])
    #expect(found[1] == .refused("woocommerce_rest_product_invalid_id: Invalid ID."))
    #expect(found[4] == .retry("it shows 4 after 5 was set", after: nil))
  }

  /// Variations that sell their parent's stock share one number: the least, sent once.
  @Test func sharedStockIsSetOnceToTheLeast() async throws {
    let http = RecordedHTTP(#"{"update":[{"id":93,"stock_quantity":2}]}"#)
    let pushes = [push(listing("93", "95", parents), 5), push(listing("93", "96", parents), 2)]
    #expect(try await results(pushes, http) == [.acknowledged, .acknowledged])
    #expect(
      http.requests[0].text == #"{"update":[{"id":93,"manage_stock":true,"stock_quantity":2}]}"#)
  }

  @Test func nothingToPushIsNoCall() async throws {
    let http = RecordedHTTP()
    #expect(try await results([], http).isEmpty)
    #expect(try await results([push(listing("x"), 1)], http).map(\.kind) == ["refused"])
    #expect(http.requests.isEmpty)
  }

  @Test func entriesThatAreMixedUpAreNotTaken() async throws {
    let http = RecordedHTTP(
      #"{"update":[{"id":94,"stock_quantity":7},{"id":93,"stock_quantity":7}]}"#)
    let found = try await results([push(listing("93"), 7), push(listing("94"), 7)], http)
    #expect(found.map(\.kind) == ["retry", "retry"])
  }

  /// Pain point 6: no number is not zero.
  @Test func shownNumbersAreReadBack() async throws {
    let http = RecordedHTTP(
      #"[{"id":93,"manage_stock":true,"stock_quantity":7},{"id":94,"manage_stock":false,"stock_quantity":null},{"id":99,"stock_quantity":-2}]"#,
      #"[{"id":95,"manage_stock":true,"stock_quantity":"4"},{"id":97,"stock_quantity":2.9}]"#)
    let listings = [
      listing("94"), listing("93", "95"), listing("93"), listing("98"), listing("93", "97"),
      listing("99"), listing("93", "96", parents),
    ]
    let found = try await adapter.readStock(listings, api: wooCommerceAPI(http))
    #expect(found == [nil, 4, 7, nil, 2, -2, 7])
    #expect(
      http.requests.map(\.path).map { String($0.dropFirst(39)) }
        == ["products", "products/93/variations"])
    #expect(http.requests[0].parameters["include"] == "93,94,98,99")
    #expect(http.requests[0].parameters["per_page"] == "100")
    #expect(http.requests[1].parameters["include"] == "95,97")
  }

  @Test func productThatIsGoneShowsNothing() async throws {
    let http = RecordedHTTP([
      ChannelReply(404, #"{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID."}"#)
    ])
    #expect(try await adapter.readStock([listing("93", "95")], api: wooCommerceAPI(http)) == [nil])
  }

  @Test func productsAndVariationsAreListings() async throws {
    let http = RecordedHTTP(
      #"""
      [{"id":90,"name":"Mug","type":"simple","status":"publish","sku":"MUG","manage_stock":false},
       {"id":91,"name":"Set","type":"grouped","status":"publish","sku":"SET"},
       {"id":92,"name":"Link","type":"external","status":"publish","sku":""},
       {"id":93,"name":"Tee","type":"variable","status":"publish","sku":"TEE","variations":[95,96]},
       {"id":94,"name":"Old","type":"simple","status":"draft","sku":null},
       {"id":97,"name":"Hat","type":"variable","status":"private","sku":"HAT","variations":[98]}]
      """#,
      #"""
      [{"id":95,"sku":"TEE-M","status":"publish","manage_stock":true,"attributes":[{"name":"Size","option":"M"},{"name":"Colour","option":"Black"}]},
       {"id":96,"sku":"TEE-L","status":"private","manage_stock":"parent","attributes":[]}]
      """#,
      #"[{"id":98,"sku":"HAT-1","status":"publish","attributes":null}]"#)
    let api = wooCommerceAPI(http)
    var found: [ChannelListing] = []
    var cursor: String?
    repeat {
      let page = try await adapter.fetchListings(after: cursor, api: api)
      found += page.listings
      cursor = page.nextCursor
    } while cursor != nil
    #expect(
      found == [
        .init(itemID: "90", variationID: "", sellerSKU: "MUG", title: "Mug"),
        .init(itemID: "94", variationID: "", sellerSKU: "", title: "Old", state: .hidden),
        .init(itemID: "93", variationID: "95", sellerSKU: "TEE-M", title: "Tee, M, Black"),
        .init(
          itemID: "93", variationID: "96", sellerSKU: "TEE-L", title: "Tee", state: .hidden,
          attributes: parents),
        .init(itemID: "97", variationID: "98", sellerSKU: "HAT-1", title: "Hat", state: .hidden),
      ])
    #expect(http.requests.count == 3)
  }

  @Test func importGoesOnPageByPage() async throws {
    let full =
      "[" + (1...100).map { #"{"id":\#($0),"type":"simple"}"# }.joined(separator: ",") + "]"
    let variable = #"[{"id":200,"name":"T","type":"variable"}]"#
    let many = "[" + (1...100).map { #"{"id":\#(1000 + $0)}"# }.joined(separator: ",") + "]"
    let http = RecordedHTTP([
      ChannelReply(200, full), ChannelReply(200, variable), ChannelReply(200, many),
      ChannelReply(404, #"{"code":"woocommerce_rest_product_invalid_id","message":"x"}"#),
    ])
    var cursor: String?
    var counts: [Int] = []
    repeat {
      let page = try await adapter.fetchListings(after: cursor, api: wooCommerceAPI(http))
      counts.append(page.listings.count)
      cursor = page.nextCursor
    } while cursor != nil
    #expect(counts == [100, 0, 100, 0])
    #expect(http.requests.map { $0.parameters["page"] } == ["1", "2", "1", "2"])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: "7", api: wooCommerceAPI(RecordedHTTP()))
    }
    #expect(error?.kind == "malformed")
  }
}
