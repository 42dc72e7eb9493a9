import GatewayAPI
import Primitives
import Testing

@testable import GatewayService

/// Goal: what comes back of an order that a hold became is linked to it, line by line where that can be told.
@Suite struct TillRefundTests {
  private static func commit(
    _ run: GatewayBench.Run, _ hold: String, _ lines: String, handedOver: Bool
  ) async throws {
    let made = try await GatewayBench.till(
      run, "POST", "/till/v1/holds", "{\"hold_id\":\"\(hold)\",\"lines\":[\(lines)]}")
    #expect(made.status == 200, "\(made.body)")
    let done = try await GatewayBench.till(
      run, "POST", "/till/v1/holds/\(hold)/commit",
      "{\"order_id\":\"web-1\",\"handed_over\":\(handedOver)}")
    #expect(done.status == 200, "\(done.body)")
  }

  private static func refund(
    _ run: GatewayBench.Run, _ lines: String, of order: String = "web-1"
  ) async throws -> [String] {
    TillTests.statuses(
      try await TillTests.post(
        run, TillTests.batch(TillTests.sale("r1", lines, kind: "refund", of: order))))
  }

  /// Method: the till names lines of its own, which happen to be called as the pool's.
  @Test func refundOfAHoldFindsItsOrder() async throws {
    let bench = try TillTests.bench()
    bench.mapping.set("till", item: "box", code: "BOX", takes: [("TEE", 2)])
    try await bench.run { run in
      try await bench.connectTill(run)
      try await GatewayBench.settled(run)
      try await Self.commit(
        run, "h1", "{\"sku\":\"CAP\",\"quantity\":1},{\"sku\":\"BOX\",\"quantity\":2}",
        handedOver: true)
      #expect(bench.fulfilment.net("till/web-1") == ["1": 1, "2": 4])
      let lines =
        TillTests.line("BOX", 1, refundOf: "1", restock: true) + ","
        + TillTests.line("CAP", 1, id: "2", refundOf: "2", restock: false)
      #expect(try await Self.refund(run, lines) == ["r1 accepted"])
      let found = try #require(bench.returns.found("till/r1"))
      #expect(found.orderID == "till/web-1" && found.state == .inspected)
      #expect(
        found.lines.map { "\($0.sku) \($0.quantity) of \($0.orderLineID)" }
          == ["TEE 2 of 2", "CAP 1 of 1"])
    }
  }

  /// Goal: what was not handed over cannot come back yet: the refund waits for the parcel, and is linked then.
  @Test func refundBeforeTheParcelWaits() async throws {
    let bench = try TillTests.bench()
    bench.returns.state.withLock { $0.unshippedOrders = ["till/web-1"] }
    try await bench.run { run in
      try await bench.connectTill(run)
      try await Self.commit(run, "h1", "{\"sku\":\"TEE\",\"quantity\":1}", handedOver: false)
    }
    let run = try await bench.start { $0.tillWait = .milliseconds(50) }
    // It is kept, so the till may forget it.
    #expect(try await Self.refund(run, TillTests.line("TEE", 1, restock: true)) == ["r1 accepted"])
    #expect(bench.returns.found("till/r1") == nil)
    bench.returns.state.withLock { $0.unshippedOrders = [] }
    try await eventually("the refund is taken") { bench.returns.found("till/r1") != nil }
    #expect(bench.returns.found("till/r1")?.orderID == "till/web-1")
    await run.stop()
  }

  @Test func refundOfWhatNobodyKnowsIsTakenUnlinked() async throws {
    let bench = try TillTests.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let lines = TillTests.line("TEE", 1, refundOf: "1", restock: true)
      #expect(try await Self.refund(run, lines, of: "gone") == ["r1 accepted"])
      let found = try #require(bench.returns.found("till/r1"))
      #expect(found.orderID.isEmpty && found.lines.map(\.orderLineID) == [""])
    }
  }
}
