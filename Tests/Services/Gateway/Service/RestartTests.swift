import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Primitives
import Testing

@testable import GatewayService

/// What a gateway asks its channels for when it starts again with listings that it knows. The channel takes one listing a push, as
/// Shopee takes one item, and reads many in a call.
@Suite struct RestartTests {
  private static func bench(
    _ count: Int = 120, readBatch: Int = 50, comparesStock: Bool = false, readsStock: Bool = true
  ) throws -> GatewayBench {
    try PushTests.bench(
      FakeAdapter(
        FakeChannel(), batch: 1, readBatch: readBatch, readsStock: readsStock,
        comparesStock: comparesStock), listings: count)
  }

  /// Runs the gateway once, has something happen while it is down, and runs it again until nothing waits.
  private static func restart(
    _ bench: GatewayBench, _ body: (GatewayBench.Run) async throws -> Void,
    after change: (inout sending FakeChannel.State) -> Void = { _ in }
  ) async throws {
    try await bench.run { try await GatewayBench.settled($0) }
    bench.channel.with { state in
      state.readCount = 0
      state.readItems = []
      state.pushesBeforeReads = []
      state.pushes = []
      change(&state)
    }
    let run = try await bench.start()
    do {
      try await GatewayBench.settled(run)
      try await body(run)
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  /// Goal: listings of which nothing has changed are read once, as many in a call as the channel allows, and none is pushed,
  /// whether the channel compares or not.
  @Test(arguments: [false, true]) func whatHasNotChangedIsReadTogether(_ comparesStock: Bool)
    async throws
  {
    let bench = try Self.bench(comparesStock: comparesStock)
    bench.pool.receive("CAP", 0)
    bench.mapping.set("acc", item: "sold-out", takes: [("CAP", 1)])
    try await Self.restart(bench) { _ in
      let (calls, items, pushes) = bench.channel.with { ($0.readCount, $0.readItems, $0.pushes) }
      #expect(calls == 3, "121 listings, fifty in a call")
      #expect(items.count == 121 && Set(items).count == 121)
      #expect(pushes.isEmpty)
    }
  }

  /// Goal: what the channel shows otherwise than it did is found by that and pushed, at zero too; what it shows too little of may
  /// be sold, and is not put back.
  @Test func whatDiffersIsSetRight() async throws {
    let bench = try Self.bench(60)
    bench.pool.receive("CAP", 0)
    bench.mapping.set("acc", item: "sold-out", takes: [("CAP", 1)])
    try await bench.run { try await GatewayBench.settled($0) }
    bench.channel.with { state in
      state.shown["i7"] = 77
      state.shown["i8"] = 8
      state.shown["sold-out"] = 4
      state.pushes = []
      state.readCount = 0
    }
    let run = try await bench.start()
    try await PushTests.shows(bench, "i7", 10)
    try await PushTests.shows(bench, "sold-out", 0)
    #expect(bench.channel.shown("i8") == 8)
    #expect(bench.channel.with { Set($0.pushes.map(\.item)) } == ["i7", "sold-out"])
    await run.stop()
  }

  /// Goal: a raise reads its own listing right before it goes out, alone, whatever is read of the others.
  @Test func raiseReadsItsOwnListingRightBefore() async throws {
    let bench = try Self.bench(60)
    bench.pool.receive("CAP", 3)
    bench.mapping.set("acc", item: "cap", takes: [("CAP", 1)])
    try await bench.run { try await GatewayBench.settled($0) }
    bench.pool.receive("CAP", 5)
    bench.channel.with { state in
      // Two were sold of which nobody has heard.
      state.shown["cap"] = 1
      state.readCount = 0
      state.readItems = []
      state.pushes = []
    }
    let run = try await bench.start()
    try await PushTests.shows(bench, "cap", 6)
    try await eventually("all are read") { bench.channel.with { $0.readItems.count } >= 61 }
    let (calls, items) = bench.channel.with { ($0.readCount, $0.readItems) }
    #expect(items.filter { $0 == "cap" }.count >= 1 && Set(items).count == 61)
    // Two for the others, and one for each look at what is still unseen.
    #expect(calls == 2 + items.filter { $0 == "cap" }.count)
    await run.stop()
  }

  /// Goal: a channel that does not answer is asked again, with no push and no alert; one that refuses a call about many is asked
  /// about each alone.
  @Test(
    arguments: [
      (.unavailable("away"), 3), (.refused("odd"), 22), (.malformed("odd"), 22),
    ] as [(ChannelError, Int)])
  func callThatFailsIsMadeAgain(_ error: ChannelError, _ calls: Int) async throws {
    let bench = try Self.bench(40, readBatch: 20)
    try await Self.restart(bench) { run in
      let (made, items, pushes) = bench.channel.with { ($0.readCount, $0.readItems, $0.pushes) }
      #expect(made == calls && items.count == 60 && Set(items).count == 40)
      #expect(pushes.isEmpty)
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.isEmpty)
    } after: {
      $0.readErrors = [error]
    }
  }

  /// Goal: a listing that its channel does not know any more is found out by a push, and is nobody else's trouble.
  @Test func listingThatIsGoneIsTold() async throws {
    let bench = try Self.bench(20)
    try await Self.restart(bench) { run in
      let pushes = try await run.client.listListingPushes(
        ListListingPushesRequest(deadOnly: true)
      ).pushes
      #expect(pushes.map(\.listingID) == ["acc/i3/"])
      #expect(bench.channel.with { $0.pushes.map(\.item) } == ["i3"])
    } after: {
      $0.shown["i3"] = nil
      $0.pushResults["i3"] = [.refused("gone")]
    }
  }

  /// Starts again with a channel that keeps the answers to all readings back, once some were asked for.
  private static func startUnanswered(_ bench: GatewayBench, calls: Int) async throws
    -> GatewayBench.Run
  {
    try await bench.run { try await GatewayBench.settled($0) }
    bench.channel.with {
      $0.keepsReadingsBack = true
      $0.readCount = 0
      $0.pushes = []
    }
    let run = try await bench.start()
    try await eventually("some are asked for") { bench.channel.with { $0.readCount } == calls }
    return run
  }

  /// Goal: what is to be pushed waits for no look, of which only so many are under way.
  @Test func pushesWaitForNoLook() async throws {
    let bench = try Self.bench(60, readBatch: 5)
    let run = try await Self.startUnanswered(bench, calls: GatewayLimits.readingsAtOnce)
    bench.mapping.set("acc", item: "new", takes: [("TEE", 1)])
    try await PushTests.shows(bench, "new", 10)
    #expect(bench.channel.with { $0.readCount } == GatewayLimits.readingsAtOnce)
    bench.channel.with { $0.keepsReadingsBack = false }
    try await GatewayBench.settled(run)
    #expect(bench.channel.with { $0.readCount } == 12)
    await run.stop()
  }

  /// Goal: whatever a listing was read for serves as the look at it.
  @Test func readingOfAPassServesAsALook() async throws {
    let bench = try Self.bench(2)
    let run = try await Self.startUnanswered(bench, calls: 1)
    let account = AccountID(trusted: "acc")
    let pusher = try #require(await run.gateway.planner.pusher(account))
    let (right, wrong) = (ListingID(trusted: "acc/i1/"), ListingID(trusted: "acc/i2/"))
    let asked = await pusher.oneCall(of: [right, wrong]).asked
    #expect(await pusher.counts().pending == 2)
    let findings = await pusher.compare(asked, [10, 12], isCurrent: true)
    let agrees = findings.map { if case .agrees(10) = $0.kind { true } else { false } }
    #expect(agrees == [true, false])
    #expect(await pusher.state(right)?.isPending == false)
    try await eventually("what is too much is lowered") {
      bench.channel.with { $0.pushes.map(\.item) } == ["i2"]
    }
    bench.channel.with { $0.keepsReadingsBack = false }
    try await GatewayBench.settled(run)
    await run.stop()
  }

  /// Goal: where nothing can be read a push tells, as it ever did.
  @Test func channelThatCannotBeReadIsPushed() async throws {
    let bench = try Self.bench(5, readsStock: false)
    try await Self.restart(bench) { _ in
      let (reads, pushes) = bench.channel.with { ($0.readCount, $0.pushes) }
      #expect(reads == 0 && pushes.count == 5 && pushes.allSatisfy { $0.quantity == 10 })
    }
  }
}
