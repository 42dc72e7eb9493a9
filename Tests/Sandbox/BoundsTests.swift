import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: no number that an authorised caller sends ends the process, and nothing grows without end.
@Suite(.timeLimit(.minutes(2))) struct BoundsTests {
  private static let extremes = [
    "-5", "0", "9223372036854775807", "-9223372036854775808", "1700000000000000",
  ]

  @Test(arguments: extremes) func shopeeAnswersAnyNumber(_ text: String) async throws {
    try await withSandbox { world in
      for name in ["time_from", "time_to", "page_size", "cursor"] {
        var query = [
          "time_range_field": "create_time", "time_from": "1699990000", "time_to": "1700000000",
        ]
        query[name] = text
        let answer = try await world.shopeeCall("GET", "order/get_order_list", query)
        #expect(answer["error"] == "error_param" || answer["error"] == "", "\(name) \(answer)")
      }
      let late = try await world.shopeeCall(
        "GET", "order/get_order_list", with: ["timestamp": text])
      #expect(late["error"] != "")
    }
  }

  @Test func shopeeWindowInMicrosecondsIsRefused() async throws {
    try await withSandbox { world in
      let answer = try await world.shopeeCall(
        "GET", "order/get_order_list",
        [
          "time_range_field": "create_time", "time_from": "1700000000000000",
          "time_to": "1700000000000001",
        ])
      #expect(answer["error"] == "error_param")
    }
  }

  @Test func shopeeCancelsNoAstronomicalNumber() async throws {
    try await withSandbox { world in
      let order = try await world.buy(SandboxWorld.shopee, 2).body["order_id"]
      let item: JSONValue = [
        "item_id": 234_234_234, "model_id": 234, "cancel_qty": .integer(.max),
      ]
      let answer = try await world.shopeeCall(
        "POST", "order/cancel_order",
        body: [
          "order_sn": order, "cancel_reason": "OUT_OF_STOCK",
          "partial_cancel_item_list": [item, item],
        ])
      #expect(answer["error"] == "error_param")
    }
  }

  @Test(arguments: extremes) func lazadaAnswersAnyNumber(_ text: String) async throws {
    try await withSandbox { world in
      let late = try await world.lazadaCall("GET", "/orders/get", with: ["timestamp": text])
      #expect(late["code"] == "IllegalTimestamp")
      for name in ["Start", "End"] {
        let returns = try await world.lazadaCall(
          "GET", "/reverse/getreverseordersforseller",
          ["ReverseOrderLineModifiedTimeRange\(name)": text])
        #expect(returns["code"] == "0" || returns["code"] == "InvalidParameter", "\(returns)")
      }
      let number = Int64(text) ?? 0
      for path in ["sellable/update", "sellable/adjust"] {
        let stock = try await world.setLazada(
          "SellableQuantity", number, path: "/product/stock/\(path)")
        #expect(stock["code"] == "0" || stock["code"] == "501", "\(stock)")
      }
    }
  }

  @Test(arguments: ["-5", "-1", "9223372036854775807", "x", "7"])
  func shopifyRefusesACursorThatIsNone(_ cursor: String) async throws {
    try await withSandbox { world in
      let answer = try await world.graph(
        #"{ productVariants(first: 1, after: "\#(cursor)") { nodes { id } } }"#)
      #expect(answer.status == 200 && answer.body["errors"].array?.count == 1)
    }
  }

  /// GraphQL's Int has 32 bits.
  @Test func shopifyRefusesAstronomicalNumbers() async throws {
    try await withSandbox { world in
      let answer = try await world.setShopify(.max, from: .null)
      #expect(answer["errors"].array?.count == 1)
      #expect(try await world.shown(SandboxWorld.shopify) == 10)
    }
  }

  @Test func aVariableThatNamesItselfIsRefused() async throws {
    try await withSandbox { world in
      let own = try await world.graph(
        "query($n: Int = $n) { productVariants(first: $n) { nodes { id } } }")
      #expect(own.body["errors"].array?.count == 1)
      let brackets = String(repeating: "[", count: 100_000)
      let deep = try await world.graph("query($n: \(brackets)Int) { shop { name } }")
      #expect(deep.body["errors"].array?.count == 1)
    }
  }

  @Test func lastIsTheEndOfTheList() async throws {
    try await withSandbox { world in
      for variation in ["235", "236"] {
        _ = try await world.control(
          "listings",
          [
            "channel": "shopify", "shop": "demo.myshopify.com", "item_id": "234234234",
            "variation_id": .string(variation), "sku": "S", "stock": 1,
          ])
      }
      let answer = try await world.graph(
        "{ productVariants(last: 2) { nodes { legacyResourceId } pageInfo { hasNextPage } } }")
      let page = answer.body["data"]["productVariants"]
      #expect(page["nodes"].array?.map { $0["legacyResourceId"] } == ["235", "236"])
      #expect(page["pageInfo"]["hasNextPage"] == false)
      let both = try await world.graph("{ productVariants(first: 1, last: 1) { nodes { id } } }")
      #expect(both.body["errors"].array?.count == 1)
    }
  }

  @Test func noListingIsWithoutEnd() async throws {
    try await withSandbox { world in
      _ = try await world.buy(SandboxWorld.shopee, 1)
      _ = await world.allSent()
      #expect(try await world.control("orders?limit=-1", nil).body["orders"] == [])
      let deliveries = try await world.control("deliveries?limit=-1", nil).body
      #expect(deliveries["deliveries"] == [] && deliveries["newest"] == 1)
    }
  }

  @Test func callersThatAreCountedAreBounded() {
    let desk = FaultDesk(ticks: { 0 })
    desk.set(FaultPlan(callsPerSecond: 1), for: .lazada)
    for number in 0...SandboxLimits.buckets {
      _ = desk.fate(
        of: Shop.Key(channel: .lazada, shopID: "\(number)"), limit: nil, kind: "")
    }
    #expect(desk.bucketCount <= SandboxLimits.buckets)
  }

  @Test func fullBucketsAreForgottenFirst() {
    let time = ManualTicks()
    let desk = FaultDesk(ticks: { time.now })
    desk.set(FaultPlan(callsPerSecond: 1), for: .lazada)
    for number in 1..<SandboxLimits.buckets {
      _ = desk.fate(of: Shop.Key(channel: .lazada, shopID: "\(number)"), limit: nil, kind: "")
    }
    time.advance(by: 2_000_000_000)
    let busy = Shop.Key(channel: .lazada, shopID: "busy")
    #expect(desk.fate(of: busy, limit: nil, kind: "") == .served)
    _ = desk.fate(of: Shop.Key(channel: .lazada, shopID: "one more"), limit: nil, kind: "")
    #expect(desk.bucketCount == 2)
    #expect(desk.fate(of: busy, limit: nil, kind: "") == .limited)
  }

  /// What was lost is kept for three days, and not more of it than there is room for.
  @Test func lostEventsAreForgottenInTheEnd() async throws {
    try await withSandbox { world in
      world.sender.answer(Array(repeating: 500, count: 4))
      _ = try await world.buy(SandboxWorld.shopee, 1)
      _ = await world.allSent()
      #expect(try await world.deliveries() == ["lost": 1])
      world.clock.advance(by: SandboxLimits.lostLife - .seconds(1))
      try await world.sandbox.platform.change { try $0.transaction.pruneDeliveries(at: $0.now) }
      #expect(try await world.deliveries() == ["lost": 1])
      world.clock.advance(by: .seconds(2))
      let lost = try await world.shopeeCall("GET", "push/get_lost_push_message", token: nil)
      #expect(lost["response"]["push_message_list"] == [])
      try await world.sandbox.platform.change { try $0.transaction.pruneDeliveries(at: $0.now) }
      #expect(try await world.deliveries() == [:])
    }
  }
}
