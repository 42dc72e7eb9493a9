import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// Goal: what was told of a listing's number is over once the listing takes nothing from the pool any more, and told anew when
/// it is linked again and still fails.
@Suite struct UnlinkedListingTests {
  private static func alerts(_ run: GatewayBench.Run) async throws -> [String] {
    try await run.client.listAlerts(ListAlertsRequest()).alerts
      .map { "\($0.kind) \($0.subject)" }.sorted()
  }

  private static func dead(_ run: GatewayBench.Run) async throws -> [String] {
    try await run.client.listListingPushes(ListListingPushesRequest(deadOnly: true)).pushes
      .map(\.listingID)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var result: PushResult
    var kind: String
  }

  static let cases = [
    Case(testDescription: "given up", result: .refused("no such item"), kind: "PUSH_FAILED"),
    Case(testDescription: "held", result: .locked("in a promotion"), kind: "PROMOTION_LOCK"),
  ]

  @Test(arguments: cases) func alertEndsWithTheLink(_ one: Case) async throws {
    let bench = try PushTests.bench(listings: 2)
    bench.channel.with { $0.pushResults["i2"] = [one.result] }
    try await bench.run { run in
      let told = ["\(one.kind) acc/i2/"]
      try await eventually("it is told") { try await Self.alerts(run) == told }
      bench.mapping.set("acc", item: "i2", takes: [])
      try await eventually("it is over") { try await Self.alerts(run).isEmpty }
      #expect(try await Self.dead(run).isEmpty)
      // Linked again it is tried again, and told again when it fails again.
      bench.channel.with { $0.pushResults["i2"] = [one.result] }
      bench.mapping.set("acc", item: "i2", takes: [("TEE", 1)])
      try await eventually("it is told again") { try await Self.alerts(run) == told }
      bench.mapping.set("acc", item: "i2", takes: [])
      try await eventually("it is over") { try await Self.alerts(run).isEmpty }
      bench.mapping.set("acc", item: "i2", takes: [("TEE", 2)])
      try await PushTests.shows(bench, "i2", 5)
      try await GatewayBench.settled(run)
      #expect(try await Self.alerts(run).isEmpty)
    }
  }

  /// Method: the listing is unlinked while the gateway is down.
  @Test(arguments: cases) func alertOfAnEarlierRunEnds(_ one: Case) async throws {
    let bench = try PushTests.bench(listings: 2)
    bench.channel.with { $0.pushResults["i2"] = [one.result] }
    try await bench.run { run in
      try await eventually("it is told") { try await !Self.alerts(run).isEmpty }
    }
    bench.mapping.set("acc", item: "i2", takes: [])
    let run = try await bench.start()
    try await eventually("it is over") { try await Self.alerts(run).isEmpty }
    bench.mapping.set("acc", item: "i2", takes: [("TEE", 1)])
    try await PushTests.shows(bench, "i2", 10)
    #expect(try await Self.dead(run).isEmpty)
    await run.stop()
  }

  /// Method: it is unlinked while the push is on its way that is refused.
  @Test(arguments: cases) func refusalAfterTheEndTellsNobody(_ one: Case) async throws {
    let bench = try PushTests.bench(listings: 2)
    try await bench.run { run in
      try await GatewayBench.settled(run)
      bench.channel.with {
        $0.keepsAnswersBack = true
        $0.pushResults["i2"] = [one.result]
      }
      bench.pool.receive("TEE", -1)
      try await eventually("both are on their way") {
        bench.channel.with { $0.shown["i1"] == 9 && $0.pushResults["i2"] == [] }
      }
      bench.mapping.set("acc", item: "i2", takes: [])
      try await eventually("the change is known") {
        await run.gateway.planner.listingSequence >= run.sequences().mapping
      }
      bench.channel.with { $0.keepsAnswersBack = false }
      try await GatewayBench.settled(run)
      #expect(try await Self.alerts(run).isEmpty)
      bench.mapping.set("acc", item: "i2", takes: [("TEE", 1)])
      try await PushTests.shows(bench, "i2", 9)
      #expect(try await Self.dead(run).isEmpty)
    }
  }
}
