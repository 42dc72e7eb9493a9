import ChannelAdapter
import Primitives
import ShopifyChannel
import Testing

@Suite struct ShopifyOrderTests {
  let adapter = ShopifyAdapter()

  private func line(_ fields: String = "", id: Int = 466_157_049, quantity: Int = 2) -> String {
    #"{"id":\#(id),"variant_id":39072856,"product_id":632910392,"sku":"TEE-BLK-M","title":"Tee","quantity":\#(quantity)\#(fields)}"#
  }

  private func event(
    _ lines: String, _ fields: String = "", topic: String = "orders/updated"
  ) -> ChannelEvent {
    let body =
      #"{"id":450789469,"created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:05+08:00"\#(fields),"line_items":[\#(lines)]}"#
    return ChannelEvent(
      key: "k", kind: .order, subject: "450789469", updateTime: Timestamp(seconds: 1),
      body: Array(body.utf8), topic: topic)
  }

  private func read(_ event: ChannelEvent) async throws(ChannelError) -> ChannelOrder {
    try await adapter.fetchOrder("450789469", event: event, api: shopifyAPI(RecordedHTTP()))
  }

  @Test func bodyOfTheEventIsTheOrder() async throws {
    let full =
      line(
        #","current_quantity":2,"fulfillable_quantity":2,"fulfillment_status":null,"requires_shipping":true,"gift_card":false"#
      )
    let order = try await read(event(full, #","cancelled_at":null,"refunds":[],"fulfillments":[]"#))
    #expect(
      order
        == ChannelOrder(
          externalID: "450789469", state: .open,
          lines: [
            .init(
              lineID: "466157049", itemID: "632910392", variationID: "39072856",
              sellerSKU: "TEE-BLK-M", title: "Tee", quantity: 2)
          ], saleTime: Timestamp(seconds: 1_767_582_000),
          updateTime: Timestamp(seconds: 1_767_582_005), isFromEvent: true))
  }

  private func refunds(_ lines: (Int, String)...) -> String {
    let list = lines.map {
      #"{"line_item_id":466157049,"quantity":\#($0.0),"restock_type":"\#($0.1)"}"#
    }
    return #","refunds":[{"id":1,"refund_line_items":[\#(list.joined(separator: ","))]}]"#
  }

  /// Units that will never leave are cancelled; units that came back after they had left are a return's matter.
  @Test func removedUnitsAreCancelledAndReturnedOnesAreNot() async throws {
    func cancelled(_ lineFields: String, _ fields: String = "") async throws -> Quantity {
      try await read(event(line(lineFields, quantity: 3), fields)).lines[0].cancelledCount
    }
    let fulfilled = #","current_quantity":2,"fulfillment_status":"fulfilled""#
    let waiting = #","current_quantity":2,"fulfillment_status":null"#
    #expect(try await cancelled(#","current_quantity":3"#) == 0)
    // Taken off by an edit: nothing was refunded.
    #expect(try await cancelled(waiting) == 1)
    #expect(try await cancelled(waiting, refunds((1, "cancel"))) == 1)
    #expect(try await cancelled(waiting, refunds((1, "no_restock"))) == 1)
    #expect(try await cancelled(waiting, refunds((1, "legacy_restock"))) == 1)
    #expect(try await cancelled(fulfilled, refunds((1, "return"))) == 0)
    #expect(try await cancelled(fulfilled, refunds((1, "no_restock"))) == 0)
    #expect(try await cancelled(fulfilled, refunds((1, "legacy_restock"))) == 0)
    let partial = #","current_quantity":1,"fulfillment_status":"partial""#
    #expect(try await cancelled(partial, refunds((1, "return"), (1, "cancel"))) == 1)
    // Without current_quantity the refunds alone tell.
    #expect(try await cancelled("", refunds((1, "cancel"), (1, "no_restock"))) == 2)
    #expect(try await cancelled(#","fulfillment_status":"fulfilled""#, refunds((2, "return"))) == 0)
  }

  @Test func absurdNumbersAreRefusedAndNeverCrash() async throws {
    let extremes = ["9223372036854775807", "-9223372036854775808", "0", "2"]
    for current in extremes {
      for refund in extremes {
        let fields =
          #","refunds":[{"refund_line_items":[{"line_item_id":466157049,"quantity":\#(refund),"restock_type":"return"},{"line_item_id":466157049,"quantity":\#(refund),"restock_type":"cancel"}]}]"#
        let body = event(line(#","current_quantity":\#(current)"#), fields)
        if [current, refund].allSatisfy({ $0.count == 1 }) {
          #expect((0...2).contains(try await read(body).lines[0].cancelledCount))
        } else {
          let error = await failure { () async throws(ChannelError) in try await read(body) }
          #expect(error?.kind == "malformed")
        }
      }
    }
    let huge = event(#"{"id":1,"sku":"A","quantity":9223372036854775807}"#)
    let error = await failure { () async throws(ChannelError) in try await read(huge) }
    #expect(error?.kind == "malformed")
  }

  @Test func cancelledOrderGivesAllThatDidNotLeave() async throws {
    let cancelled = #","cancelled_at":"2026-01-05T12:00:00+08:00""#
    let order = try await read(event(line(#","current_quantity":2"#), cancelled))
    #expect(order.state == .cancelled)
    #expect(order.lines[0].cancelledCount == 2)
    let refunded = try await read(
      event(line(#","current_quantity":0"#), cancelled + refunds((2, "cancel"))))
    #expect(refunded.state == .cancelled)
    let left = try await read(
      event(line(#","current_quantity":2,"fulfillment_status":"fulfilled""#), cancelled))
    #expect(left.state == .shipped)
    #expect(left.lines[0].cancelledCount == 0)
    // Every unit was taken off, one refund after another.
    let emptied = try await read(event(line(#","current_quantity":0"#), refunds((2, "cancel"))))
    #expect(emptied.state == .cancelled)
  }

  @Test func saleAtTheTillHasLeft() async throws {
    let fields = #","source_name":"pos","fulfillment_status":"fulfilled""#
    let order = try await read(event(line(#","fulfillment_status":"fulfilled""#), fields))
    #expect(order.state == .shipped)
    let partly = try await read(
      event(
        line(#","fulfillment_status":"fulfilled""#) + "," + line(id: 2),
        #","fulfillment_status":"partial""#))
    #expect(partly.state == .open)
  }

  @Test func linesWithoutStockAreLeftOutAndNamelessOnesNamed() async throws {
    let lines = [
      line(#","gift_card":true"#, id: 1),
      #"{"id":2,"variant_id":null,"product_id":null,"sku":null,"title":"Tip","quantity":1,"requires_shipping":false}"#,
      #"{"id":3,"variant_id":null,"product_id":null,"sku":"OLD-1","title":"Gone","quantity":1}"#,
      #"{"id":4,"variant_id":null,"product_id":null,"sku":"","title":"Odd","quantity":1}"#,
      line(id: 5),
    ]
    let order = try await read(event(lines.joined(separator: ",")))
    #expect(order.lines.map(\.lineID) == ["3", "4", "5"])
    #expect(order.lines.map(\.itemID) == ["custom:OLD-1", "custom:4", "632910392"])
    let gift = try await read(event(line(#","gift_card":true"#)))
    #expect(gift.state == .foreign)
    #expect(gift.lines.isEmpty)
  }

  @Test(arguments: [
    #"{"id":450789469}"#, #"{"id":450789469,"created_at":"x","updated_at":"y","line_items":[]}"#,
    #"{"id":450789469,"created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:00+08:00","line_items":[{"id":1,"quantity":-1}]}"#,
    "",
  ])
  func senselessEventIsMalformed(_ body: String) async {
    var event = event(line())
    event.body = Array(body.utf8)
    let error = await failure { () async throws(ChannelError) in try await read(event) }
    #expect(error?.kind == "malformed")
  }

  private func page(_ lines: String, next: String?, _ fields: String = "") -> String {
    let info =
      next.map { #"{"hasNextPage":true,"endCursor":"\#($0)"}"# } ?? #"{"hasNextPage":false}"#
    return
      #"{"data":{"order":{"legacyResourceId":"450789469","createdAt":"2026-01-05T03:00:00Z","updatedAt":"2026-01-05T03:00:05Z","cancelledAt":null,"displayFulfillmentStatus":"UNFULFILLED"\#(fields),"lineItems":{"nodes":[\#(lines)],"pageInfo":\#(info)}}}}"#
  }
  private func node(_ id: Int, _ fields: String) -> String {
    #"{"id":"gid://shopify/LineItem/\#(id)","sku":"S","title":"T","variant":{"legacyResourceId":"39"},"product":{"legacyResourceId":"63"},\#(fields)}"#
  }

  @Test func orderWithoutABodyIsAskedForPageByPage() async throws {
    let refund =
      #","refunds":[{"refundLineItems":{"nodes":[{"quantity":1,"restockType":"CANCEL","lineItem":{"id":"gid://shopify/LineItem/1"}}]}}]"#
    let http = RecordedHTTP(
      page(node(1, #""quantity":3,"currentQuantity":2,"unfulfilledQuantity":2"#), next: "c1"),
      page(node(2, #""quantity":1,"currentQuantity":1,"unfulfilledQuantity":0"#), next: nil, refund)
    )
    var edited = event(line())
    edited.topic = "orders/edited"
    let order = try await adapter.fetchOrder("450789469", event: edited, api: shopifyAPI(http))
    #expect(order.state == .open)
    #expect(
      order.lines == [
        .init(
          lineID: "1", itemID: "63", variationID: "39", sellerSKU: "S", title: "T", quantity: 3,
          cancelledCount: 1),
        .init(
          lineID: "2", itemID: "63", variationID: "39", sellerSKU: "S", title: "T", quantity: 1),
      ])
    let request = http.requests[0]
    #expect(
      request.url
        == "http://127.0.0.1:8090/shopify/demo.myshopify.com/admin/api/2026-07/graphql.json")
    #expect(
      request.headers.contains { $0.name == "x-shopify-access-token" && $0.value == "shpat_demo" })
    #expect(request.text.contains(#""id":"gid://shopify/Order/450789469""#))
    #expect(http.requests[1].text.contains(#""after":"c1""#))
  }

  @Test func unknownOrderIsNotFound() async {
    let http = RecordedHTTP(#"{"data":{"order":null}}"#)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("1", event: nil, api: shopifyAPI(http))
    }
    #expect(error?.kind == "notFound")
  }

  @Test func endlessPagesEnd() async {
    let body = page(node(1, #""quantity":1"#), next: "again")
    let http = RecordedHTTP((0..<100).map { _ in ChannelReply(200, body) })
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("450789469", event: nil, api: shopifyAPI(http))
    }
    #expect(error?.kind == "malformed")
    #expect(http.requests.count == 40)
  }
}
