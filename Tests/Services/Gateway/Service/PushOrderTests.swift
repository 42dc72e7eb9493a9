import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// What goes first when an account has fewer calls than work, and what a promotion holds.
@Suite struct PushOrderTests {
  /// Goal: zeros go first, then what is nearest to nothing, raises last. Method: all changes come while one push is kept back
  /// and the account makes one call at a time.
  @Test func smallestNumbersGoFirstAndRaisesLast() async throws {
    let bench = try GatewayBench(FakeAdapter(FakeChannel(), batch: 1))
    let start: [String: Int64] = [
      "a": 100, "b": 100, "c": 100, "d": 100, "e": 100, "f": 100, "p1": 9, "p2": 9, "p3": 9,
      "p4": 9,
    ]
    for (item, units) in start.sorted(by: { $0.key < $1.key }) {
      bench.pool.receive("S-\(item)", units)
      bench.mapping.set("acc", item: item, takes: [("S-\(item)", 1)])
    }
    try await bench.run { run in
      try await GatewayBench.settled(run)
      bench.channel.with { $0.keepsAnswersBack = true }
      // All places are taken by pushes that get no answer.
      for place in 1...GatewayLimits.pushesAtOnce { bench.pool.receive("S-p\(place)", -1) }
      try await eventually("no place is free") {
        bench.channel.with { state in (1...4).allSatisfy { state.shown["p\($0)"] == 8 } }
      }
      let before = bench.channel.with { $0.pushes.count }
      for (item, change) in [
        ("a", 50), ("b", -20), ("c", -98), ("d", -100), ("e", -99), ("f", 5),
      ] as [(String, Int64)] {
        bench.pool.receive("S-\(item)", change)
      }
      try await eventually("the changes are known") {
        await run.gateway.planner.sequence >= run.sequences().pool
      }
      bench.channel.with { $0.keepsAnswersBack = false }
      try await GatewayBench.settled(run)
      let order = bench.channel.with { $0.pushes.dropFirst(before).map(\.item) }
      // Four calls are made at once, so neighbours may change places.
      let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
      #expect(Set(order.prefix(4)) == ["b", "c", "d", "e"], "\(order)")
      #expect(Set(order.suffix(2)) == ["a", "f"], "\(order)")
      #expect(places.count == 6)
    }
  }

  private static func alerts(_ run: GatewayBench.Run) async throws -> [String] {
    try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind)
  }

  /// Goal: a promotion's hold is told in its own words, lasts until the promotion's end, and is no failed push; zero is tried
  /// all the same, and the alert ends with it.
  @Test func promotionIsToldWaitedForAndOver() async throws {
    let bench = try PushTests.bench()
    let channel = bench.channel
    let clock = ManualClock()
    let end = clock.now() + .seconds(7200)
    channel.with {
      $0.reserved["i1"] = [
        ReservedStock(name: "flash", quantity: 2, endTime: end),
        ReservedStock(name: "voucher", quantity: 1, endTime: end - .seconds(60)),
      ]
    }
    let run = try await bench.start { $0.clock = clock }
    try await bench.connect(run)
    try await eventually("it is shown") { channel.shown("i1") == 10 }
    try await GatewayBench.settled(run)
    channel.with { $0.pushResults["i1"] = [.locked("12052393: in a promotion")] }
    bench.pool.receive("TEE", -4)
    try await eventually("it is told") { try await Self.alerts(run) == ["PROMOTION_LOCK"] }
    let alert = try await run.client.listAlerts(ListAlertsRequest()).alerts.first
    #expect(alert?.message.contains(end.rfc3339) == true, "\(alert?.message ?? "")")
    let push = try await run.client.listListingPushes(ListListingPushesRequest()).pushes.first
    #expect(push?.attemptCount == 0 && push?.dead == false)
    clock.advance(by: .seconds(3600))
    bench.pool.receive("TEE", -1)
    try await eventually("the change is known") {
      await run.gateway.planner.sequence >= run.sequences().pool
    }
    #expect(channel.shown("i1") == 10, "it waits")
    bench.pool.receive("TEE", -5)
    try await eventually("zero is tried") { channel.shown("i1") == 0 }
    try await eventually("the alert ends") { try await Self.alerts(run).isEmpty }
    await run.stop()
  }

  /// Goal: what was given up is listed, by account too, and what is not is not.
  @Test func deadPushesAreListed() async throws {
    let bench = try PushTests.bench(listings: 3)
    bench.channel.with { $0.pushResults["i2"] = [.refused("no such item")] }
    try await bench.run { run in
      try await GatewayBench.settled(run)
      func dead(_ account: String = "") async throws -> [String] {
        try await run.client.listListingPushes(
          ListListingPushesRequest(accountID: account, deadOnly: true)
        ).pushes.map(\.listingID)
      }
      for (account, expected) in [("", ["acc/i2/"]), ("acc", ["acc/i2/"]), ("x", [])] {
        #expect(try await dead(account) == expected)
      }
      _ = try await run.client.repushListing(RepushListingRequest(listingID: "acc/i2/"))
      try await PushTests.shows(bench, "i2", 10)
      try await GatewayBench.settled(run)
      #expect(try await dead().isEmpty)
    }
    // It is dead over a restart, too.
    bench.channel.with { $0.pushResults["i2"] = [.refused("no such item")] }
    let run = try await bench.start()
    bench.pool.receive("TEE", -1)
    try await GatewayBench.settled(run)
    await run.stop()
    let again = try await bench.start()
    try await GatewayBench.settled(again)
    let pushes = try await again.client.listListingPushes(ListListingPushesRequest(deadOnly: true))
    #expect(pushes.pushes.map(\.listingID) == ["acc/i2/"])
    #expect(pushes.pushes.map(\.lastError) == ["no such item"])
    await again.stop()
  }

  /// Goal: an account that is refused calls makes fewer, and whoever asks sees how many.
  @Test func refusedCallsMakeTheAccountSlower() async throws {
    let bench = try PushTests.bench(FakeAdapter(FakeChannel(), rate: 1000))
    try await bench.run { run in
      try await GatewayBench.settled(run)
      func rate() async throws -> Double? {
        try await run.client.listConnections(ListConnectionsRequest()).connections.first?
          .currentCallsPerSecond
      }
      #expect(try await rate() == 1000)
      bench.channel.with { $0.pushErrors = [.rateLimited(after: .milliseconds(10))] }
      bench.pool.receive("TEE", -1)
      try await PushTests.shows(bench, "i1", 9)
      try await GatewayBench.settled(run)
      let now = try #require(try await rate())
      #expect(now >= 500 && now < 1000)
      #expect(
        run.metrics.exposition().contains("onepool_gateway_calls_per_second{account=\"acc\"}"))
    }
  }
}
