import FulfilmentAPI
import FulfilmentDomain
import FulfilmentService
import Kit
import Primitives
import StorageCore
import Testing

private typealias Order = FulfilmentAPI.Order

/// Goal: an order for pickup waits, is collected, or goes back on sale, and the pool is told of either once.
@Suite struct PickupCallsTests {
  @Test func customerCollects() async throws {
    var bench = try Bench()
    let created = try await Self.create("1", bench)
    #expect(created.pickup?.locationID == "store" && created.pickup?.readyTime == nil)
    #expect(try await Self.create("1", bench) == created)
    try await bench.bring("shop/1", to: .packed)
    let expiry = bench.clock.now() + .seconds(3600)
    let ready = try await Self.ready("1", until: expiry, bench)
    #expect(ready.state == .ready && ready.etag == "4")
    #expect(ready.pickup?.readyTime == bench.clock.now() && ready.pickup?.expireTime == expiry)
    bench.clock.advance(by: .seconds(60))
    #expect(try await Self.ready("1", until: expiry, bench) == ready)
    #expect(bench.pool.calls == 0)
    #expect(try await bench.allOrders(ListOrdersRequest(state: .ready)) == [ready])
    bench = try await bench.restarted()
    #expect(try await bench.order("shop/1") == ready)
    let collected = try await Self.collect("1", bench)
    #expect(collected.state == .shipped && collected.shipment == nil && !collected.handedOver)
    #expect(collected.pickup?.collectTime == bench.clock.now())
    #expect(bench.pool.effects == ["ship shop/1 a=2"])
    // Again: no change, no second word to the pool.
    #expect(try await Self.collect("1", bench) == collected)
    #expect(bench.pool.calls == 1)
    #expect(try await bench.handler.expirePickups() == 0)
    bench = try await bench.restarted()
    #expect(try await bench.order("shop/1") == collected)
  }

  @Test func whatNobodyCollectsGoesBackOnSale() async throws {
    var bench = try Bench()
    let expiry = bench.clock.now() + .seconds(3600)
    for external in ["late", "longer", "forever"] {
      try await Self.create(external, bench)
      try await bench.bring("shop/\(external)", to: .picked)
      try await Self.ready(external, until: expiry, bench)
    }
    _ = try await bench.client.cancelOrder(
      CancelOrderRequest(
        orderID: "shop/late", lines: [CancelledTotal(lineID: "a", totalCount: 1)],
        releaseStock: true))
    try await Self.ready("longer", until: expiry + .seconds(1), bench)
    try await Self.ready("forever", until: nil, bench)
    bench.clock.advance(by: .seconds(3599))
    #expect(try await bench.handler.expirePickups() == 0)
    bench.clock.advance(by: .seconds(1))
    #expect(try await bench.handler.expirePickups() == 1)
    #expect(try await bench.handler.expirePickups() == 0)
    bench = try await bench.restarted()
    try await bench.whileWorking { [bench] in try await bench.untilTold() }
    #expect(bench.pool.effects == ["cancel shop/late a=1", "cancel shop/late a=2"])
    let late = try await bench.order("shop/late")
    #expect(late.state == .cancelled && late.pickup?.expired == true)
    #expect(late.lines.map(\.cancelledCount) == [2])
    #expect(try await bench.order("shop/longer").state == .ready)
    #expect(try await bench.order("shop/forever").state == .ready)
    let tooLate = await refusal { [bench] in try await Self.collect("late", bench) }
    #expect(
      tooLate == "FAILED_PRECONDITION/STATE_WRONG orderId=shop/late state=cancelled")
  }

  /// Method: more than are cancelled at once, by the loop that the service runs; watchers see each.
  @Test func loopCancelsAllThatAreLate() async throws {
    let bench = try Bench()
    let expiry = bench.clock.now() + .seconds(60)
    let count = FulfilmentLimits.pickupsAtOnce * 2 + 1
    for number in 0..<count {
      try await Self.create("\(number)", bench)
      try await bench.bring("shop/\(number)", to: .picked)
      try await Self.ready("\(number)", until: expiry, bench)
    }
    let seen = try await bench.order("shop/\(count - 1)").sequence
    bench.clock.advance(by: .seconds(60))
    let loop = Task { [handler = bench.handler] in try await handler.keepPickups() }
    defer { loop.cancel() }
    var expired: Set<String> = []
    for try await message in bench.client.watchOrders(WatchOrdersRequest(afterSequence: seen)) {
      if let order = message.order, order.pickup?.expired == true { expired.insert(order.orderID) }
      if expired.count == count { break }
    }
    try await bench.whileWorking { try await bench.untilTold() }
    #expect(bench.pool.effects.count == count)
    #expect(Set(bench.pool.effects) == Set((0..<count).map { "cancel shop/\($0) a=2" }))
  }

  @Test func operatorCancelsWhatWaits() async throws {
    let bench = try Bench()
    try await Self.create("1", bench)
    try await bench.bring("shop/1", to: .picked)
    try await Self.ready("1", until: nil, bench)
    let cancelled = try await bench.client.cancelOrder(
      CancelOrderRequest(orderID: "shop/1", reason: "buyer", releaseStock: true)
    ).order
    #expect(cancelled?.state == .cancelled && cancelled?.pickup?.expired == false)
    #expect(bench.pool.effects == ["cancel shop/1 a=2"])
  }

  @Test func poolThatIsDownHearsOfItLater() async throws {
    let bench = try Bench()
    try await Self.create("1", bench)
    try await bench.bring("shop/1", to: .picked)
    try await Self.ready("1", until: nil, bench)
    bench.pool.be(.down, .deaf, then: .well)
    for _ in 0..<2 {
      let outcome = await refusal { try await Self.collect("1", bench) }
      #expect(outcome.hasPrefix("UNAVAILABLE/POOL_UNAVAILABLE orderId=shop/1"))
      #expect(try await bench.order("shop/1").state == .shipped)
    }
    #expect(await refusal { try await Self.collect("1", bench) } == "OK")
    #expect(bench.pool.effects == ["ship shop/1 a=2"])
  }

  /// Method: each error that the proto lists, in each state where it can happen.
  @Test func errors() async throws {
    let bench = try Bench()
    let states: [Order.State] = [.pending, .picked, .packed, .shipped, .cancelled]
    for state in states {
      try await Self.create("\(state)", bench)
      try await bench.bring("shop/\(state)", to: state)
    }
    for state in states {
      let wrong = "FAILED_PRECONDITION/STATE_WRONG orderId=shop/\(state) state=\(state)"
      #expect(await refusal { try await Self.collect("\(state)", bench) } == wrong)
      guard ![.picked, .packed].contains(state) else { continue }
      #expect(await refusal { try await Self.ready("\(state)", until: nil, bench) } == wrong)
    }
    let unknown = "NOT_FOUND/ORDER_UNKNOWN orderId=shop/x"
    #expect(await refusal { try await Self.ready("x", until: nil, bench) } == unknown)
    #expect(await refusal { try await Self.collect("x", bench) } == unknown)
    try await bench.create(Bench.order("sent", [("a", "TEE", 1)]))
    try await bench.bring("shop/sent", to: .packed)
    #expect(
      await refusal { try await Self.ready("sent", until: nil, bench) }
        == "FAILED_PRECONDITION/NOT_FOR_PICKUP orderId=shop/sent")
    #expect(
      await wrongFields { try await Self.ready("packed", until: bench.clock.now(), bench) }
        == "expire_time")
  }

  @Test func requestsAreChecked() async throws {
    let bench = try Bench()
    let long = String(repeating: "x", count: 600)
    #expect(
      await wrongFields {
        try await bench.client.readyOrder(
          ReadyOrderRequest(orderID: long, actor: long, requestID: long))
      } == "order_id actor request_id")
    #expect(
      await wrongFields { try await bench.client.collectOrder(CollectOrderRequest(actor: long)) }
        == "order_id actor")
    var order = Bench.order("1", [("a", "TEE", 1)])
    order.pickup = FulfilmentAPI.Pickup(locationID: long)
    #expect(await wrongFields { try await bench.create(order) } == "order.pickup.location_id")
  }

  /// Goal: a store from before there were pickups opens; its orders are sent, until somebody says otherwise.
  @Test func olderStoreOpens() async throws {
    let older = try Bench(migrations: Array(FulfilmentMigrations.all.prefix(4)))
    _ = try await older.database.write(until: .after(.seconds(60))) { transaction in
      try transaction.execute(
        """
        INSERT INTO customer_order (order_id, account_id, channel_id, external_id, state,
          handed_over, create_time, update_time, version, position, sequence)
        VALUES ('shop/1', 'shop', 'shopee', '1', 'pending', 0, 1, 1, 1, 1, 1)
        """)
      try transaction.execute(
        "INSERT INTO order_line VALUES ('shop/1', 'a', 0, 'TEE', 2, 0, '', '')")
    }
    let bench = try await older.restarted()
    let known = try await bench.order("shop/1")
    #expect(known.state == .pending && known.pickup == nil && known.lines.count == 1)
    #expect(try await bench.handler.expirePickups() == 0)
    #expect(try await Self.create("1", bench).pickup?.locationID == "store")
  }

  @discardableResult
  private static func create(_ external: String, _ bench: Bench) async throws -> Order {
    var order = Bench.order(external, [("a", "TEE", 2)])
    order.pickup = FulfilmentAPI.Pickup(locationID: "store")
    return try await bench.create(order)
  }

  @discardableResult
  private static func ready(
    _ external: String, until expireTime: Timestamp?, _ bench: Bench
  ) async throws -> Order {
    let request = ReadyOrderRequest(orderID: "shop/\(external)", expireTime: expireTime)
    return try await bench.client.readyOrder(request).order ?? Order()
  }

  @discardableResult
  private static func collect(_ external: String, _ bench: Bench) async throws -> Order {
    try await bench.client.collectOrder(CollectOrderRequest(orderID: "shop/\(external)")).order
      ?? Order()
  }
}
