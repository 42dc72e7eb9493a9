import ChannelAdapter
import Primitives
import ShopifyChannel
import Testing

/// Goal: the adapter knows which orders Shopify's customers come for, at the cost of a call for those alone, and says that one
/// is ready.
@Suite struct ShopifyPickupTests {
  let adapter = ShopifyAdapter()
  private let address = #","shipping_address":{"country_code":"SG","zip":"018956"}"#
  private let method = #","shipping_lines":[{"code":"Orchard Road"}]"#

  private func event(
    _ fields: String, line: String = "", topic: String = "orders/create"
  ) -> ChannelEvent {
    let body =
      #"{"id":42,"created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:05+08:00"\#(fields),"line_items":[{"id":7,"variant_id":3,"product_id":2,"sku":"TEE","title":"Tee","quantity":2\#(line)}]}"#
    return ChannelEvent(
      key: "k", kind: .order, subject: "42", updateTime: Timestamp(seconds: 1),
      body: Array(body.utf8), topic: topic)
  }

  private func part(
    _ method: String, _ status: String = "OPEN", id: Int = 1, at place: String = "9"
  )
    -> String
  {
    #"{"id":"gid://shopify/FulfillmentOrder/\#(id)","status":"\#(status)","deliveryMethod":\#(method == "null" ? method : "{\"methodType\":\"\(method)\"}"),"assignedLocation":{"location":{"legacyResourceId":\#(place)}}}"#
  }

  private func asked(_ parts: String) -> String {
    let line =
      #"{"id":"gid://shopify/LineItem/7","sku":"TEE","title":"Tee","quantity":2,"currentQuantity":2,"unfulfilledQuantity":2,"variant":{"legacyResourceId":"3"},"product":{"legacyResourceId":"2"}}"#
    return
      #"{"data":{"order":{"legacyResourceId":"42","createdAt":"2026-01-05T03:00:00Z","updatedAt":"2026-01-05T03:00:05Z","cancelledAt":null,"displayFulfillmentStatus":"UNFULFILLED","lineItems":{"nodes":[\#(line)],"pageInfo":{"hasNextPage":false}},"refunds":[],"fulfillmentOrders":\#(parts)}}}"#
  }

  private func read(
    _ event: ChannelEvent?, _ http: RecordedHTTP
  ) async throws(ChannelError) -> ChannelOrder {
    try await adapter.fetchOrder("42", event: event, api: shopifyAPI(http))
  }

  /// Method: what is sent, what is sold over the counter, what needs no way, and what is over has its order in the body.
  @Test func onlyWhatTheCustomerMayComeForIsAskedFor() async throws {
    let bodies = [
      event(address + method), event(""), event(#","shipping_lines":[]"#),
      event(#","shipping_lines":null"#), event(#","shipping_lines":"x""#),
      event(method, line: #","requires_shipping":false"#),
      event(method + #","fulfillment_status":"fulfilled""#),
      event(method + #","cancelled_at":"2026-01-05T11:00:05+08:00""#),
      event(#","shipping_address":7"# + method),
    ]
    for body in bodies {
      let http = RecordedHTTP()
      let order = try await read(body, http)
      #expect(http.requests.isEmpty && order.isFromEvent && !order.isPickup)
    }
    let places = #"{"nodes":[\#(part("PICK_UP"))]}"#
    for fields in [method, #","shipping_address":null"# + method] {
      let http = RecordedHTTP(asked(places))
      let order = try await read(event(fields), http)
      #expect(http.requests.count == 1 && !order.isFromEvent)
      #expect(order.isPickup && order.pickupPlace == "9" && order.lines.map(\.quantity) == [2])
    }
  }

  /// Goal: no sale waits for an answer that it does not need, and one that Shopify has not routed yet is read again. Method: an
  /// order that stood in its event is read once more by the next poll.
  @Test func saleIsTakenInWhenNobodyKnowsYet() async throws {
    for reply in [ChannelReply(503, ""), ChannelReply(200, asked(#"{"nodes":[]}"#))] {
      let http = RecordedHTTP([reply])
      let order = try await read(event(method), http)
      #expect(http.requests.count == 1)
      #expect(order.isFromEvent && !order.isPickup && order.lines.map(\.quantity) == [2])
    }
  }

  @Test func deliveryMethodsAreRead() async throws {
    let cases: [(parts: [String], isPickup: Bool, place: String?)] = [
      ([part("PICK_UP")], true, "9"), ([part("SHIPPING")], false, nil),
      ([part("LOCAL")], false, nil), ([part("RETAIL")], false, nil),
      ([part("PICKUP_POINT")], false, nil), ([part("NONE")], false, nil),
      ([part("null")], false, nil), ([], false, nil), (["7"], false, nil),
      ([part("SHIPPING"), part("PICK_UP", id: 2, at: "8")], true, "8"),
      // It was moved to another store.
      ([part("PICK_UP", "CLOSED"), part("PICK_UP", id: 2, at: "8")], true, "8"),
      ([part("PICK_UP", "ON_HOLD")], true, "9"), ([part("PICK_UP", "CLOSED")], true, "9"),
      ([part("PICK_UP", at: "null")], true, nil), ([part("PICK_UP", at: "{}")], true, nil),
    ]
    for (parts, isPickup, place) in cases {
      let http = RecordedHTTP(asked(#"{"nodes":[\#(parts.joined(separator: ","))]}"#))
      let order = try await read(nil, http)
      #expect(order.isPickup == isPickup && order.pickupPlace == place, "\(parts)")
      #expect(order.lines.count == 1)
    }
    for parts in ["null", "7", "[]"] {
      #expect(try await read(nil, RecordedHTTP(asked(parts))).isPickup == false)
    }
  }

  private func ready(_ http: RecordedHTTP) async -> ChannelError? {
    await failure { () async throws(ChannelError) in
      try await adapter.markReady(ReadyNotice(orderExternalID: "42"), api: shopifyAPI(http))
    }
  }

  private func parts(_ parts: String...) -> String {
    #"{"data":{"order":{"fulfillmentOrders":{"nodes":[\#(parts.joined(separator: ","))]}}}}"#
  }

  private func answer(_ errors: String = "") -> String {
    #"{"data":{"fulfillmentOrderLineItemsPreparedForPickup":{"userErrors":[\#(errors)]}}}"#
  }

  private func error(_ code: String) -> String {
    #"{"code":"\#(code)","field":["input"],"message":"No."}"#
  }

  @Test func openPartsArePreparedOneByOne() async throws {
    let http = RecordedHTTP(
      parts(
        part("PICK_UP"), part("SHIPPING", id: 2), part("PICK_UP", "IN_PROGRESS", id: 3),
        part("PICK_UP", "CLOSED", id: 4), part("PICK_UP", "CANCELLED", id: 5)),
      answer(), answer())
    #expect(await ready(http) == nil)
    let told = http.requests.dropFirst().map(\.text)
    #expect(told.count == 2)
    for (text, id) in zip(told, [1, 3]) {
      #expect(
        text.contains(
          #""variables":{"input":{"lineItemsByFulfillmentOrder":[{"fulfillmentOrderId":"gid://shopify/FulfillmentOrder/\#(id)"}]}}"#
        ), "\(text)")
    }
  }

  /// Method: told before, collected, cancelled, sent, or of a part that the app does not see.
  @Test func nothingIsSaidTwiceOrInVain() async throws {
    let before = error("NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER")
    let twice = RecordedHTTP(
      parts(part("PICK_UP"), part("PICK_UP", id: 2)), answer(before), answer())
    #expect(await ready(twice) == nil)
    #expect(twice.requests.count == 3)
    for told in [parts(part("PICK_UP", "CLOSED")), parts(part("SHIPPING")), parts()] {
      let http = RecordedHTTP(told)
      #expect(await ready(http) == nil)
      #expect(http.requests.count == 1)
    }
  }

  @Test func refusalsSayWhatCanBeDone() async {
    let cases: [([String], String)] = [
      ([parts(part("PICK_UP")), answer(error("FULFILLMENT_ORDER_INVALID"))], "refused"),
      ([parts(part("PICK_UP", "ON_HOLD"))], "unavailable"),
      ([parts(part("PICK_UP")), #"{"data":{}}"#], "malformed"),
      ([#"{"data":{"order":null}}"#], "notFound"),
    ]
    for (bodies, kind) in cases {
      let http = RecordedHTTP(bodies.map { ChannelReply(200, $0) })
      #expect(await ready(http)?.kind == kind)
    }
  }
}
