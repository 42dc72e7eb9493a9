import ChannelAdapter
import Foundation
import GatewayAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct IntakeTests {
  static func bench() throws -> GatewayBench {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 10)
    bench.pool.receive("CAP", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    bench.mapping.set("acc", item: "set", takes: [("TEE", 1), ("CAP", 2)])
    return bench
  }

  @Test func bundleTakesEachOfItsSKUs() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "set", 2, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1/TEE TEE": 2, "acc/o1 1/CAP CAP": 4])
      let lines = bench.fulfilment.order("acc/o1")?.lines ?? []
      #expect(Set(lines.map(\.channelLineID)) == ["1"])
    }
  }

  @Test func cancellationGivesBackAndGrowthTakesMore() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 2, 0)], time: 1)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      bench.order("o1", [("1", "i1", 5, 1)], time: 2)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 4])
      bench.order("o1", [("1", "i1", 5, 5)], time: 3, state: .cancelled)
      _ = await GatewayBench.post(run, try GatewayBench.event("e3", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net.isEmpty && bench.pool.available("TEE") == 10)
      #expect(bench.fulfilment.order("acc/o1")?.state == .cancelled)
    }
  }

  /// Goal: what changes within one tick of the channel's clock is not lost: the channel is asked how the order stands.
  @Test func changeWithinOneTickOfTheClockCounts() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 3, 0)], time: 1)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      bench.order("o1", [("1", "i1", 1, 0)], time: 1)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 1])
    }
  }

  @Test func cancelledOrderThatNobodyKnewTakesNothing() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 2, 2)], time: 3, state: .cancelled)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net.isEmpty && bench.fulfilment.order("acc/o1") == nil)
    }
  }

  @Test func orderOfTheChannelsOwnWarehouseIsLeftAlone() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 2, 0)], state: .foreign)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net.isEmpty && bench.faults.names.isEmpty)
    }
  }

  /// Goal: an order that had left before the account was connected takes nothing off the stock that
  /// was counted since, whatever is heard of it; one that had not left does.
  @Test func orderFromBeforeTheConnectionIsLeftAlone() async throws {
    let bench = try Self.bench()
    let before = Timestamp(seconds: 1_700_000_000)
    bench.order("o1", [("1", "i1", 2, 0)], state: .shipped, saleTime: before)
    bench.order("o2", [("1", "i1", 1, 0)], saleTime: before)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      try await GatewayBench.settled(run)
      bench.order("o1", [("1", "i1", 2, 0)], time: 2, state: .shipped, saleTime: before)
      bench.order("o2", [("1", "i1", 1, 0)], time: 2, state: .shipped, saleTime: before)
      _ = await GatewayBench.post(run, try GatewayBench.event("e3", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e4", "o2"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o2 1 TEE": 1])
      #expect(bench.fulfilment.order("acc/o1") == nil)
      #expect(bench.fulfilment.order("acc/o2")?.state == .shipped)
    }
  }

  @Test func orderShippedByTheChannelIsHandedOver() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 2, 0)], state: .shipped)
    bench.order("o2", [("1", "i1", 1, 0)], time: 1)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      try await GatewayBench.settled(run)
      #expect(bench.fulfilment.order("acc/o1")?.state == .shipped)
      #expect(bench.fulfilment.order("acc/o1")?.handedOver == true)
      // One that fulfilment has on its list already goes through the motions.
      bench.order("o2", [("1", "i1", 1, 0)], time: 2, state: .shipped)
      _ = await GatewayBench.post(run, try GatewayBench.event("e3", "o2"))
      try await GatewayBench.settled(run)
      #expect(bench.fulfilment.order("acc/o2")?.state == .shipped)
      #expect(bench.channel.with { $0.shipped.count } == 0, "the channel knows it")
    }
  }

  @Test func unmappedLineWaitsUntilItIsMappedAndTheRestGoesOn() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 1, 0), ("2", "new", 3, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 1])
      let backlog = try await run.client.getBacklog(GetBacklogRequest())
      #expect(backlog.quarantinedCount == 1)
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["UNMAPPED_LISTING"])
      #expect(alerts.first?.subject == "acc/new/")
      bench.mapping.set("acc", item: "new", takes: [("CAP", 1)])
      try await eventually("the line is deducted") {
        bench.pool.net == ["acc/o1 1 TEE": 1, "acc/o1 2 CAP": 3]
      }
      try await GatewayBench.settled(run)
      #expect(try await run.client.getBacklog(GetBacklogRequest()).quarantinedCount == 0)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
      let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(events.map(\.state) == [.done])
    }
  }

  /// Goal: a line that is linked while it is being quarantined is deducted, and its alert ends.
  /// Method: many times, since the link may be heard of before or after the row is written.
  @Test func lineMappedWhileItIsQuarantinedIsDeducted() async throws {
    let bench = try Self.bench()
    bench.pool.receive("TEE", 40)
    for number in 0..<50 {
      bench.order("o\(number)", [("1", "new\(number)", 1, 0)])
      bench.mapping.state.withLock { $0.linkedMeanwhile["new\(number)"] = "TEE" }
    }
    try await bench.run { run in
      for number in 0..<50 {
        _ = await GatewayBench.post(run, try GatewayBench.event("e\(number)", "o\(number)"))
      }
      try await eventually("all are deducted") { bench.pool.available("TEE") == 0 }
      try await GatewayBench.settled(run)
      #expect(try await run.client.getBacklog(GetBacklogRequest()).quarantinedCount == 0)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
    }
  }

  @Test func lineMappedWhileTheGatewayWasDownIsDeductedAtItsStart() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("2", "new", 3, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
    }
    bench.mapping.set("acc", item: "new", takes: [("CAP", 1)])
    let run = try await bench.start()
    try await eventually("the line is deducted") { bench.pool.net == ["acc/o1 2 CAP": 3] }
    await run.stop()
  }

  @Test func oversoldOrderIsRecordedAndAlerted() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 14, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.available("TEE") == -4)
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["OVERSOLD"] && alerts.first?.subject == "acc/o1")
    }
  }

  /// Goal: an oversell is heard of though the answer that told it was lost, and another event of
  /// the order told the pool again.
  @Test func oversellWhoseAnswerWasLostIsAlerted() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 14, 0)])
    try await bench.run { run in
      bench.faults.plan(failAt: 2, .afterItIsDone)
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await eventually("the answer is lost") { bench.faults.hasHit }
      #expect(bench.faults.names.last == "recordSale")
      // The first event is out of the way, so that the second tells the pool.
      let first = try await run.client.listInboxEvents(ListInboxEventsRequest()).events.first
      let inboxID = first?.inboxID ?? 0
      try await run.gateway.store.write {
        try $0.setEvent(inboxID, .dead, error: "TEST: given up", now: .zero)
      }
      bench.faults.mend()
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await GatewayBench.settled(run)
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["OVERSOLD"] && alerts.first?.subject == "acc/o1")
      #expect(bench.pool.available("TEE") == -4)
    }
  }

  /// Goal: a sale that the pool knows stays taken in while fulfilment is away: what the channel has
  /// sold since is not put back.
  @Test func recordedSaleStaysTakenInWhileFulfilmentIsAway() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 3, 0)])
    try await bench.run { run in
      try await PushTests.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      // Three are sold by the order, one by another that nobody has heard of.
      let readCount = bench.channel.with { state in
        state.shown["i1"] = 6
        return state.readCount
      }
      bench.faults.plan(failAt: bench.faults.names.count + 3, .beforeItIsDone)
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await eventually("fulfilment is away") { bench.faults.hasHit }
      #expect(bench.faults.names.last == "createOrder")
      try await eventually("it is looked at") { bench.channel.with { $0.readCount } > readCount }
      bench.faults.mend()
      try await eventually("it is taken in") { bench.fulfilment.order("acc/o1") != nil }
      let pushed = bench.channel.with { $0.pushes.filter { $0.item == "i1" }.map(\.quantity) }
      #expect(pushed == [10], "nothing is pushed")
      #expect(bench.channel.shown("i1") == 6)
    }
  }

  /// Goal: an event that died is not said to be done.
  @Test func deadEventStaysDeadWhenItIsAskedFor() async throws {
    let bench = try Self.bench()
    bench.mapping.set("acc", item: "i9", takes: [("NONE", 1)])
    bench.order("o1", [("1", "i9", 1, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      let event = try await run.client.listInboxEvents(ListInboxEventsRequest()).events.first
      let outcome = await run.gateway.intake.submit(
        WorkScheduler.Job(
          id: event?.inboxID ?? 0, accountID: AccountID(trusted: "acc"), key: "order acc/o1"),
        waitingFor: .seconds(20))
      guard case .dead(let code, _) = outcome else {
        Issue.record("\(String(describing: outcome))")
        return
      }
      #expect(code == "SKU_UNKNOWN")
    }
  }

  /// Goal: an order that cannot be worked on holds no other up. Method: the first order is unknown
  /// to its channel.
  @Test func badOrderHoldsNoOtherUp() async throws {
    let bench = try Self.bench()
    for number in 0..<50 { bench.order("o\(number)", [("1", "i1", 1, 0)]) }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e", "unknown"))
      for number in 0..<50 {
        _ = await GatewayBench.post(run, try GatewayBench.event("e\(number)", "o\(number)"))
      }
      try await eventually("the others are taken in") { bench.pool.net.count == 50 }
      let events = try await run.client.listInboxEvents(
        ListInboxEventsRequest(state: .retrying)
      ).events
      #expect(events.map(\.orderID) == ["acc/unknown"])
    }
  }

  @Test func refusedEventIsDeadAndMayBeReplayed() async throws {
    let bench = try Self.bench()
    bench.mapping.set("acc", item: "i9", takes: [("NONE", 1)])
    bench.order("o1", [("1", "i9", 1, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      let dead = try await run.client.listInboxEvents(ListInboxEventsRequest(state: .dead)).events
      #expect(dead.count == 1 && dead.first?.lastError.contains("SKU_UNKNOWN") == true)
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["EVENT_DEAD"])
      #expect(try await run.client.getBacklog(GetBacklogRequest()).deadCount == 1)
      bench.pool.receive("NONE", 5)
      _ = try await run.client.replayInboxEvent(
        ReplayInboxEventRequest(inboxID: dead.first?.inboxID ?? 0))
      try await eventually("it is deducted") { bench.pool.net == ["acc/o1 1 NONE": 1] }
      try await GatewayBench.settled(run)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
    }
  }

  /// Goal: an order whose turn is not yet is taken in then, and that is no failed try.
  @Test func orderWaitsForItsTurnWithoutAPlace() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 1, 0)])
    bench.channel.with { $0.fetchErrors = [.rateLimited(after: .milliseconds(20))] }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 1])
      let event = try await run.client.listInboxEvents(ListInboxEventsRequest()).events.first
      #expect(event?.attemptCount == 1)
    }
  }

  @Test func ordersWaitWhileThePoolIsAwayAndNoneIsLost() async throws {
    let bench = try Self.bench()
    for number in 0..<20 { bench.order("o\(number)", [("1", "i1", 1, 0)]) }
    try await bench.run { run in
      bench.faults.setDown(true)
      for number in 0..<20 {
        let response = await GatewayBench.post(
          run, try GatewayBench.event("e\(number)", "o\(number)"))
        #expect(response.status == 202)
      }
      let waiting = try await run.client.getBacklog(GetBacklogRequest())
      #expect(waiting.inboxCount == 20)
      bench.faults.mend()
      try await GatewayBench.settled(run)
      #expect(bench.pool.net.count == 20)
    }
  }

  @Test func cancellationAfterItHasLeftIsAnAlert() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 2, 0)], time: 1)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      try bench.fulfilment.change("acc/o1") { $0.state = .shipped }
      bench.order("o1", [("1", "i1", 2, 2)], time: 2, state: .cancelled)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 2], "the goods are gone")
      let kinds = try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind)
      #expect(kinds == ["CANCELLED_AFTER_SHIPMENT"])
    }
  }

  /// Goal: any order and repetition of events ends with the newest order. Method: seeded shuffles
  /// of versions that the channel shows one after another.
  @Test(arguments: 0..<5) func eventsInAnyOrderEndTheSame(_ seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let bench = try Self.bench()
    try await bench.run { run in
      var versions: [(Int64, Quantity, Quantity)] = [(1, 2, 0), (2, 4, 0), (3, 4, 1), (4, 4, 3)]
      versions.shuffle(using: &random)
      for (time, quantity, cancelled) in versions {
        bench.order("o1", [("1", "i1", quantity, cancelled)], time: time)
        let key = "e\(time)"
        _ = await GatewayBench.post(run, try GatewayBench.event(key, "o1", time: time))
        if Bool.random(using: &random) {
          _ = await GatewayBench.post(run, try GatewayBench.event(key, "o1", time: time))
        }
        try await GatewayBench.settled(run)
      }
      #expect(bench.pool.net == ["acc/o1 1 TEE": 1], "seed \(seed)")
      #expect(bench.fulfilment.net("acc/o1") == ["1": 1], "seed \(seed)")
    }
  }
}
