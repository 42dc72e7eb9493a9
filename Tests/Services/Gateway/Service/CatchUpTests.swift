import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// After downtime the cursors replay, orders apply in channel time, raises wait, and a verdict says what it has cost.
@Suite struct CatchUpTests {
  /// A bench whose accounts were connected and listened to before the gateway stopped.
  private func world(_ accounts: [String] = ["acc", "bcc"]) async throws -> PollBench {
    let bench = try PollBench()
    try await bench.run { run in
      for account in accounts {
        try await bench.connect(run, account)
        try await bench.polled(run, account)
      }
      try await GatewayBench.settled(run)
    }
    return bench
  }

  /// Goal: whichever account answers first, the order that was sold first gets the unit, and the verdict says who oversold
  /// whom and what to cancel.
  @Test(arguments: [("acc", "bcc"), ("bcc", "acc")])
  func ordersApplyInChannelTime(_ first: String, _ second: String) async throws {
    let bench = try await world()
    bench.buy("o1", 9, at: 10, of: first)
    bench.buy("o3", 1, at: 30, of: second)
    bench.buy("o2", 1, at: 20, of: first)
    try await bench.run { run in
      let verdict = try await bench.verdict(run)
      #expect(verdict.accounts.map(\.accountID) == ["acc", "bcc"])
      #expect(verdict.accounts.allSatisfy { $0.complete })
      let counts = Dictionary(
        uniqueKeysWithValues: verdict.accounts.map {
          ($0.accountID, [$0.orderCount, $0.unitCount, $0.changeCount, $0.appliedCount])
        })
      #expect(counts == [first: [2, 10, 2, 2], second: [1, 1, 1, 1]])
      let oversold = try #require(verdict.oversold.first)
      #expect(oversold.sku == "TEE" && oversold.availableCount == -1)
      let order = try #require(oversold.orders.first)
      #expect(order.orderID == "\(second)/o3" && order.accountID == second)
      #expect(order.externalID == "o3" && order.oversoldCount == 1)
      #expect(order.takers == [CatchUp.Taker(orderID: "\(first)/o2", count: 1)])
      #expect(order.cancelCount == 1 && order.saveCount == 0 && order.advice.contains("o3"))
      let asked = try await run.client.getCatchUp(
        GetCatchUpRequest(catchUpID: verdict.catchUpID))
      #expect(asked.catchUp == verdict)

      _ = try await run.client.cancelChannelOrder(
        CancelChannelOrderRequest(accountID: second, externalID: "o3", requestID: "r1"))
      try await eventually("the units are back") { bench.bench.pool.available("TEE") == 0 }
      _ = try await run.client.cancelChannelOrder(
        CancelChannelOrderRequest(accountID: second, externalID: "o3", requestID: "r1"))
      #expect(
        bench.script.with { $0.cancellations } == [OrderCancellation(orderExternalID: "o3")])
    }
  }

  /// Goal: no number rises before what its channel has sold meanwhile is taken in; lowering ones go.
  @Test func raisesWaitUntilTheAccountHasCaughtUp() async throws {
    let bench = try await world(["acc"])
    bench.bench.pool.receive("CAP", 5)
    bench.bench.mapping.set("acc", item: "i2", takes: [("CAP", 1)])
    try await bench.run { run in
      try await eventually("both are shown") {
        bench.bench.channel.shown("i1") == 10 && bench.bench.channel.shown("i2") == 5
      }
      try await GatewayBench.settled(run)
    }
    // The channel sells two unheard of; the pool gets more of one SKU, and loses some of the other.
    bench.bench.channel.with { state in
      state.shown["i1"] = 8
      state.set = []
      state.pushes = []
    }
    bench.buy("o1", 2, at: 10)
    bench.bench.pool.receive("TEE", 5)
    bench.bench.pool.receive("CAP", -2)
    bench.script.with { $0.isHeld = true }
    try await bench.run { run in
      try await eventually("the lowering push") { bench.bench.channel.shown("i2") == 3 }
      #expect(await !run.gateway.catchUps.gate.isOpen(AccountID(trusted: "acc")))
      #expect(bench.bench.channel.with { $0.pushes.allSatisfy { $0.item != "i1" } })
      bench.script.with { $0.isHeld = false }
      try await eventually("the raise") { bench.bench.channel.shown("i1") == 13 }
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net == ["acc/o1 1 TEE": 2])
      #expect(bench.bench.channel.with { $0.pushes.map(\.quantity) } == [3, 13])
    }
  }

  /// Goal: an account that is away keeps nobody else from catching up, and catches up when it is back.
  @Test func accountThatIsAwayIsCaughtUpWithLater() async throws {
    let bench = try await world()
    bench.buy("o1", 1, at: 10, of: "acc")
    bench.buy("o2", 1, at: 20, of: "bcc")
    bench.script.with {
      $0.errors["bcc-shop"] = Array(repeating: .refused("away"), count: 1000)
    }
    try await bench.run { run in
      _ = try await bench.verdict(run)
      #expect(bench.bench.pool.net == ["acc/o1 1 TEE": 1])
      bench.script.with { $0.errors = [:] }
      try await eventually("two verdicts") {
        try await run.client.listCatchUps(ListCatchUpsRequest()).catchUps.count == 2
      }
      #expect(bench.bench.pool.net.count == 2)
      let found = try await run.client.listCatchUps(ListCatchUpsRequest()).catchUps
      #expect(found[0].accounts.map(\.accountID) == ["bcc"])
      #expect(found[0].accounts.map(\.orderCount) == [1])
      #expect(found[1].accounts.first { $0.accountID == "bcc" }?.complete == false)
      #expect(found[1].accounts.first { $0.accountID == "acc" }?.orderCount == 1)
    }
  }

  /// Goal: the same end and the same verdict, wherever it dies. Method: the others are taken away at one step, the gateway
  /// is stopped, another one goes on.
  @Test(arguments: 1...8, Faults.Moment.allCases)
  func catchUpEndsTheSameWhereverItDies(_ step: Int, _ moment: Faults.Moment) async throws {
    let bench = try await world()
    bench.buy("o1", 10, at: 10, of: "acc")
    bench.buy("o2", 1, at: 20, of: "bcc")
    bench.bench.faults.plan(
      failAt: bench.bench.faults.names.count + step, moment)
    try await bench.run { run in
      try await eventually("it died or is done") {
        if bench.bench.faults.hasHit { return true }
        return try await !run.client.listCatchUps(ListCatchUpsRequest()).catchUps.isEmpty
      }
    }
    bench.bench.faults.mend()
    try await bench.run { run in
      let verdict = try await bench.verdict(run)
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net == ["acc/o1 1 TEE": 10, "bcc/o2 1 TEE": 1])
      #expect(bench.bench.fulfilment.net("bcc/o2") == ["1": 1])
      #expect(verdict.accounts.map(\.orderCount) == [1, 1])
      #expect(verdict.accounts.map(\.appliedCount) == [1, 1])
      #expect(verdict.oversold.flatMap(\.orders).map(\.orderID) == ["bcc/o2"])
      let all = try await run.client.listCatchUps(ListCatchUpsRequest()).catchUps
      #expect(all.count == 1)
    }
  }

  /// Goal: an alert about an order that the pool does not know keeps no verdict from being given.
  @Test func orderThatThePoolDoesNotKnowIsLeftOut() async throws {
    let bench = try await world(["acc"])
    bench.buy("o1", 1, at: 10)
    bench.script.with { $0.isHeld = true }
    try await bench.run { run in
      try await eventually("it has begun") { try await run.gateway.store.openCatchUp() != nil }
      await run.gateway.alerts.raise(
        .oversold, about: "acc/gone", account: AccountID(trusted: "acc"), "It is gone.")
      bench.script.with { $0.isHeld = false }
      let verdict = try await bench.verdict(run)
      #expect(verdict.accounts.map(\.orderCount) == [1] && verdict.oversold.isEmpty)
    }
  }

  @Test func nothingMissedIsNotTold() async throws {
    let bench = try await world()
    try await bench.run { run in
      try await eventually("raises may go") {
        await run.gateway.catchUps.gate.isOpen(AccountID(trusted: "acc"))
      }
      try await eventually("it is over") {
        try await run.gateway.store.openCatchUp() == nil
      }
      #expect(try await run.client.listCatchUps(ListCatchUpsRequest()).catchUps.isEmpty)
    }
  }

  @Test func refusalsSayWhy() async throws {
    let bench = try await world(["acc"])
    try await bench.run { run in
      try await bench.bench.connect(run, account: "plain")
      func reason(_ request: CancelChannelOrderRequest) async -> String? {
        do {
          _ = try await run.client.cancelChannelOrder(request)
          return nil
        } catch {
          return error.reason
        }
      }
      let units = CancelledUnits(lineID: "1", count: 1)
      let rows: [(CancelChannelOrderRequest, String)] = [
        (.init(accountID: "none", externalID: "o1"), "ACCOUNT_UNKNOWN"),
        (.init(accountID: "plain", externalID: "o1"), "CANCEL_UNSUPPORTED"),
        (.init(accountID: "", externalID: "o1"), "INVALID_REQUEST"),
        (.init(accountID: "acc", externalID: ""), "INVALID_REQUEST"),
        (
          .init(accountID: "acc", externalID: String(repeating: "9", count: 200)),
          "INVALID_REQUEST"
        ),
        (.init(accountID: "acc", externalID: "o1", lines: [units, units]), "INVALID_REQUEST"),
        (
          .init(accountID: "acc", externalID: "o1", lines: [.init(lineID: "1", count: 0)]),
          "INVALID_REQUEST"
        ),
        (
          .init(
            accountID: "acc", externalID: "o1",
            lines: (0..<201).map { .init(lineID: "\($0)", count: 1) }), "INVALID_REQUEST"
        ),
      ]
      for (request, expected) in rows { #expect(await reason(request) == expected) }
      await #expect(throws: RPCError.self) {
        try await run.client.getCatchUp(GetCatchUpRequest(catchUpID: 99))
      }
      await #expect(throws: RPCError.self) {
        try await run.client.listCatchUps(ListCatchUpsRequest(pageToken: "?"))
      }
    }
  }
}
