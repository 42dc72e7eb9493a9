import FulfilmentAPI
import Kit
import Testing

/// Goal: the pool is told of each parcel, surely and once in effect, whatever fails on the way.
@Suite struct PoolToldTests {
  private static let down =
    "UNAVAILABLE/POOL_UNAVAILABLE orderId=shop/1 problem=UNAVAILABLE"

  @Test func poolThatIsDownIsToldWhenItIsUp() async throws {
    let bench = try Bench()
    try await Self.pack("1", bench)
    bench.pool.be(then: .down)
    #expect(await refusal { try await bench.ship("shop/1") } == Self.down)
    // The parcel is recorded all the same, and a repeat says again that the pool does not know.
    #expect(try await bench.order("shop/1").state == .shipped)
    #expect(await refusal { try await bench.ship("shop/1") } == Self.down)
    #expect(bench.pool.effects.isEmpty)
    bench.pool.be(.down, .down, then: .well)
    try await bench.whileWorking {
      while bench.pool.effects.isEmpty {
        bench.clock.advance(by: OutboxLimits.lastRetry)
        bench.handler.outbox.wake()
        await bench.pool.changed.wait(past: 0, atMost: .milliseconds(20))
      }
      try await bench.untilTold()
    }
    #expect(bench.pool.effects == ["ship shop/1 a=2"])
    #expect(await refusal { try await bench.ship("shop/1") } == "OK")
    #expect(bench.pool.effects.count == 1)
  }

  /// Method: the pool acts and its answer is lost; the repeat carries the same request.
  @Test func lostAnswerHasNoSecondEffect() async throws {
    let bench = try Bench()
    try await Self.pack("1", bench)
    bench.pool.be(.deaf, .deaf, then: .well)
    for _ in 0..<2 {
      #expect(
        await refusal { try await bench.ship("shop/1") }.hasPrefix("UNAVAILABLE/POOL_UNAVAILABLE"))
    }
    #expect(await refusal { try await bench.ship("shop/1") } == "OK")
    #expect(bench.pool.effects == ["ship shop/1 a=2"] && bench.pool.calls == 3)
  }

  /// Method: with a request ID the first answer is kept, and yet it is not given before the pool knows.
  @Test func repeatWithRequestIDWaitsForThePoolToo() async throws {
    let bench = try Bench()
    try await Self.pack("1", bench)
    let request = ShipOrderRequest(orderID: "shop/1", trackingNumber: "T1", requestID: "r-1")
    bench.pool.be(.down, .down, then: .well)
    for expected in [Self.down, Self.down, "OK", "OK"] {
      #expect(await refusal { try await bench.client.shipOrder(request) } == expected)
    }
    #expect(bench.pool.effects == ["ship shop/1 a=2"])
  }

  @Test func whatWasNotToldSurvivesARestart() async throws {
    var bench = try Bench()
    try await Self.pack("1", bench)
    bench.pool.be(then: .down)
    _ = await refusal { [bench] in try await bench.ship("shop/1") }
    bench.pool.be()
    bench = try await bench.restarted()
    bench.clock.advance(by: OutboxLimits.lastRetry)
    try await bench.whileWorking { [bench] in try await bench.untilTold() }
    #expect(bench.pool.effects == ["ship shop/1 a=2"])
  }

  /// Method: the pool says no; it is asked again, at a slow pace, until it says yes.
  @Test func refusalIsNotTheEnd() async throws {
    let bench = try Bench()
    try await Self.pack("1", bench)
    bench.pool.be(.refusing, then: .well)
    let outcome = await refusal { try await bench.ship("shop/1") }
    #expect(
      outcome == "UNAVAILABLE/POOL_UNAVAILABLE orderId=shop/1 "
        + "problem=NOT_FOUND/SALE_UNKNOWN")
    #expect(try await bench.handler.outbox.counts() == (1, 1))
    bench.clock.advance(by: OutboxLimits.refusedRetry)
    try await bench.whileWorking { try await bench.untilTold() }
    #expect(bench.pool.effects == ["ship shop/1 a=2"])
  }

  @Test func cancellationIsRecordedWhileThePoolIsDown() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("1", [("a", "TEE", 2)]))
    bench.pool.be(then: .down)
    let order = try await bench.client.cancelOrder(
      CancelOrderRequest(orderID: "shop/1", releaseStock: true)
    ).order
    #expect(order?.state == .cancelled && bench.pool.effects.isEmpty)
    bench.pool.be()
    bench.clock.advance(by: OutboxLimits.lastRetry)
    try await bench.whileWorking { try await bench.untilTold() }
    #expect(bench.pool.effects == ["cancel shop/1 a=2"])
  }

  /// What was cancelled without release is released by the same call with it.
  @Test func laterReleaseTellsWhatWasCancelledBefore() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("1", [("a", "TEE", 2), ("b", "CAP", 1)]))
    for release in [false, true] {
      _ = try await bench.client.cancelOrder(
        CancelOrderRequest(orderID: "shop/1", releaseStock: release))
    }
    #expect(bench.pool.effects == ["cancel shop/1 a=2 b=1"])
  }

  /// Method: many orders while the pool fails in all ways; each is told once, in its own order.
  @Test func manyOrdersAreEachToldOnce() async throws {
    let bench = try Bench()
    let moods: [FakePool.Mood] = [.down, .deaf, .well, .deaf, .down, .well, .refusing, .deaf]
    try await bench.whileWorking {
      for number in 0..<24 {
        if number % 4 == 0 {
          bench.pool.be(moods[number % 8], moods[(number + 3) % 8], moods[(number + 5) % 8])
        }
        try await bench.create(
          Bench.order("\(number)", [("a", "TEE", 2), ("b", "CAP", 1)]))
        _ = await refusal {
          try await bench.client.cancelOrder(
            CancelOrderRequest(
              orderID: "shop/\(number)", lines: [CancelledTotal(lineID: "b", totalCount: 1)],
              releaseStock: true))
        }
        _ = await refusal { try await bench.bring("shop/\(number)", to: .shipped) }
      }
      bench.pool.be()
      while try await bench.handler.outbox.counts().waiting > 0 {
        let seen = bench.tried.latest
        bench.clock.advance(by: OutboxLimits.refusedRetry)
        bench.handler.outbox.wake()
        await bench.tried.wait(past: seen, atMost: .milliseconds(20))
      }
    }
    for number in 0..<24 {
      let told = bench.pool.effects.filter { $0.contains(" shop/\(number) ") }
      #expect(told == ["cancel shop/\(number) b=1", "ship shop/\(number) a=2"])
    }
  }

  private static func pack(_ external: String, _ bench: Bench) async throws {
    try await bench.create(Bench.order(external, [("a", "TEE", 2)]))
    try await bench.bring("shop/\(external)", to: .packed)
  }
}
