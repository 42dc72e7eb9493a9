import ChannelAdapter
import Primitives
import Testing
import WooCommerceChannel

@Suite struct WooCommerceOrderTests {
  let adapter = WooCommerceAdapter()

  private func event(_ body: String, topic: String = "order.updated") -> ChannelEvent {
    ChannelEvent(
      key: "k", kind: .order, subject: "727", updateTime: Timestamp(seconds: 1),
      body: Array(body.utf8), topic: topic)
  }

  private func read(
    _ body: String, _ http: RecordedHTTP = RecordedHTTP()
  ) async throws(ChannelError) -> ChannelOrder {
    try await adapter.fetchOrder("727", event: event(body), api: wooCommerceAPI(http))
  }

  private func refund(
    _ id: Int, _ lines: String, created: String = "2026-01-06T03:00:00"
  ) -> String {
    #"{"id":\#(id),"date_created_gmt":"\#(created)","reason":"broken","line_items":[\#(lines)]}"#
  }

  private func refunded(_ quantity: Int, of line: String? = "315", id: Int = 801) -> String {
    let meta = line.map { #"[{"id":1,"key":"_refunded_item_id","value":"\#($0)"}]"# } ?? "[]"
    return
      #"{"id":\#(id),"product_id":93,"variation_id":95,"quantity":\#(quantity),"meta_data":\#(meta)}"#
  }

  private func list(_ refunds: String...) -> String { "[\(refunds.joined(separator: ","))]" }

  private let hasRefunds = #","refunds":[{"id":730,"reason":"","total":"-30.00"}]"#
  private let completed = #","date_completed_gmt":"2026-01-05T05:00:00""#

  @Test func bodyOfTheEventIsTheOrder() async throws {
    let http = RecordedHTTP()
    let order = try await read(
      wooOrder(
        more:
          #","refunds":[],"shipping":{"country":"MY","state":"SBH","city":"Kota Kinabalu","postcode":"88300"}"#
      ), http)
    #expect(
      order
        == ChannelOrder(
          externalID: "727", state: .open,
          lines: [
            .init(
              lineID: "315", itemID: "93", variationID: "95", sellerSKU: "TEE-BLK-M", title: "Tee",
              quantity: 2)
          ], saleTime: Timestamp(seconds: 1_767_582_000),
          updateTime: Timestamp(seconds: 1_767_582_002) + .microseconds(2),
          address: ChannelAddress(
            country: "MY", regions: ["SBH", "Kota Kinabalu"], postalCode: "88300"),
          isFromEvent: true))
    #expect(http.requests.isEmpty)
  }

  @Test(arguments: [
    ("checkout-draft", ChannelOrder.State.foreign), ("auto-draft", .foreign), ("pending", .foreign),
    ("failed", .foreign), ("on-hold", .open), ("processing", .open), ("wc-packed", .open),
    ("completed", .shipped), ("cancelled", .cancelled), ("refunded", .cancelled),
    ("trash", .cancelled),
  ])
  func statusSaysWhatItTakes(_ status: String, _ state: ChannelOrder.State) async throws {
    let order = try await read(wooOrder(status: status))
    #expect(order.state == state)
    #expect(order.lines.map(\.cancelledCount) == [state == .cancelled ? 2 : 0])
  }

  @Test(arguments: ["cancelled", "refunded", "trash"])
  func whatEndedAfterItLeftStaysSold(_ status: String) async throws {
    let order = try await read(wooOrder(status: status, more: completed))
    #expect(order.state == .shipped && order.lines.map(\.cancelledCount) == [0])
  }

  @Test func whatWasSetBackFromCompletedHasNotLeft() async throws {
    #expect(try await read(wooOrder(more: completed)).state == .open)
  }

  /// Refunded before it left: the unit never leaves, put back by WooCommerce or not.
  @Test func refundBeforeItLeftCancelsUnits() async throws {
    let http = RecordedHTTP(list(refund(730, refunded(-1))))
    let order = try await read(wooOrder(more: hasRefunds), http)
    #expect(order.state == .open && order.lines.map(\.cancelledCount) == [1])
    #expect(order.lines.map(\.quantity) == [2])
    #expect(http.requests[0].path == "https://shop.example.com/wp-json/wc/v3/orders/727/refunds")
    let all = try await read(
      wooOrder(more: hasRefunds),
      RecordedHTTP(list(refund(730, refunded(-1)), refund(731, refunded(-5)))))
    #expect(all.state == .cancelled && all.lines.map(\.cancelledCount) == [2])
    let nameless = try await read(
      wooOrder(more: hasRefunds), RecordedHTTP(list(refund(730, refunded(-1, of: nil)))))
    #expect(nameless.lines.map(\.cancelledCount) == [1])
    let money = try await read(
      wooOrder(more: hasRefunds), RecordedHTTP(list(refund(730, ""))))
    #expect(money.lines.map(\.cancelledCount) == [0])
  }

  @Test func refundAfterItLeftIsNoCancellation() async throws {
    let body = wooOrder(status: "completed", more: completed + hasRefunds)
    let late = try await read(body, RecordedHTTP(list(refund(730, refunded(-1)))))
    #expect(late.state == .shipped && late.lines.map(\.cancelledCount) == [0])
    let early = try await read(
      body, RecordedHTTP(list(refund(730, refunded(-1), created: "2026-01-05T04:59:59"))))
    #expect(early.state == .shipped && early.lines.map(\.cancelledCount) == [1])
    // Of the second in which it left: what has left cannot be cancelled, and would be missing.
    let same = try await read(
      body, RecordedHTTP(list(refund(730, refunded(-1), created: "2026-01-05T05:00:00"))))
    #expect(same.state == .shipped && same.lines.map(\.cancelledCount) == [0])
  }

  @Test func linesWithoutAProductAreNamedByTheirCode() async throws {
    let lines = [
      wooLine(id: 1, product: "0", variation: "0", sku: #""OLD-1""#),
      wooLine(id: 2, product: "null", variation: "null", sku: "null"), wooLine(id: 3),
    ]
    let order = try await read(wooOrder(lines: lines))
    #expect(order.lines.map(\.itemID) == ["custom:OLD-1", "custom:2", "93"])
    #expect(order.lines.map(\.variationID) == ["", "", "95"])
    #expect(try await read(wooOrder(lines: [])).state == .foreign)
  }

  @Test func numbersAsTextAndOddFieldsAreRead() async throws {
    let line =
      #"{"id":"315","name":["x"],"product_id":"93","variation_id":"0","quantity":"2","sku":7,"meta_data":{"a":1}}"#
    let order = try await read(wooOrder(id: #""727""#, lines: [line], more: #","shipping":[]"#))
    #expect(
      order.lines == [
        .init(lineID: "315", itemID: "93", variationID: "", sellerSKU: "7", quantity: 2)
      ])
    #expect(order.address == nil)
  }

  /// Of a metre that is sold in part nothing whole is left; of one that came back in part nothing whole is back.
  @Test func partsOfUnitsAreTakenWhole() async throws {
    let body = wooOrder(
      lines: [#"{"id":315,"product_id":93,"variation_id":95,"quantity":2.5}"#], more: hasRefunds)
    let order = try await read(
      body,
      RecordedHTTP(
        #"[{"id":730,"date_created_gmt":"2026-01-06T03:00:00","line_items":[{"id":8,"product_id":93,"variation_id":95,"quantity":"-1.5"}]}]"#
      ))
    #expect(order.lines.map(\.quantity) == [3] && order.lines.map(\.cancelledCount) == [1])
  }

  @Test func eventThatCannotBeReadIsFetched() async throws {
    let http = RecordedHTTP(wooOrder())
    let order = try await read(#"{"id":727}"#, http)
    #expect(order.state == .open)
    #expect(http.requests[0].path == "https://shop.example.com/wp-json/wc/v3/orders/727")
  }

  @Test func absurdQuantityIsMalformed() async {
    for quantity in ["-1", "9223372036854775807", "1e300", #""many""#, "null"] {
      let body = wooOrder(lines: [#"{"id":1,"product_id":93,"quantity":\#(quantity)}"#])
      let error = await failure { () async throws(ChannelError) in
        try await read(body, RecordedHTTP(body))
      }
      #expect(error?.kind == "malformed", "\(quantity)")
    }
  }

  @Test func deletedOrderTakesNothing() async throws {
    let gone = ChannelReply(
      404,
      #"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#
    )
    let event = event(#"{"id":727}"#, topic: "order.deleted")
    let order = try await adapter.fetchOrder(
      "727", event: event, api: wooCommerceAPI(RecordedHTTP([gone])))
    #expect(order.state == .cancelled && order.lines.isEmpty)
    #expect(order.updateTime == Timestamp(seconds: 1_700_000_000))
    let trashed = try await adapter.fetchOrder(
      "727", event: event, api: wooCommerceAPI(RecordedHTTP(wooOrder(status: "trash"))))
    #expect(trashed.state == .cancelled && trashed.lines.map(\.cancelledCount) == [2])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("727", event: nil, api: wooCommerceAPI(RecordedHTTP([gone])))
    }
    #expect(error?.kind == "notFound")
  }

  private func returned(
    _ refundID: String, restocked: Int, _ refunds: String, completed: Bool = true
  ) async throws(ChannelError) -> ChannelReturn {
    let meta =
      #"[{"key":"_restock_refunded_items","value":"\#(restocked)"},{"key":"x","value":{}}]"#
    let order = wooOrder(
      status: completed ? "completed" : "processing", lines: [wooLine(quantity: 4, meta: meta)],
      more: completed ? self.completed : "")
    return try await adapter.fetchReturn(
      "727-\(refundID)", event: nil, api: wooCommerceAPI(RecordedHTTP(order, refunds)))
  }

  @Test func refundThatPutGoodsBackIsRestocked() async throws {
    let found = try await returned("730", restocked: 2, list(refund(730, refunded(-2))))
    #expect(
      found
        == ChannelReturn(
          externalID: "727-730", orderExternalID: "727", state: .restocked,
          lines: [
            .init(
              lineID: "801", orderLineID: "315", itemID: "93", variationID: "95",
              sellerSKU: "TEE-BLK-M", quantity: 2)
          ], reason: "broken", updateTime: Timestamp(seconds: 1_767_668_400)))
  }

  @Test func refundThatPutNothingBackIsOver() async throws {
    let refunds = list(refund(730, refunded(-2)))
    let money = try await returned("730", restocked: 0, refunds)
    #expect(money.state == .closed && money.lines.isEmpty)
    let before = try await returned("730", restocked: 2, refunds, completed: false)
    #expect(before.state == .closed && before.lines.isEmpty)
    let takenBack = try await returned("999", restocked: 2, refunds)
    #expect(takenBack.state == .closed && takenBack.lines.isEmpty)
  }

  /// Over all refunds of a line no more comes back than WooCommerce has put back, in any order.
  @Test func unitsAreNeverPutBackTwice() async throws {
    let refunds = list(
      refund(733, refunded(-1, id: 803), created: "2026-01-08T03:00:00"),
      refund(731, refunded(-2, id: 802), created: "2026-01-07T03:00:00"),
      refund(729, refunded(-1, id: 800), created: "2026-01-05T04:00:00"))
    for restocked in 0...4 {
      var total: Quantity = restocked > 0 ? 1 : 0  // the one that was cancelled before it left
      for id in ["731", "733"] {
        total += try await returned(id, restocked: restocked, refunds).lines.reduce(0) {
          $0 + $1.quantity
        }
      }
      #expect(total == restocked)
    }
  }

  @Test(arguments: ["", "727", "-730", "727-"])
  func strangeReturnIsNotFound(_ id: String) async {
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchReturn(id, event: nil, api: wooCommerceAPI(RecordedHTTP()))
    }
    #expect(error?.kind == "notFound")
  }
}
