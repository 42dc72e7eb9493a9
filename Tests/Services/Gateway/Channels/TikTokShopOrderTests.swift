import ChannelAdapter
import Primitives
import Testing

@testable import TikTokShopChannel

@Suite struct TikTokShopOrderTests {
  let adapter = TikTokShopAdapter()

  private func unit(
    _ id: Int, _ status: String?, sku: Int = 234, _ fields: String = #""is_gift":false"#
  ) -> String {
    let word = status.map { #""display_status":"\#($0)","# } ?? ""
    return
      #"{"id":"\#(id)","sku_id":"\#(sku)","product_id":"17295","seller_sku":"SKU-\#(sku)","product_name":"Tee","sku_name":"Black, M",\#(word)\#(fields)}"#
  }

  private func order(
    _ status: String, _ units: [String], _ fields: String = #""shipping_type":"TIKTOK""#
  ) -> String {
    tikTokShopData(
      #"{"orders":[{"id":"42","status":"\#(status)","create_time":1767600000,"update_time":1767600005,\#(fields),"line_items":[\#(units.joined(separator: ","))]}]}"#
    )
  }

  private func fetch(
    _ body: String, event: ChannelEvent? = nil
  ) async throws(ChannelError) -> ChannelOrder {
    try await adapter.fetchOrder("42", event: event, api: tikTokShopAPI(RecordedHTTP(body)))
  }

  @Test func orderIsAskedForWithASignature() async throws {
    let http = RecordedHTTP(order("AWAITING_SHIPMENT", [unit(1, "AWAITING_SHIPMENT")]))
    _ = try await adapter.fetchOrder("42", event: nil, api: tikTokShopAPI(http))
    let request = http.requests[0]
    #expect(http.requests.count == 1 && request.method == "GET" && request.body.isEmpty)
    #expect(request.path == "http://127.0.0.1:8090/tiktok/order/202309/orders")
    #expect(request.headers.contains { $0 == ("x-tts-access-token", "tok_demo") })
    let sent = request.parameters
    #expect(sent["access_token"] == nil)
    let base =
      "fake_app_secret/order/202309/ordersapp_keyfake_app_keyids42shop_cipherCIPHER_demotimestamp1700000000fake_app_secret"
    #expect(sent["sign"] == ChannelSignature.hex(key: "fake_app_secret", Array(base.utf8)))
  }

  @Test func unitsOfOneSKUAreOneLine() async throws {
    let read = try await fetch(
      order(
        "AWAITING_SHIPMENT",
        [
          unit(1, "AWAITING_SHIPMENT"), unit(2, "CANCELLED"),
          unit(3, "AWAITING_SHIPMENT", sku: 9), unit(4, "AWAITING_SHIPMENT"),
        ]))
    #expect(read.state == .open)
    #expect(read.saleTime.seconds == 1_767_600_000)
    #expect(read.updateTime.seconds == 1_767_600_005)
    #expect(
      read.lines == [
        .init(
          lineID: "234", itemID: "17295", variationID: "234", sellerSKU: "SKU-234",
          title: "Tee, Black, M", quantity: 3, cancelledCount: 1),
        .init(
          lineID: "9", itemID: "17295", variationID: "9", sellerSKU: "SKU-9",
          title: "Tee, Black, M", quantity: 1),
      ])
  }

  @Test(arguments: [
    ("UNPAID", ChannelOrder.State.open), ("ON_HOLD", .open), ("AWAITING_SHIPMENT", .open),
    ("PARTIALLY_SHIPPING", .open), ("AWAITING_COLLECTION", .open), ("SOMETHING_NEW", .open),
    ("", .open), ("IN_TRANSIT", .shipped), ("DELIVERED", .shipped), ("COMPLETED", .shipped),
    ("CANCELLED", .cancelled), ("CANCEL", .cancelled), ("cancelled", .cancelled),
  ])
  func statusSaysWhatItMeansForStock(_ status: String, _ state: ChannelOrder.State) async throws {
    for units in [[unit(1, status), unit(2, status)], [unit(1, nil), unit(2, nil)]] {
      let read = try await fetch(order(status, units))
      #expect(read.state == state)
      #expect(read.lines[0].cancelledCount == (state == .cancelled ? 2 : 0))
    }
  }

  @Test func partOfAnOrderIsCancelledOrGone() async throws {
    let part = try await fetch(
      order("IN_TRANSIT", [unit(1, "IN_TRANSIT"), unit(2, "CANCELLED"), unit(3, "DELIVERED")]))
    #expect(part.state == .shipped && part.lines[0].cancelledCount == 1)
    let mixed = try await fetch(
      order("PARTIALLY_SHIPPING", [unit(1, "IN_TRANSIT"), unit(2, "AWAITING_SHIPMENT")]))
    #expect(mixed.state == .open && mixed.lines[0].cancelledCount == 0)
  }

  /// A parcel that the courier had was lost or sent back: its units are not on the shelf.
  @Test(arguments: [
    (#""package_status":"FULFILLING""#, #""x":1"#, true),
    (#""package_status":"CANCELLED","rts_time":1"#, #""collection_time":1767600003"#, true),
    (#""rts_time":1"#, #""collection_time":1767600003"#, true),
    (#""package_status":"CANCELLED","rts_time":1"#, #""collection_time":0"#, false),
    (#""package_status":"PROCESSING","rts_time":1"#, #""collection_time":1767600003"#, false),
    (#""package_status":"TO_FULFILL""#, #""collection_time":1767600003"#, false),
    (#""package_status":"CANCELLED""#, #""collection_time":1767600003"#, false),
  ])
  func orderCancelledAfterItLeftDoesNotGiveItsUnitsBack(
    _ unitFields: String, _ orderFields: String, _ hasLeft: Bool
  ) async throws {
    let read = try await fetch(
      order("CANCELLED", [unit(1, "CANCELLED", unitFields)], orderFields))
    #expect(read.state == (hasLeft ? .shipped : .cancelled))
    #expect(read.lines[0].cancelledCount == (hasLeft ? 0 : 1))
  }

  @Test(arguments: [
    ("FULFILLMENT_BY_TIKTOK", ChannelOrder.State.foreign), ("BY_TIKTOK", .foreign),
    ("FULFILLMENT_BY_DILAYANI_TOKOPEDIA", .foreign), ("FULFILLMENT_BY_SELLER", .open),
    ("FULFILLMENT_BY_SOMEBODY", .open), ("", .open),
  ])
  func orderThatThePlatformShipsIsForeign(
    _ type: String, _ state: ChannelOrder.State
  ) async throws {
    let read = try await fetch(
      order(
        "AWAITING_SHIPMENT", [unit(1, "AWAITING_SHIPMENT")], #""fulfillment_type":"\#(type)""#))
    #expect(read.state == state)
  }

  /// The bundle's own stock cannot be set, and TikTok takes its parts off their listings.
  @Test func virtualBundleTakesItsParts() async throws {
    let parts =
      #""combined_listing_skus":[{"sku_id":"7","sku_count":2,"product_id":"70","seller_sku":"MUG"},{"sku_id":"234","product_id":"17295","seller_sku":"SKU-234"}]"#
    let read = try await fetch(
      order(
        "AWAITING_SHIPMENT",
        [
          unit(1, "AWAITING_SHIPMENT", sku: 900, parts), unit(2, "AWAITING_SHIPMENT"),
          unit(3, "CANCELLED", sku: 900, parts),
        ]))
    #expect(read.lines.map(\.lineID) == ["7", "234"])
    #expect(read.lines.map(\.itemID) == ["70", "17295"])
    #expect(read.lines.map(\.quantity) == [4, 3])
    #expect(read.lines.map(\.cancelledCount) == [2, 1])
  }

  @Test func whatWasFetchedAfterAnEventIsNoOlder() async throws {
    let body = order("AWAITING_SHIPMENT", [unit(1, "AWAITING_SHIPMENT")])
    let event = ChannelEvent(
      key: "k", kind: .order, subject: "42", updateTime: Timestamp(seconds: 1_767_600_099),
      body: [])
    #expect(try await fetch(body, event: event).updateTime.seconds == 1_767_600_099)
    var older = event
    older.updateTime = Timestamp(seconds: 1)
    #expect(try await fetch(body, event: older).updateTime.seconds == 1_767_600_005)
  }

  @Test func unknownOrderIsNotFound() async {
    for body in [
      tikTokShopData(#"{"orders":[]}"#), tikTokShopData("{}"), tikTokShopFailure(21_008_111),
      tikTokShopData(#"{"orders":[{"id":"43","status":"UNPAID","create_time":1}]}"#),
    ] {
      let kind = await failure { () async throws(ChannelError) in try await fetch(body) }?.kind
      #expect(kind == "notFound", "\(body)")
    }
  }

  @Test(arguments: [
    "", "<html>", "[]", #"{"message":"Success"}"#, #"{"code":null}"#, #"{"code":0}"#,
    #"{"code":0,"data":[]}"#, #"{"code":0,"data":{"orders":{}}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","create_time":1}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":"x"}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":-1,"line_items":[{"id":"1"}]}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":1,"line_items":[]}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":1}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":1,"line_items":[{"sku_id":"1"}]}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":1,"line_items":[{"id":"1","sku_id":{}}]}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":1,"line_items":[{"id":"1","combined_listing_skus":[{"sku_id":"2","sku_count":0}]}]}]}}"#,
    #"{"code":0,"data":{"orders":[{"id":"42","status":"UNPAID","create_time":1,"line_items":[{"id":"1","combined_listing_skus":[{"sku_count":1}]}]}]}}"#,
  ])
  func senselessAnswerIsMalformed(_ body: String) async {
    let kind = await failure { () async throws(ChannelError) in try await fetch(body) }?.kind
    #expect(kind == "malformed")
  }

  /// Goal: what an order can do without is no reason to lose it.
  @Test func oddFieldsThatNobodyNeedsAreLeftOut() async throws {
    let read = try await fetch(
      tikTokShopData(
        #"{"orders":[{"id":42,"status":"UNPAID","create_time":"1767600000","update_time":null,"collection_time":{},"fulfillment_type":7,"shipping_type":[],"delivery_option_id":{},"recipient_address":"x","line_items":[{"id":1,"sku_id":234,"product_id":null,"seller_sku":null,"product_name":7,"sku_name":null,"package_status":3,"rts_time":"x","combined_listing_skus":null}]}]}"#
      ))
    #expect(read.state == .open)
    #expect(read.updateTime == read.saleTime)
    #expect(
      read.lines == [
        .init(lineID: "234", itemID: "234", variationID: "234", sellerSKU: "", quantity: 1)
      ])
  }

  // MARK: Polling

  @Test func changesComeAsTheEventsThatWereMissed() async throws {
    let page = tikTokShopData(
      #"{"next_page_token":"next","total_count":3,"orders":[{"id":"42","status":"UNPAID","update_time":1767600005},{"id":null},{"id":"43","status":"CANCELLED","update_time":"1767600006"}]}"#
    )
    let http = RecordedHTTP(page, tikTokShopData(#"{"next_page_token":"","orders":[]}"#))
    let api = tikTokShopAPI(http)
    let since = Timestamp(microseconds: 1_767_600_004_999_999)
    let first = try await adapter.changedOrders(since: since, after: nil, api: api)
    #expect(first.nextCursor == "next")
    #expect(first.events.map(\.subject) == ["42", "43"])
    #expect(first.events.map(\.updateTime.seconds) == [1_767_600_005, 1_767_600_006])
    #expect(first.events.map(\.key)[0] == "7494726673780148744:1:42:UNPAID:1767600005")
    for event in first.events {
      var request = post("")
      request.body = event.body
      #expect(try adapter.parse(request, account: api.account) == event)
    }
    let request = http.requests[0]
    #expect(request.text == #"{"update_time_ge":1767600004}"#)
    #expect(request.parameters["sort_field"] == "update_time")
    #expect(request.parameters["sort_order"] == "ASC" && request.parameters["page_size"] == "100")
    let last = try await adapter.changedOrders(since: since, after: "next", api: api)
    #expect(last == OrderChanges(events: [], nextCursor: "returns:"))
    #expect(http.requests[1].parameters["page_token"] == "next")
    #expect(first.states.values.sorted { $0.rawValue < $1.rawValue } == [.open])
    #expect(first.openCounts.isEmpty, "these have no units")
  }

  @Test func changedReturnsFollowTheOrders() async throws {
    let page = tikTokShopData(
      #"{"next_page_token":"more","return_orders":[{"return_id":"7","return_status":"RETURN_OR_REFUND_REQUEST_PENDING","update_time":1767600005},{"return_id":""}]}"#
    )
    let http = RecordedHTTP(page, tikTokShopData(#"{"return_orders":[]}"#))
    let api = tikTokShopAPI(http)
    let since = Timestamp(seconds: 1_767_600_004)
    let first = try await adapter.changedOrders(since: since, after: "returns:", api: api)
    #expect(first.events.map(\.subject) == ["7"] && first.events.map(\.kind) == [.return])
    let key = "7494726673780148744:12:7:RETURN_OR_REFUND_REQUEST_PENDING:1767600005"
    #expect(first.events.map(\.key) == [key])
    let last = try await adapter.changedOrders(since: since, after: first.nextCursor, api: api)
    #expect(last == OrderChanges(events: [], nextCursor: nil))
    #expect(http.requests[0].parameters["page_token"] == nil)
    #expect(http.requests[1].parameters["page_token"] == "more")
  }

  @Test func pageThatSaysNothingEndsTheSweep() async throws {
    let http = RecordedHTTP(tikTokShopData(#"{"next_page_token":"again","orders":null}"#))
    let page = try await adapter.changedOrders(
      since: .zero, after: nil, api: tikTokShopAPI(http))
    #expect(page.nextCursor == "returns:")
  }
}
