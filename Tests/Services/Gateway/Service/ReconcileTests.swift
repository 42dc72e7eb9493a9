import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// The gateway reads on a manual clock: a test moves it and has the account's reconciler do what is due then.
@Suite struct ReconcileTests {
  private static let span = Duration.seconds(3600)

  private struct Scene {
    var bench: GatewayBench
    var run: GatewayBench.Run
    var clock: ManualClock

    func worker(_ account: String = "acc") async throws -> AccountReconciler {
      try #require(await run.gateway.reconciler.worker(AccountID(trusted: account)))
    }

    /// Moves the clock, and waits until what is due then was done.
    func pass(_ span: Duration) async throws {
      clock.advance(by: span)
      try await GatewayBench.settled(run)
      try await round()
    }

    /// Has the worker do what is due; one that is at work of its own accord is waited for.
    func round() async throws {
      let worker = try await worker()
      try await eventually("a round") { await worker.round() }
    }

    func progress() async throws -> GatewayAPI.ReconcilePass? {
      try await run.client.reconcileAccount(
        ReconcileAccountRequest(accountID: "acc", progressOnly: true)
      ).pass
    }

    func drifts(ended: Bool = false) async throws -> [Drift] {
      try await run.client.listDrifts(ListDriftsRequest(includeEnded: ended)).drifts
    }

    func alerts() async throws -> [String] {
      try await run.client.listAlerts(ListAlertsRequest(kind: "DRIFT")).alerts.map(\.subject)
    }
  }

  private func scene(
    _ bench: GatewayBench, policy: String = "correct", clock: ManualClock = ManualClock(),
    span: Duration? = Self.span, connects: Bool = true, _ body: (Scene) async throws -> Void
  ) async throws {
    let policies = try #require(DriftPolicies(policy))
    let run = try await bench.start {
      $0.clock = clock
      $0.reconcileSpan = span
      $0.driftPolicies = policies
    }
    do {
      if connects { try await bench.connect(run) }
      try await GatewayBench.settled(run)
      try await body(Scene(bench: bench, run: run, clock: clock))
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  private static func reads(_ bench: GatewayBench) -> Int { bench.channel.with { $0.readCount } }

  /// Goal: a number that somebody changed by hand is found, told, set right, and over. Method: the number is raised and
  /// lowered, on channels with and without compare-and-set.
  @Test(arguments: [(37, true), (37, false), (2, true), (2, false)] as [(Quantity, Bool)])
  func handMadeChangeIsFoundToldSetRightAndOver(_ shown: Quantity, _ compares: Bool) async throws {
    let bench = try PushTests.bench(
      FakeAdapter(FakeChannel(), comparesStock: compares), listings: 3)
    try await scene(bench) { scene in
      try await scene.pass(.seconds(1))
      bench.channel.with { $0.shown["i2"] = shown }
      try await scene.pass(Self.span)
      #expect(try await scene.drifts().isEmpty, "one reading proves nothing")
      #expect(bench.channel.shown("i2") == shown)
      try await scene.pass(DriftWatch.secondLook)
      try await PushTests.shows(bench, "i2", 10)
      let drift = try #require(try await scene.drifts().first)
      #expect(drift.listingID == "acc/i2/" && drift.accountID == "acc")
      #expect(drift.shouldShowCount == 10 && drift.shownCount == shown)
      #expect(drift.sizeCount == shown - 10 && drift.correctionCount == 1)
      #expect(drift.likelyCause == "CHANGED_ELSEWHERE")
      #expect(try await scene.alerts() == ["acc/i2/"])
      try await scene.pass(DriftWatch.secondLook)
      #expect(try await scene.drifts().isEmpty)
      #expect(try await scene.alerts().isEmpty)
      let ended = try await scene.drifts(ended: true)
      #expect(ended.count == 1 && ended[0].endTime != nil)
      let text = scene.run.metrics.exposition()
      #expect(
        text.contains(
          "onepool_gateway_drifts_total{account=\"acc\",cause=\"CHANGED_ELSEWHERE\"} 1"))
      #expect(text.contains("onepool_gateway_drifts_open{account=\"acc\"} 0"))
      #expect(text.contains("onepool_gateway_reconcile_oldest_seconds{account=\"acc\"}"))
    }
  }

  /// Goal: what the channel has sold and we have not heard of is no drift while its event is on its way, and none after it.
  @Test func orderOnItsWayIsNoDrift() async throws {
    let bench = try PushTests.bench()
    bench.order("o1", [("1", "i1", 3, 0)])
    try await scene(bench) { scene in
      try await scene.pass(.seconds(1))
      bench.channel.with { $0.shown["i1"] = 7 }
      try await scene.pass(Self.span)
      #expect(Self.reads(bench) > 0)
      // The event comes between the two readings.
      _ = await GatewayBench.post(scene.run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(scene.run)
      for _ in 0..<4 { try await scene.pass(DriftWatch.secondLook) }
      #expect(try await scene.drifts(ended: true).isEmpty)
      #expect(bench.channel.shown("i1") == 7)
    }
  }

  @Test(
    arguments: [
      ("report", 37, 37, 0), ("lower-only", 37, 10, 1), ("lower-only", 2, 2, 0),
      ("report,acc=correct", 37, 10, 1),
    ] as [(String, Quantity, Quantity, Int32)])
  func policyDecidesWhatIsSetRight(
    _ policy: String, _ shown: Quantity, _ after: Quantity, _ corrections: Int32
  ) async throws {
    let bench = try PushTests.bench()
    try await scene(bench, policy: policy) { scene in
      try await scene.pass(.seconds(1))
      bench.channel.with { $0.shown["i1"] = shown }
      let pushCount = bench.channel.with { $0.pushes.count }
      try await scene.pass(Self.span)
      try await scene.pass(DriftWatch.secondLook)
      try await PushTests.shows(bench, "i1", after)
      try await GatewayBench.settled(scene.run)
      #expect(bench.channel.with { $0.pushes.count } - pushCount == Int(corrections))
      let drift = try #require(try await scene.drifts().first)
      #expect(drift.correctionCount == corrections)
      #expect(try await scene.alerts() == ["acc/i1/"])
      // Somebody sets it right.
      bench.channel.with { $0.shown["i1"] = 10 }
      try await scene.pass(.seconds(60))
      #expect(try await scene.drifts().isEmpty)
      #expect(try await scene.alerts().isEmpty)
    }
  }

  /// Goal: a listing that the channel does not know any more is told and not pushed.
  @Test func listingThatIsGoneIsToldAndNotPushed() async throws {
    let bench = try PushTests.bench(listings: 2)
    try await scene(bench) { scene in
      try await scene.pass(.seconds(1))
      bench.channel.with { $0.shown["i1"] = nil }
      let pushCount = bench.channel.with { $0.pushes.count }
      try await scene.pass(Self.span)
      try await scene.pass(DriftWatch.secondLook)
      let drift = try #require(try await scene.drifts().first)
      #expect(drift.likelyCause == "LISTING_GONE" && drift.shownCount == -1)
      #expect(bench.channel.with { $0.pushes.count } == pushCount)
      bench.mapping.set("acc", item: "i1", takes: [])
      try await scene.pass(DriftWatch.secondLook)
      #expect(try await scene.drifts().isEmpty, "it takes nothing now")
      #expect(try await scene.alerts().isEmpty, "it takes nothing now")
    }
  }

  /// Goal: a channel that acknowledges and does not show it is called by its name, and the drift outlives a restart.
  @Test func pushThatWasNotAppliedIsKnownOverARestart() async throws {
    let bench = try PushTests.bench()
    let clock = ManualClock()
    try await scene(bench, policy: "report", clock: clock) { scene in
      try await scene.pass(.seconds(1))
      bench.channel.with { $0.pushResults["i1"] = [.acknowledged] }
      bench.pool.receive("TEE", -4)
      try await GatewayBench.settled(scene.run)
      try await scene.pass(Self.span)
      try await scene.pass(DriftWatch.secondLook)
      #expect(try await scene.drifts().map(\.likelyCause) == ["PUSH_NOT_APPLIED"])
    }
    try await scene(bench, policy: "report", clock: clock, connects: false) { scene in
      // The start itself reads what was pushed last and sets it right.
      try await PushTests.shows(bench, "i1", 6)
      try await scene.pass(.seconds(60))
      #expect(try await scene.drifts().isEmpty)
      #expect(try await scene.alerts().isEmpty)
      #expect(try await scene.drifts(ended: true).map(\.listingID) == ["acc/i1/"])
    }
  }

  /// Goal: a pass that was cut off goes on where it was, and reads nothing twice.
  @Test func passThatWasCutOffGoesOn() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), batch: 2), listings: 20)
    let clock = ManualClock()
    try await scene(bench, clock: clock) { scene in
      try await scene.round()
      try await scene.pass(Self.span / 2)
      let pass = try #require(try await scene.progress())
      #expect(pass.listingCount == 20 && pass.doneCount == 12 && pass.finishTime == nil)
    }
    try await scene(bench, clock: clock, connects: false) { scene in
      // What was pushed before the restart is read by the pushes.
      let before = Self.reads(bench)
      try await scene.pass(Self.span * 45 / 100)
      let pass = try #require(try await scene.progress())
      #expect(pass.doneCount == 20 && pass.finishTime != nil && pass.oldestReadTime != nil)
      #expect(Self.reads(bench) - before == 4, "the eight that were left, two in a call")
    }
  }

  /// Goal: whoever asks before all listings are known is told to wait, and the pass that was cut off loses nothing by it.
  @Test func askingRightAfterAStartSpoilsNoPass() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), batch: 2), listings: 20)
    let clock = ManualClock()
    try await scene(bench, clock: clock) { scene in
      try await scene.round()
      try await scene.pass(Self.span / 2)
    }
    bench.faults.setDown(true)
    let run = try await bench.start {
      $0.clock = clock
      $0.reconcileSpan = Self.span
    }
    let scene = Scene(bench: bench, run: run, clock: clock)
    #expect(try await scene.progress()?.doneCount == 12)
    let error = await #expect(throws: RPCError.self) {
      try await run.client.reconcileAccount(ReconcileAccountRequest(accountID: "acc"))
    }
    #expect(error?.reason == "STOCK_UNKNOWN" && error?.code == .unavailable)
    bench.faults.setDown(false)
    try await GatewayBench.settled(run)
    let before = Self.reads(bench)
    try await scene.pass(Self.span * 45 / 100)
    let pass = try #require(try await scene.progress())
    #expect(pass.doneCount == 20 && pass.finishTime != nil && !pass.asked)
    #expect(Self.reads(bench) - before == 4, "the eight that were left, two in a call")
    await run.stop()
  }

  /// Goal: a pass that is asked for reads everything now, once; asked again meanwhile, it only tells.
  @Test func passThatIsAskedForReadsEverythingNow() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), batch: 5), listings: 20)
    try await bench.run { run in
      try await GatewayBench.settled(run)
      let id = "11111111-1111-4111-8111-111111111111"
      let request = ReconcileAccountRequest(accountID: "acc", requestID: id)
      let first = try await run.client.reconcileAccount(request)
      #expect(first.pass?.asked == true && first.pass?.listingCount == 20)
      try await eventually("all are read") { try await Self.isFinished(run) }
      #expect(Self.reads(bench) == 4, "five in a call")
      #expect(try await run.client.reconcileAccount(request) == first, "a repeat starts none")
      #expect(try await Self.isFinished(run))
      #expect(Self.reads(bench) == 4)
    }
  }

  private static func isFinished(_ run: GatewayBench.Run) async throws -> Bool {
    let answer = try await run.client.reconcileAccount(
      ReconcileAccountRequest(accountID: "acc", progressOnly: true))
    return answer.pass.map { $0.finishTime != nil && $0.doneCount == $0.listingCount } ?? false
  }

  @Test func askingForWhatIsNotThereIsRefused() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      try await bench.connectTill(run)
      for (account, reason) in [
        ("", "INVALID_REQUEST"), ("none", "ACCOUNT_UNKNOWN"), ("till", "STOCK_UNREADABLE"),
      ] {
        let error = await #expect(throws: RPCError.self) {
          try await run.client.reconcileAccount(ReconcileAccountRequest(accountID: account))
        }
        #expect(error?.reason == reason)
      }
      let error = await #expect(throws: RPCError.self) {
        try await run.client.listDrifts(ListDriftsRequest(pageToken: "x"))
      }
      #expect(error?.reason == "PAGE_TOKEN_INVALID")
    }
  }

  /// Goal: what sells, and what is nearly nothing, is read long before its turn.
  @Test func whatSellsIsReadSooner() async throws {
    let bench = try GatewayBench(FakeAdapter(FakeChannel(), batch: 1))
    for (item, units) in [("fast", 50), ("slow", 50), ("last", 2)] as [(String, Int64)] {
      bench.pool.receive("S-\(item)", units)
      bench.mapping.set("acc", item: item, takes: [("S-\(item)", 1)])
    }
    bench.order("o1", [("1", "fast", 1, 0)])
    try await scene(bench) { scene in
      _ = try await scene.run.client.reconcileAccount(ReconcileAccountRequest(accountID: "acc"))
      try await scene.round()
      // The first pushes have moved all of them.
      try await scene.pass(Self.span / 10)
      bench.channel.with { $0.shown["fast"] = 49 }
      _ = await GatewayBench.post(scene.run, try GatewayBench.event("e1", "o1"))
      try await scene.pass(.seconds(1))
      let before = bench.channel.with { $0.readItems.count }
      try await scene.pass(Self.span / 10)
      #expect(
        Set(bench.channel.with { Array($0.readItems.dropFirst(before)) }) == ["fast", "last"])
    }
  }

  /// Goal: a pass takes no call that a push waits for. Method: an account's saved-up calls are gone and 40 pushes wait when the
  /// pass is asked for. Where the machine stood still for so long that calls were saved up again, it is tried once more.
  @Test func passesTakeNoTokensOfPushes() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), rate: 40, batch: 1), listings: 40)
    try await bench.run { run in
      try await GatewayBench.settled(run)
      let session = try #require(await run.gateway.directory.session(AccountID(trusted: "acc")))
      try await eventually("it ran without standing still") {
        for _ in 0..<40 { try await session.acquire() }
        let before = bench.channel.with { state in
          state.callTimes = [.after(.zero)]
          state.pushesBeforeReads = []
          return state.pushes.count
        }
        bench.pool.receive("TEE", -1)
        try await eventually("the pushes wait") {
          await run.gateway.planner.sequence >= run.sequences().pool
        }
        _ = try await run.client.reconcileAccount(ReconcileAccountRequest(accountID: "acc"))
        try await eventually("all are read") { try await Self.isFinished(run) }
        let (reads, times) = bench.channel.with { ($0.pushesBeforeReads, $0.callTimes) }
        let pauses = zip(times, times.dropFirst()).map { $1.nanoseconds - $0.nanoseconds }
        guard let longest = pauses.max(), longest < 200_000_000 else { return false }
        #expect(reads.count >= 40 && reads.allSatisfy { $0 == before + 40 }, "\(reads)")
        return true
      }
    }
  }

  /// Goal: a pass waits for no answer before it asks for more, and pushes do not wait for it. Method: the channel keeps the answers
  /// to all readings back.
  @Test func manyCallsOfAPassAreUnderWayAtOnce() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), batch: 2), listings: 60)
    try await bench.run { run in
      try await GatewayBench.settled(run)
      bench.channel.with { $0.keepsReadingsBack = true }
      _ = try await run.client.reconcileAccount(ReconcileAccountRequest(accountID: "acc"))
      try await eventually("many are asked") {
        Self.reads(bench) == GatewayLimits.readingsAtOnce
      }
      bench.pool.receive("TEE", -1)
      for item in ["i1", "i60"] { try await PushTests.shows(bench, item, 9) }
      #expect(Self.reads(bench) == GatewayLimits.readingsAtOnce)
      bench.channel.with { $0.keepsReadingsBack = false }
      try await eventually("all are read") { try await Self.isFinished(run) }
      #expect(Self.reads(bench) == 30, "two in a call, each once")
    }
  }

  /// Goal: answers about hundreds of listings are read a few at a time, so that pushes come through between them.
  @Test func bigAnswersAreFewAtOnce() async throws {
    for (batch, calls) in [(1, 8), (50, 8), (150, 8), (400, 3), (600, 2), (5000, 1)] {
      #expect(GatewayLimits.readingsAtOnce(of: batch) == calls)
    }
    let adapter = FakeAdapter(FakeChannel(), batch: 500, readBatch: 400)
    let bench = try PushTests.bench(adapter, listings: 1700)
    try await bench.run { run in
      try await GatewayBench.settled(run)
      bench.channel.with { $0.keepsReadingsBack = true }
      _ = try await run.client.reconcileAccount(ReconcileAccountRequest(accountID: "acc"))
      try await eventually("some are asked") { Self.reads(bench) == 3 }
      bench.pool.receive("TEE", -1)
      try await GatewayBench.settled(run)
      #expect(bench.channel.shown("i1") == 9 && bench.channel.shown("i1700") == 9)
      #expect(Self.reads(bench) == 3)
      bench.channel.with { $0.keepsReadingsBack = false }
      try await eventually("all are read") { try await Self.isFinished(run) }
      #expect(Self.reads(bench) == 5)
    }
  }

  /// Goal: of calls that are under way together those that fail are made again, and no other.
  @Test func failedCallAmongOthersIsMadeAgain() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), batch: 2), listings: 20)
    try await scene(bench, span: nil) { scene in
      bench.channel.with { $0.readErrors = [.unavailable("away"), .unavailable("away")] }
      _ = try await scene.run.client.reconcileAccount(ReconcileAccountRequest(accountID: "acc"))
      try await scene.round()
      let pass = try #require(try await scene.progress())
      #expect(pass.doneCount <= 18 && pass.finishTime == nil)
      // Whether the second fails before the first is heard of depends on who is faster.
      for _ in 0..<2 { try await scene.pass(GatewayLimits.reconcilePause) }
      #expect(try await scene.progress()?.doneCount == 20)
      let items = bench.channel.with { $0.readItems }
      let counts = Dictionary(items.map { ($0, 1) }, uniquingKeysWith: +)
      #expect(counts.count == 20 && counts.values.filter { $0 == 2 }.count == 4)
      #expect(counts.values.allSatisfy { $0 <= 2 })
    }
  }

  /// Goal: a channel that is away holds the pass up, one that refuses a single call does not.
  @Test func readingThatFailsIsMadeAgain() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), batch: 1), listings: 3)
    try await scene(bench) { scene in
      try await scene.round()
      // The first pushes have moved all of them.
      try await scene.pass(DriftWatch.secondLook)
      #expect(try await scene.progress()?.doneCount == 1)
      bench.channel.with { $0.readErrors = Array(repeating: .unavailable("away"), count: 3) }
      try await scene.pass(Self.span * 45 / 100)
      #expect(try await scene.progress()?.doneCount == 1)
      bench.channel.with { $0.readErrors = [] }
      try await scene.pass(GatewayLimits.reconcilePause)
      #expect(try await scene.progress()?.doneCount == 2)
      bench.channel.with { $0.readErrors = [.refused("odd")] }
      try await scene.pass(.seconds(600))
      #expect(try await scene.progress()?.doneCount == 3)
    }
  }
}
