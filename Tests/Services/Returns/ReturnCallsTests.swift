import ReturnsAPI
import Testing

/// Goal: the calls of the service do what the proto says, each error is answered as it lists it.
@Suite struct ReturnCallsTests {
  @Test func returnGoesFromRequestedToInspected() async throws {
    var bench = try Bench()
    bench.fulfilment.know("shop/1", [("a", "TEE", 3, 0), ("b", "CAP", 1, 0)])
    let wanted = Bench.order("shop/r1", of: "shop/1", [("1", "TEE", 2, "a"), ("2", "CAP", 1, "b")])
    var order = try await bench.create(wanted)
    #expect(order.state == .requested && order.accountID == "shop" && order.etag == "1")
    #expect(order.lines == wanted.lines)
    order = try await bench.receive("shop/r1")
    #expect(order.state == .received && order.locationID == "north")
    bench = try await bench.restarted()
    order = try await bench.inspect("shop/r1", [("1", [(.restock, 1), (.writeOff, 1)])])
    #expect(order.state == .received)
    #expect(
      bench.pool.effects == [
        "return shop/r1 of shop/1 TEE=1 restock at north line a TEE=1 writeOff at north line a"
      ])
    order = try await bench.inspect("shop/r1", [("2", [(.quarantine, 1)])])
    #expect(order.state == .inspected && order.etag == "4")
    #expect(
      bench.pool.effects.last == "return shop/r1 of shop/1 CAP=1 quarantine at north line b")
    bench = try await bench.restarted()
    #expect(try await bench.order("shop/r1") == order)
    // Again: no change, no second word to the pool.
    let again = try await bench.inspect(
      "shop/r1", [("2", [(.quarantine, 1)]), ("1", [(.writeOff, 1), (.restock, 1)])])
    #expect(again == order && bench.pool.calls == 2)
  }

  @Test func unlinkedReturnIsTaken() async throws {
    let bench = try Bench()
    bench.fulfilment.be(down: true)
    try await bench.create(Bench.order("r1", [("1", "TEE", 500, "")]))
    try await bench.receive("r1")
    let order = try await bench.inspect("r1", [("1", [(.restock, 500)])])
    #expect(order.state == .inspected && order.orderID == "" && order.accountID == "")
    #expect(bench.pool.effects == ["return r1 of  TEE=500 restock at north line "])
  }

  @Test func sameReturnAgainChangesNothing() async throws {
    let bench = try Bench()
    bench.fulfilment.know("shop/1", [("a", "TEE", 3, 0)])
    var wanted = Bench.order("r1", of: "shop/1", [("1", "TEE", 3, "a")])
    let first = try await bench.create(wanted)
    // A repeat is answered even while fulfilment is down.
    bench.fulfilment.be(down: true)
    #expect(try await bench.create(wanted) == first)
    wanted.reason = "changed her mind"
    #expect(try await bench.create(wanted) == first)
    let received = try await bench.receive("r1")
    #expect(try await bench.create(wanted) == received)
    #expect(try await bench.receive("r1") == received)
    wanted.lines[0].quantity = 2
    let other = wanted
    #expect(
      await refusal { try await bench.create(other) }
        == "ALREADY_EXISTS/RETURN_EXISTS returnId=r1")
  }

  @Test func earlierReturnsCount() async throws {
    let bench = try Bench()
    bench.fulfilment.know("shop/1", [("a", "TEE", 5, 1), ("b", "TEE", 2, 0)])
    try await bench.create(Bench.order("r1", of: "shop/1", [("1", "TEE", 3, "a")]))
    let tooMany = await refusal {
      try await bench.create(Bench.order("r2", of: "shop/1", [("1", "TEE", 2, "a")]))
    }
    #expect(
      tooMany == "FAILED_PRECONDITION/TOO_MANY_UNITS lineId=a openCount=1 orderId=shop/1")
    // A cancelled return gives its units free.
    try await bench.cancel("r1")
    try await bench.create(Bench.order("r2", of: "shop/1", [("1", "TEE", 4, "a")]))
    let unnamed = await refusal {
      try await bench.create(Bench.order("r3", of: "shop/1", [("1", "TEE", 3, "")]))
    }
    #expect(
      unnamed == "FAILED_PRECONDITION/TOO_MANY_UNITS lineId=1 openCount=2 orderId=shop/1")
    try await bench.create(Bench.order("r3", of: "shop/1", [("1", "TEE", 2, "")]))
  }

  /// Method: each error that the proto lists, in each state where it can happen.
  @Test func errors() async throws {
    let bench = try Bench()
    bench.fulfilment.know("shop/1", [("a", "TEE", 5, 0)])
    for state in ["requested", "received", "inspected", "cancelled"] {
      try await bench.create(Bench.order(state, [("1", "TEE", 2, "")]))
      if state == "cancelled" { try await bench.cancel(state) }
      if ["received", "inspected"].contains(state) { try await bench.receive(state) }
      if state == "inspected" { try await bench.inspect(state, [("1", [(.restock, 2)])]) }
    }
    let table: [(String, [String])] = [
      ("receive", ["inspected", "cancelled"]), ("cancel", ["received", "inspected"]),
      ("inspect", ["requested", "cancelled"]), ("receiveElsewhere", ["inspected"]),
    ]
    for (verb, states) in table {
      for state in states {
        let outcome = await refusal { try await Self.call(verb, state, bench) }
        #expect(
          outcome == "FAILED_PRECONDITION/STATE_WRONG returnId=\(state) state=\(state)", "\(verb)")
      }
      let unknown = await refusal { try await Self.call(verb, "x", bench) }
      #expect(unknown == "NOT_FOUND/RETURN_UNKNOWN returnId=x")
    }
    let unknown = await refusal { try await bench.order("x") }
    #expect(unknown == "NOT_FOUND/RETURN_UNKNOWN returnId=x")
    let line = await refusal { try await bench.inspect("received", [("9", [(.restock, 2)])]) }
    #expect(line == "NOT_FOUND/LINE_UNKNOWN lineId=9 returnId=received")
    let otherwise = await refusal {
      try await bench.inspect("inspected", [("1", [(.writeOff, 2)])])
    }
    #expect(otherwise == "FAILED_PRECONDITION/LINE_INSPECTED lineId=1 returnId=inspected")
    for (wanted, expected) in [
      (
        Bench.order("n", of: "shop/9", [("1", "TEE", 1, "a")]),
        "NOT_FOUND/ORDER_UNKNOWN orderId=shop/9"
      ),
      (
        Bench.order("n", of: "shop/1", [("1", "TEE", 1, "z")]),
        "NOT_FOUND/LINE_UNKNOWN lineId=z orderId=shop/1"
      ),
      (
        Bench.order("n", of: "shop/1", [("1", "CAP", 1, "a")]),
        "NOT_FOUND/LINE_UNKNOWN lineId=a orderId=shop/1"
      ),
      (
        Bench.order("n", of: "shop/1", [("1", "CAP", 1, "")]),
        "NOT_FOUND/LINE_UNKNOWN lineId=1 orderId=shop/1"
      ),
      (
        Bench.order("n", of: "shop/1", [("1", "TEE", 6, "a")]),
        "FAILED_PRECONDITION/TOO_MANY_UNITS lineId=a openCount=5 orderId=shop/1"
      ),
    ] {
      #expect(await refusal { try await bench.create(wanted) } == expected)
    }
    bench.fulfilment.be(down: true)
    let down = await refusal {
      try await bench.create(Bench.order("n", of: "shop/1", [("1", "TEE", 1, "a")]))
    }
    #expect(
      down == "UNAVAILABLE/FULFILMENT_UNAVAILABLE orderId=shop/1 "
        + "problem=UNAVAILABLE")
  }

  /// Units of an order that has not left may still be cancelled, and would be back twice.
  @Test func nothingComesBackOfAnOrderThatHasNotLeft() async throws {
    let bench = try Bench()
    bench.fulfilment.know("shop/2", [("a", "TEE", 5, 0)], state: .packed)
    let early = await refusal {
      try await bench.create(Bench.order("n", of: "shop/2", [("1", "TEE", 1, "a")]))
    }
    #expect(early == "FAILED_PRECONDITION/ORDER_NOT_SHIPPED orderId=shop/2")
    bench.fulfilment.know("shop/2", [("a", "TEE", 5, 0)])
    try await bench.create(Bench.order("n", of: "shop/2", [("1", "TEE", 1, "a")]))
  }

  @Test func goodsAreReceivedWhereThePoolHasALocation() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("requested", [("1", "TEE", 2, "")]))
    let nowhere = await refusal { try await bench.receive("requested", at: "west") }
    #expect(nowhere == "NOT_FOUND/LOCATION_UNKNOWN locationId=west")
    bench.pool.be(then: .down)
    let away = await refusal { try await bench.receive("requested") }
    #expect(away == "UNAVAILABLE/POOL_UNAVAILABLE locationId=north problem=UNAVAILABLE")
    bench.pool.be()
    try await bench.receive("requested")
    #expect(try await bench.receive("requested", at: "south").locationID == "south")
    // It was asked for before.
    bench.pool.be(then: .down)
    #expect(try await bench.receive("requested", at: "south").state == .received)
  }

  @Test func requestIDIsAnsweredOnce() async throws {
    var bench = try Bench()
    let wanted = Bench.order("r1", [("1", "TEE", 2, "")])
    let first = try await bench.create(wanted, requestID: "q-1")
    try await bench.receive("r1")
    bench = try await bench.restarted()
    #expect(try await bench.create(wanted, requestID: "q-1") == first)
    let other = Bench.order("r2", [("1", "TEE", 2, "")])
    let client = bench
    #expect(
      await refusal { try await client.create(other, requestID: "q-1") }
        == "INVALID_ARGUMENT/REQUEST_ID_REUSED requestId=q-1")
  }

  private static func call(_ verb: String, _ id: String, _ bench: Bench) async throws {
    switch verb {
    case "receive": try await bench.receive(id)
    case "receiveElsewhere": try await bench.receive(id, at: "south")
    case "cancel": try await bench.cancel(id)
    default: try await bench.inspect(id, [("1", [(.restock, 2)])])
    }
  }
}
