import FulfilmentAPI
import Testing

/// Goal: wrong requests are refused with the path of every wrong field, and change nothing.
@Suite struct BadInputTests {
  private static let long = String(repeating: "x", count: 600)

  @Test func ordersAreChecked() async throws {
    let bench = try Bench()
    var messy = Bench.order("1", [("a", "TEE", 0), ("a", "", -1), ("", "A\u{1}", 1_000_000_001)])
    messy.lines[0].channelLineID = Self.long
    messy.lines[0].title = Self.long
    messy.lines.append(OrderLine(lineID: "tab\there", sku: " A", quantity: .max))
    let table: [(CreateOrderRequest, String)] = [
      (CreateOrderRequest(), "order"),
      (
        CreateOrderRequest(order: Order()),
        "order.account_id order.external_id order.order_id order.channel_id order.lines"
      ),
      (
        CreateOrderRequest(order: Bench.order("1", (0...10_000).map { ("\($0)", "TEE", 1) })),
        "order.lines"
      ),
      (
        CreateOrderRequest(order: messy, requestID: Self.long),
        """
        request_id order.lines[0].quantity order.lines[0].channel_line_id order.lines[0].title \
        order.lines[1].line_id order.lines[1].sku order.lines[1].quantity order.lines[2].line_id \
        order.lines[2].sku order.lines[2].quantity order.lines[3].line_id order.lines[3].sku \
        order.lines[3].quantity
        """
      ),
      (
        CreateOrderRequest(
          order: Order(
            orderID: "shop/2", accountID: "shop", channelID: "shopee", externalID: "1",
            lines: [OrderLine(lineID: "a", sku: "TEE", quantity: 1)])), "order.order_id"
      ),
    ]
    for (request, expected) in table {
      #expect(await wrongFields { try await bench.client.createOrder(request) } == expected)
    }
    #expect(try await bench.allOrders().isEmpty)
  }

  @Test func tenThousandLinesAreTaken() async throws {
    let bench = try Bench()
    let order = try await bench.create(
      Bench.order("1", (0..<10_000).map { ("\($0)", "TEE", 1) }))
    #expect(order.lines.count == 10_000)
    let more = await wrongFields {
      try await bench.create(Bench.order("1", [("more", "TEE", 1)]))
    }
    #expect(more == "order.lines")
  }

  @Test func otherCallsAreChecked() async throws {
    let bench = try Bench()
    let client = bench.client
    let id = Self.long
    #expect(
      await wrongFields {
        try await client.pickOrder(PickOrderRequest(orderID: id, actor: id, requestID: id))
      } == "order_id actor request_id")
    #expect(await wrongFields { try await client.packOrder(PackOrderRequest()) } == "order_id")
    #expect(
      await wrongFields {
        try await client.shipOrder(ShipOrderRequest(carrier: id))
      } == "order_id tracking_number carrier")
    #expect(
      await wrongFields {
        try await client.shipOrder(ShipOrderRequest(orderID: "shop/1", trackingNumber: "a\nb"))
      } == "tracking_number")
    #expect(await wrongFields { try await client.getOrder(GetOrderRequest()) } == "order_id")
    #expect(
      await wrongFields {
        try await client.cancelOrder(
          CancelOrderRequest(
            orderID: "shop/1",
            lines: [
              CancelledTotal(lineID: "a", totalCount: -1), CancelledTotal(lineID: "a"),
              CancelledTotal(lineID: "", totalCount: .max),
            ]))
      } == "lines[0].total_count lines[1].line_id lines[2].line_id lines[2].total_count")
    #expect(
      await wrongFields {
        try await client.cancelOrder(
          CancelOrderRequest(
            orderID: "shop/1", lines: (0...10_000).map { CancelledTotal(lineID: "\($0)") },
            reason: id))
      } == "reason lines")
  }
}
