import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct ReadBackTests {
  private func run(
    _ bench: GatewayBench, _ adjust: (inout GatewayConfiguration) -> Void = { _ in },
    _ body: (GatewayBench.Run) async throws -> Void
  ) async throws {
    let run = try await bench.start {
      $0.readBackShare = 1
      adjust(&$0)
    }
    do {
      try await bench.connect(run)
      try await body(run)
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  /// Goal: lag is told of each account and each listing, to the acknowledgement and to the reading.
  @Test func lagIsToldOfAccountsAndListings() async throws {
    let bench = try PushTests.bench(listings: 2)
    try await run(bench) { run in
      try await GatewayBench.settled(run)
      bench.pool.receive("TEE", 5)
      try await eventually("both are read back") {
        let pushes = try await run.client.listListingPushes(ListListingPushesRequest()).pushes
        return pushes.count == 2 && pushes.allSatisfy { $0.recentReadBack?.count ?? 0 > 0 }
      }
      let pushes = try await run.client.listListingPushes(ListListingPushesRequest()).pushes
      for push in pushes {
        let lag = try #require(push.recentLag)
        let readBack = try #require(push.recentReadBack)
        #expect(lag.count == 1 && lag.accountID == "acc")
        #expect(try #require(lag.p50) <= #require(readBack.p50), "first sent, then seen")
      }
      let answer = try await run.client.getLag(GetLagRequest())
      #expect(answer.accounts.map(\.count) == [2] && answer.readBacks.map(\.count) == [2])
      #expect(answer.budgets.map(\.count) == [2] && answer.budgets.first?.objective == 0.99)
      await run.gateway.patrol.look()
      let text = run.metrics.exposition()
      for until in ["acknowledged", "read_back"] {
        for quantile in ["0.5", "0.95", "0.99"] {
          let labels = "account=\"acc\",until=\"\(until)\",quantile=\"\(quantile)\""
          #expect(text.contains("onepool_gateway_lag_seconds{\(labels)}"))
        }
      }
      #expect(text.contains("onepool_gateway_lag_budget_left{account=\"acc\"}"))
    }
  }

  /// Goal: a channel that acknowledges a number and does not show it is found out and told again.
  @Test func acknowledgedNumberThatIsNotShownIsPushedAgain() async throws {
    let bench = try PushTests.bench()
    try await run(bench) { run in
      try await GatewayBench.settled(run)
      bench.channel.with { $0.pushResults["i1"] = [.acknowledged] }
      bench.pool.receive("TEE", 5)
      try await PushTests.shows(bench, "i1", 15)
      try await GatewayBench.settled(run)
      #expect(
        run.metrics.exposition().contains(
          "onepool_gateway_read_backs_total{account=\"acc\",result=\"differs\"} 1"))
    }
  }

  /// Goal: an account whose pushes are late is an alert, and none once its goal is met again.
  @Test func usedUpBudgetIsAnAlert() async throws {
    let bench = try PushTests.bench()
    let clock = ManualClock()
    let goal = GatewayDomain.LagBudget.Goal(target: .milliseconds(500), objective: 0.9)
    let goals: (inout GatewayConfiguration) -> Void = { $0.lagGoal = goal }
    try await run(bench, goals) { run in
      let account = AccountID(trusted: "acc")
      let book = LagBook(goal: goal, clock: clock)
      let watch = LagWatch(
        lag: book, alerts: run.gateway.alerts, clock: clock, metrics: Metrics())
      func open() async throws -> [String] {
        try await run.client.listAlerts(ListAlertsRequest(kind: "LAG_OVER_BUDGET")).alerts
          .map(\.accountID)
      }
      func add(_ count: Int, _ span: Duration) async {
        for _ in 0..<count {
          await book.addPush(span, account: account, channel: ChannelID(trusted: "fake"))
        }
      }
      await add(GatewayLimits.budgetPushes - 1, .seconds(1))
      await watch.look()
      let early = try await open()
      #expect(early.isEmpty, "too few to judge by")
      await add(1, .seconds(1))
      await watch.look()
      #expect(try await open() == ["acc"])
      clock.advance(by: GatewayDomain.LagBudget.window + .seconds(300))
      await watch.look()
      #expect(try await open().isEmpty)
    }
  }
}
