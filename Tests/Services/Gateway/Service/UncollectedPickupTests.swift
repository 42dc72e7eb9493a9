import ChannelAdapter
import FulfilmentAPI
import GatewayAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// Goal: where an order was sold, somebody hears that nobody came for it.
@Suite struct UncollectedPickupTests {
  private static func expire(_ orderID: String, _ bench: GatewayBench) throws {
    try bench.fulfilment.change(orderID) { order in
      order.state = .cancelled
      order.pickup?.expired = true
      for index in order.lines.indices {
        order.lines[index].cancelledCount = order.lines[index].quantity
      }
    }
  }

  private static func alerts(_ run: GatewayBench.Run) async throws -> [Alert] {
    try await run.client.listAlerts(ListAlertsRequest()).alerts
  }

  /// Goal: an order that nobody came for is cancelled on its channel, once, and read again. Method: the channel does not tell of
  /// it; another order was cancelled by its buyer.
  @Test func channelCancelsWhatNobodyCameFor() async throws {
    let poll = try PollBench()
    let bench = poll.bench
    poll.buy("o1", 2)
    poll.buy("o2", 1)
    bench.channel.with { state in
      for id in ["o1", "o2"] { state.orders[id]?.isPickup = true }
    }
    try await poll.run { run in
      try await poll.connect(run)
      _ = try await poll.tell(run, "e1", "o1")
      _ = try await poll.tell(run, "e2", "o2")
      try await GatewayBench.settled(run)
      try bench.fulfilment.change("acc/o2") { $0.state = .cancelled }
      try Self.expire("acc/o1", bench)
      try await eventually("the channel's order is read again") {
        bench.pool.net == ["acc/o2 1 TEE": 1]
      }
      try bench.fulfilment.change("acc/o1") { $0.etag = "again" }
      try await GatewayBench.settled(run)
      #expect(try await Self.alerts(run).isEmpty)
    }
    #expect(
      poll.script.with { $0.cancellations }
        == [OrderCancellation(orderExternalID: "o1", cause: .notCollected)])
    #expect(bench.fulfilment.order("acc/o1")?.state == .cancelled)
  }

  /// Goal: an order that its shop opened again and that nobody came for again is cancelled again.
  @Test func channelCancelsAgainWhatNobodyCameForAgain() async throws {
    let poll = try PollBench()
    let bench = poll.bench
    poll.buy("o1", 2)
    bench.channel.with { $0.orders["o1"]?.isPickup = true }
    try await poll.run { run in
      try await poll.connect(run)
      _ = try await poll.tell(run, "e1", "o1")
      try await GatewayBench.settled(run)
      for count in 1...2 {
        try bench.fulfilment.change("acc/o1") {
          $0.pickup?.readyTime = Timestamp(seconds: Int64(count))
        }
        try Self.expire("acc/o1", bench)
        try await eventually("it is cancelled and read again") {
          guard poll.script.with({ $0.cancellations.count }) == count else { return false }
          return try await run.gateway.store.order("acc/o1")?.record.state == .cancelled
        }
        bench.channel.with { state in
          state.orders["o1"]?.state = .open
          state.orders["o1"]?.lines[0].cancelledCount = 0
          state.orders["o1"]?.updateTime = Timestamp(seconds: poll.start + 100 * Int64(count))
        }
        _ = try await poll.tell(run, "again \(count)", "o1")
        try await eventually("it is sold again") { bench.pool.net == ["acc/o1 1 TEE": 2] }
        try await GatewayBench.settled(run)
      }
    }
  }

  /// Goal: an alert that nobody would end is not raised. Method: the channel cancels the order before the notice is taken up.
  @Test func nothingIsAskedThatWasDoneMeanwhile() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      bench.order("o1", [("1", "i1", 2, 2)], time: 2, state: .cancelled, isPickup: true)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await GatewayBench.settled(run)
      _ = try await run.gateway.store.write { transaction in
        try transaction.queueNotice(
          .uncollected, about: "acc/o1", account: AccountID(trusted: "acc"),
          body: PickupBody("o1", readyTime: nil).encoded, now: SystemClock().now())
      }
      await run.gateway.notices.load()
      try await GatewayBench.settled(run)
      #expect(try await Self.alerts(run).isEmpty)
    }
  }

  /// Goal: where nobody can cancel from here, an alert says what to do, and ends when the channel says that it was done.
  @Test func somebodyIsToCancelWhatNobodyCameFor() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      try Self.expire("acc/o1", bench)
      try await eventually("an alert") { try await !Self.alerts(run).isEmpty }
      let alert = try #require(try await Self.alerts(run).first)
      #expect(alert.kind == "PICKUP_UNCOLLECTED" && alert.subject == "acc/o1")
      #expect(alert.severity == .warning && alert.accountID == "acc")
      #expect(alert.advice.contains("pay it back"))
      bench.order("o1", [("1", "i1", 2, 2)], time: 2, state: .cancelled, isPickup: true)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await eventually("it is over") { try await Self.alerts(run).isEmpty }
    }
  }

  /// Method: a hold of our own API that became an order; an order of nobody's, and one that its channel had cancelled before.
  @Test func shopOfOnesOwnIsToldByAnAlert() async throws {
    let bench = try TillTests.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      _ = try await GatewayBench.till(
        run, "POST", "/till/v1/holds",
        #"{"hold_id":"h1","lines":[{"sku":"TEE","quantity":1}]}"#)
      let committed = try await GatewayBench.till(
        run, "POST", "/till/v1/holds/h1/commit", #"{"order_id":"w1","pickup":true}"#)
      #expect(committed.status == 200)
      bench.fulfilment.state.withLock {
        $0.orders["nobody/1"] = Order(
          orderID: "nobody/1", accountID: "nobody", channelID: "till", externalID: "1",
          pickup: Pickup())
      }
      try Self.expire("nobody/1", bench)
      try Self.expire("till/w1", bench)
      try await eventually("an alert") { try await !Self.alerts(run).isEmpty }
      try await GatewayBench.settled(run)
      #expect(try await Self.alerts(run).map(\.subject) == ["till/w1"])
    }
  }

  /// Goal: what the shop hands over after it went back on sale is sold and gone, once, wherever the gateway dies. Method: a
  /// customer comes late, and the till knows nothing of fulfilment; one run with a planned death, one run after it.
  @Test(arguments: 1...9, Faults.Moment.allCases)
  func lateCustomerIsServedByTheChannel(_ step: Int, _ moment: Faults.Moment) async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      // Fulfilment has told the pool.
      bench.pool.state.withLock { $0.lines["acc/o1"]?["1"]?.cancelled = 2 }
      try Self.expire("acc/o1", bench)
      try await eventually("an alert") { try await !Self.alerts(run).isEmpty }
      bench.faults.plan(failAt: bench.faults.names.count + step, moment)
      bench.order("o1", [("1", "i1", 2, 0)], time: 2, state: .shipped, isPickup: true)
      for key in ["e2", "e3"] {
        _ = await GatewayBench.post(run, try GatewayBench.event(key, "o1", time: 2))
      }
      try await eventually("it died or is done") {
        if bench.faults.hasHit { return true }
        return try await run.client.getBacklog(GetBacklogRequest()).inboxCount == 0
      }
    }
    bench.faults.mend()
    let run = try await bench.start()
    try await GatewayBench.settled(run)
    #expect(
      bench.pool.state.withLock { $0.lines["acc/o1"] }
        == ["1": FakePool.Line(sku: "TEE", sold: 4, cancelled: 2)])
    #expect(bench.pool.available("TEE") == 8)
    let order = bench.fulfilment.order("acc/o1")
    #expect(order?.state == .shipped && bench.fulfilment.net("acc/o1") == ["1": 2])
    #expect(try await Self.alerts(run).isEmpty)
    await run.stop()
  }

  @Test func whatTheChannelHasEndedIsNotCancelledThere() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    bench.order("o2", [("1", "i1", 1, 0)], isPickup: true)
    try await bench.run { run in
      for (key, id) in [("e1", "o1"), ("e2", "o2")] {
        _ = await GatewayBench.post(run, try GatewayBench.event(key, id))
      }
      try await GatewayBench.settled(run)
      bench.order("o1", [("1", "i1", 2, 2)], time: 2, state: .cancelled, isPickup: true)
      _ = await GatewayBench.post(run, try GatewayBench.event("e3", "o1"))
      try await GatewayBench.settled(run)
      try Self.expire("acc/o1", bench)
      // Watched after it.
      try bench.fulfilment.change("acc/o2") { $0.state = .ready }
      try await eventually("the other is ready") { !bench.channel.with { $0.ready }.isEmpty }
      #expect(try await Self.alerts(run).isEmpty)
    }
  }
}
