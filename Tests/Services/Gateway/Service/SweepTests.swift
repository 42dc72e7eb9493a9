import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// Once a day is asked for what no search has shown in time, and for returns that nobody told the end of.
@Suite(.timeLimit(.minutes(5))) struct SweepTests {
  private static let account = AccountID(trusted: "acc")

  private func during(
    _ bench: PollBench, _ clock: ManualClock, _ body: (GatewayBench.Run) async throws -> Void
  ) async throws {
    try await bench.run({ $0.clock = clock }, body)
  }

  private func sweepTime(_ run: GatewayBench.Run) async throws -> Timestamp? {
    try await run.gateway.store.poll(Self.account)?.sweepTime
  }

  /// Goal: an order that a search shows three days late is found, as far back as the channel's reach, and what is known is
  /// neither stored nor worked on again. Method: the gateway is started again a day and more after the account was connected.
  @Test func orderThatNoPollHasSeenIsFoundByTheSweep() async throws {
    let bench = try PollBench()
    let clock = ManualClock(SystemClock().now())
    let connected = clock.now()
    try await during(bench, clock) { run in
      try await bench.connect(run)
      try await bench.polled(run)
      bench.buy("told", 1, at: 30)
      _ = try await bench.tell(run, "e1", "told", at: 30)
      try await GatewayBench.settled(run)
      clock.advance(by: .seconds(3 * 86_400))
      await bench.ring(run)
      try await eventually("polled since") {
        try await run.gateway.store.poll(Self.account)?.watermark == clock.now()
      }
      bench.buy("late", 2, at: 60)
      let count = bench.polls().count
      await bench.ring(run)
      try await eventually("another poll") { bench.polls().count > count }
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net == ["acc/told 1 TEE": 1], "a poll does not look that far back")
      #expect(try await sweepTime(run) == nil)
    }
    try await during(bench, clock) { run in
      try await eventually("the sweep is over") { try await sweepTime(run) == clock.now() }
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net == ["acc/told 1 TEE": 1, "acc/late 1 TEE": 2])
      #expect(try await bench.events(run).count == 2)
      #expect(bench.polls().contains(connected - bench.fake.polling.overlap))
      // Nothing is due before the next day.
      let count = bench.polls().count
      let sweeps = try await sweeps(bench, run)
      #expect(await sweeps.sweepIfDue() == GatewayLimits.sweepLook)
      #expect(bench.polls().count == count)
      clock.advance(by: GatewayLimits.sweepEvery)
      _ = await sweeps.sweepIfDue()
      #expect(bench.polls().count == count + 1)
      #expect(try await bench.events(run).count == 2, "what is known is left out")
    }
  }

  private func sweeps(
    _ bench: PollBench, _ run: GatewayBench.Run
  ) async throws -> AccountSweeps {
    AccountSweeps(
      session: try #require(await run.gateway.directory.session(Self.account)),
      adapter: bench.fake,
      poller: OrderPoller(
        store: run.gateway.store, metrics: GatewayMetrics(Metrics()), log: .silent),
      gate: run.gateway.catchUps.gate, intake: run.gateway.intake)
  }

  /// Goal: a sweep that fails is none, holds up no poll, and is made later.
  @Test func sweepThatFailsIsMadeLater() async throws {
    let bench = try PollBench()
    let clock = ManualClock(SystemClock().now())
    try await during(bench, clock) { run in
      try await bench.connect(run)
      try await bench.polled(run)
      clock.advance(by: GatewayLimits.sweepEvery)
      let sweeps = try await sweeps(bench, run)
      bench.script.with { $0.errors["acc-shop"] = [.refused("not now")] }
      _ = await sweeps.sweepIfDue()
      #expect(try await sweepTime(run) == nil)
      _ = await sweeps.sweepIfDue()
      #expect(try await sweepTime(run) == clock.now())
    }
  }

  /// Goal: a return that was withdrawn without anything telling so is withdrawn here, and one that still waits stays.
  @Test func returnThatNobodyToldTheEndOfIsLookedAt() async throws {
    let bench = try PollBench()
    let clock = ManualClock(SystemClock().now())
    func set(_ id: String, _ state: ChannelReturn.State) {
      bench.bench.channel.with {
        $0.returns[id] = ChannelReturn(
          externalID: id, orderExternalID: "o1", state: state,
          lines: [
            ChannelReturn.Line(
              lineID: "1", orderLineID: "1", itemID: "i1", variationID: "", sellerSKU: "",
              quantity: 1)
          ], updateTime: Timestamp(seconds: bench.start + 60))
      }
    }
    try await during(bench, clock) { run in
      try await bench.connect(run)
      try await bench.polled(run)
      bench.buy("o1", 2, state: .shipped)
      _ = try await bench.tell(run, "e1", "o1")
      try await GatewayBench.settled(run)
      for id in ["r1", "r2"] {
        set(id, .requested)
        _ = try await bench.tell(run, "told \(id)", id, at: 60, kind: "return")
      }
      try await GatewayBench.settled(run)
      for id in ["r1", "r2"] {
        #expect(bench.bench.returns.found("acc/\(id)")?.state == .requested)
      }
      set("r1", .closed)
      clock.advance(by: GatewayLimits.sweepEvery)
      let sweeps = try await sweeps(bench, run)
      _ = await sweeps.sweepIfDue()
      try await GatewayBench.settled(run)
      #expect(bench.bench.returns.found("acc/r1")?.state == .cancelled)
      #expect(bench.bench.returns.found("acc/r2")?.state == .requested)
      #expect(try await bench.events(run).filter { $0.eventKey.hasPrefix("look:") }.count == 2)
      clock.advance(by: GatewayLimits.sweepEvery)
      _ = await sweeps.sweepIfDue()
      try await GatewayBench.settled(run)
      #expect(try await bench.events(run).filter { $0.eventKey.hasPrefix("look:") }.count == 3)
    }
  }
}
