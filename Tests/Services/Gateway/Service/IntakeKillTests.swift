import ChannelAdapter
import GatewayAPI
import Primitives
import Testing

@testable import GatewayService

/// The gateway dies between any two steps, before or after the step took effect, and is started
/// again.
@Suite struct IntakeKillTests {
  static let steps = 1...9

  /// Goal: effects are made once, wherever it dies. Method: one run with a planned death, one run
  /// after it.
  @Test(arguments: steps, Faults.Moment.allCases)
  func orderTakesEffectOnce(_ step: Int, _ moment: Faults.Moment) async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0), ("2", "set", 1, 0)], time: 1)
    bench.faults.plan(failAt: step, moment)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await dieOrSettle(bench, run)
      bench.order("o1", [("1", "i1", 3, 1), ("2", "set", 1, 1)], time: 2)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await dieOrSettle(bench, run)
    }
    bench.faults.mend()
    let run = try await bench.start()
    try await GatewayBench.settled(run)
    #expect(bench.pool.net == ["acc/o1 1 TEE": 2])
    #expect(bench.fulfilment.net("acc/o1") == ["1": 2])
    #expect(bench.pool.available("TEE") == 8 && bench.pool.available("CAP") == 10)
    let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
    #expect(events.map(\.state) == [.done, .done])
    await run.stop()
  }

  /// Goal: the same for a cancelled, a handed-over and a returned order.
  @Test(arguments: steps, Faults.Moment.allCases)
  func shippedAndReturnedOrderTakesEffectOnce(_ step: Int, _ moment: Faults.Moment) async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], time: 1)
    bench.channel.with {
      $0.returns["r1"] = ChannelReturn(
        externalID: "r1", orderExternalID: "o1", state: .restocked,
        lines: [
          ChannelReturn.Line(
            lineID: "1", orderLineID: "1", itemID: "i1", variationID: "", sellerSKU: "",
            quantity: 1)
        ], updateTime: Timestamp(seconds: 5))
    }
    bench.faults.plan(failAt: step, moment)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await dieOrSettle(bench, run)
      bench.order("o1", [("1", "i1", 2, 0)], time: 2, state: .shipped)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e3", "r1", kind: "return"))
      try await dieOrSettle(bench, run)
    }
    bench.faults.mend()
    let run = try await bench.start()
    try await GatewayBench.settled(run)
    #expect(bench.pool.net == ["acc/o1 1 TEE": 2])
    #expect(bench.fulfilment.order("acc/o1")?.state == .shipped)
    let found = bench.returns.found("acc/r1")
    #expect(found?.state == .inspected && found?.locationID == "MAIN")
    #expect(found?.lines.map(\.quantity) == [1])
    #expect(found?.lines.first?.disposals.map(\.disposition) == [.restock])
    await run.stop()
  }

  private func dieOrSettle(_ bench: GatewayBench, _ run: GatewayBench.Run) async throws {
    try await eventually("it died or is done") {
      if bench.faults.hasHit { return true }
      return try await run.client.getBacklog(GetBacklogRequest()).inboxCount == 0
    }
  }
}
