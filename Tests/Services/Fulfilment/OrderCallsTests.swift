import FulfilmentAPI
import Primitives
import Testing

/// Goal: the calls of the service do what the proto says, each error is answered as it lists it.
@Suite struct OrderCallsTests {
  @Test func orderGoesFromPendingToShipped() async throws {
    var bench = try Bench()
    let sold = Timestamp(seconds: 1_700_000_000)
    var wanted = Bench.order("1", [("a", "TEE", 2), ("b", "CAP", 1)])
    wanted.saleTime = sold
    wanted.lines[0].channelLineID = "bundle"
    wanted.lines[0].title = "Tee, black"
    var order = try await bench.create(wanted)
    #expect(order.state == .pending && order.etag == "1" && order.sequence == 1)
    #expect(order.lines == wanted.lines && order.saleTime == sold && order.shipment == nil)
    try await bench.bring("shop/1", to: .packed)
    bench = try await bench.restarted()
    bench.clock.advance(by: .seconds(5))
    order =
      try await bench.client.shipOrder(
        ShipOrderRequest(orderID: "shop/1", trackingNumber: "T1", carrier: "post", actor: "eve")
      ).order ?? Order()
    #expect(order.state == .shipped && order.etag == "4" && !order.handedOver)
    #expect(order.shipment?.trackingNumber == "T1" && order.shipment?.carrier == "post")
    #expect(order.shipment?.shipTime == bench.clock.now())
    #expect(bench.pool.effects == ["ship shop/1 a=2 b=1"])
    let told = bench.pool.shipments
    #expect(told.map(\.actor) == ["eve"] && told.map(\.cause) == ["T1"])
    #expect(told.map(\.sourceTime) == [order.shipment?.shipTime])
    #expect(try await bench.order("shop/1") == order)
    // Again: no change, no second word to the pool.
    #expect(try await bench.ship("shop/1") == order)
    #expect(bench.pool.calls == 1)
  }

  @Test func createConverges() async throws {
    let bench = try Bench()
    let first = try await bench.create(Bench.order("1", [("a", "TEE", 2)]))
    #expect(try await bench.create(Bench.order("1", [("a", "TEE", 2)])) == first)
    let grown = try await bench.create(Bench.order("1", [("b", "CAP", 1), ("a", "TEE", 3)]))
    #expect(grown.lines.map { "\($0.lineID)=\($0.quantity)" } == ["a=3", "b=1"])
    #expect(grown.etag == "2")
    // A late line of a quarantined listing brings a cancelled order back.
    _ = try await bench.client.cancelOrder(CancelOrderRequest(orderID: "shop/1"))
    let back = try await bench.create(Bench.order("1", [("c", "MUG", 1)]))
    #expect(back.state == .pending && back.lines.map(\.cancelledCount) == [3, 1, 0])
  }

  @Test func handedOverOrderIsBornShipped() async throws {
    let bench = try Bench()
    try await bench.whileWorking {
      let order = try await bench.create(Bench.order("1", [("a", "TEE", 2)], handedOver: true))
      #expect(order.state == .shipped && order.handedOver && order.shipment == nil)
      try await bench.untilTold()
      #expect(bench.pool.effects == ["ship shop/1 a=2"])
      // A line that was mapped later has left, too.
      try await bench.create(Bench.order("1", [("b", "CAP", 1)], handedOver: true))
      try await bench.untilTold()
      #expect(bench.pool.effects.last == "ship shop/1 a=2 b=1")
      // An order that the channel shipped by its own page.
      try await bench.create(Bench.order("2", [("a", "TEE", 1)]))
      let shipped = try await bench.create(Bench.order("2", [("a", "TEE", 1)], handedOver: true))
      #expect(shipped.state == .shipped && shipped.handedOver)
      try await bench.untilTold()
      #expect(bench.pool.effects.last == "ship shop/2 a=1")
    }
  }

  @Test func cancellationTakesTotals() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("1", [("a", "TEE", 5), ("b", "CAP", 1)]))
    func cancel(_ totals: [(String, Int64)], release: Bool = false) async throws -> Order {
      try await bench.client.cancelOrder(
        CancelOrderRequest(
          orderID: "shop/1",
          lines: totals.map { CancelledTotal(lineID: $0.0, totalCount: $0.1) }, reason: "buyer",
          releaseStock: release)
      ).order ?? Order()
    }
    let once = try await cancel([("a", 2)])
    #expect(once.lines.map(\.cancelledCount) == [2, 0] && once.etag == "2")
    #expect(try await cancel([("a", 2)]) == once)
    #expect(try await cancel([("a", 1)]) == once)
    #expect(bench.pool.calls == 0)
    // The same total, and now the pool is to know.
    #expect(try await cancel([("a", 2)], release: true) == once)
    #expect(try await cancel([("a", 2)], release: true) == once)
    #expect(bench.pool.effects == ["cancel shop/1 a=2"])
    let all = try await cancel([], release: true)
    #expect(all.state == .cancelled && all.lines.map(\.cancelledCount) == [5, 1])
    #expect(bench.pool.effects.last == "cancel shop/1 a=5 b=1")
    #expect(try await cancel([], release: true) == all)
    #expect(bench.pool.effects.count == 2)
  }

  /// What was cancelled before does not ship.
  @Test func openUnitsShip() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("1", [("a", "TEE", 5), ("b", "CAP", 1)]))
    _ = try await bench.client.cancelOrder(
      CancelOrderRequest(
        orderID: "shop/1",
        lines: [
          CancelledTotal(lineID: "a", totalCount: 2), CancelledTotal(lineID: "b", totalCount: 1),
        ]))
    try await bench.bring("shop/1", to: .shipped)
    #expect(bench.pool.effects == ["ship shop/1 a=3"])
  }

  /// Method: each error that the proto lists, in each state where it can happen.
  @Test func errors() async throws {
    let bench = try Bench()
    let states: [Order.State] = [.pending, .picked, .packed, .shipped, .cancelled]
    for state in states {
      try await bench.create(Bench.order("\(state)", [("a", "TEE", 2)]))
      try await bench.bring("shop/\(state)", to: state)
    }
    func wrong(_ state: String) -> String {
      "FAILED_PRECONDITION/STATE_WRONG orderId=shop/\(state) state=\(state)"
    }
    for (verb, allowed) in [
      ("pick", ["pending", "picked"]), ("pack", ["picked", "packed"]),
      ("ship", ["packed", "shipped"]),
    ] {
      for state in states where !allowed.contains("\(state)") {
        let outcome = await refusal { try await Self.call(verb, "shop/\(state)", bench) }
        #expect(outcome == wrong("\(state)"), "\(verb)")
      }
      let unknown = await refusal { try await Self.call(verb, "shop/x", bench) }
      #expect(unknown == "NOT_FOUND/ORDER_UNKNOWN orderId=shop/x")
    }
    for verb in ["cancel", "get"] {
      let unknown = await refusal { try await Self.call(verb, "shop/x", bench) }
      #expect(unknown == "NOT_FOUND/ORDER_UNKNOWN orderId=shop/x")
    }
    #expect(
      await refusal { try await Self.call("cancel", "shop/shipped", bench) } == wrong("shipped"))
    #expect(await refusal { try await bench.ship("shop/shipped", "T2") } == wrong("shipped"))
    let table: [(CancelledTotal, String)] = [
      (
        CancelledTotal(lineID: "z", totalCount: 1),
        "NOT_FOUND/LINE_UNKNOWN lineId=z orderId=shop/pending"
      ),
      (
        CancelledTotal(lineID: "a", totalCount: 3),
        "FAILED_PRECONDITION/TOO_MANY_UNITS lineId=a openCount=2 orderId=shop/pending"
      ),
    ]
    for (total, expected) in table {
      let outcome = await refusal {
        try await bench.client.cancelOrder(
          CancelOrderRequest(orderID: "shop/pending", lines: [total]))
      }
      #expect(outcome == expected)
    }
  }

  @Test func createErrors() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("1", [("a", "TEE", 2)]))
    try await bench.create(Bench.order("2", [("a", "TEE", 2)]))
    try await bench.bring("shop/2", to: .shipped)
    var elsewhere = Bench.order("1", [("a", "TEE", 2)])
    elsewhere.channelID = "lazada"
    let table: [(Order, String)] = [
      (
        Bench.order("1", [("a", "CAP", 2)]),
        "FAILED_PRECONDITION/LINE_CONFLICT lineId=a orderId=shop/1"
      ),
      (
        Bench.order("1", [("b", "CAP", 2), ("a", "TEE", 1)]),
        "FAILED_PRECONDITION/LINE_CONFLICT lineId=a orderId=shop/1"
      ),
      (
        Bench.order("2", [("b", "CAP", 2)]),
        "FAILED_PRECONDITION/ORDER_ENDED orderId=shop/2 state=shipped"
      ),
      (Bench.order("2", [("a", "TEE", 2)]), "OK"),
      (elsewhere, "ALREADY_EXISTS/ORDER_EXISTS orderId=shop/1"),
    ]
    for (order, expected) in table {
      #expect(await refusal { try await bench.create(order) } == expected)
    }
    #expect(try await bench.order("shop/1").lines.count == 1)
  }

  @Test func requestIDIsAnsweredOnce() async throws {
    var bench = try Bench()
    let first = try await bench.create(Bench.order("1", [("a", "TEE", 2)]), requestID: "r-1")
    try await bench.bring("shop/1", to: .picked)
    bench = try await bench.restarted()
    let again = try await bench.create(Bench.order("1", [("a", "TEE", 2)]), requestID: "r-1")
    #expect(again == first && again.state == .pending)
    let client = bench.client
    let reused = await refusal {
      try await client.pickOrder(PickOrderRequest(orderID: "shop/1", requestID: "r-1"))
    }
    #expect(reused == "INVALID_ARGUMENT/REQUEST_ID_REUSED requestId=r-1")
  }

  private static func call(_ verb: String, _ id: String, _ bench: Bench) async throws {
    switch verb {
    case "pick": _ = try await bench.client.pickOrder(PickOrderRequest(orderID: id))
    case "pack": _ = try await bench.client.packOrder(PackOrderRequest(orderID: id))
    case "ship": try await bench.ship(id)
    case "cancel": _ = try await bench.client.cancelOrder(CancelOrderRequest(orderID: id))
    default: _ = try await bench.order(id)
    }
  }
}
