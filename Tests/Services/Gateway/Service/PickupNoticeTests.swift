import ChannelAdapter
import FulfilmentAPI
import GatewayAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import GatewayService

/// Goal: an order that its customer comes for is one in fulfilment, and its channel hears what becomes of it.
@Suite struct PickupNoticeTests {
  @Test func pickupReachesFulfilmentWithItsPlace() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    bench.order("o2", [("1", "i1", 1, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      try await GatewayBench.settled(run)
      #expect(bench.fulfilment.order("acc/o1")?.pickup?.locationID == "MAIN")
      let sent = try #require(bench.fulfilment.order("acc/o2"))
      #expect(sent.pickup == nil)
    }
  }

  /// Method: a later snapshot tells it, after nothing was to be told; a third and a restart tell nothing new.
  @Test func pickupThatIsHeardOfLaterIsToldOnce() async throws {
    let bench = try IntakeTests.bench()
    func calls(_ name: String) -> Int { bench.faults.names.count { $0 == name } }
    bench.order("o1", [("1", "i1", 2, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.fulfilment.order("acc/o1")?.pickup == nil && calls("createOrder") == 1)
      bench.order("o1", [("1", "i1", 2, 0)], time: 2, isPickup: true)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.fulfilment.order("acc/o1")?.pickup?.locationID == "MAIN")
      #expect(calls("createOrder") == 2)
    }
    let run = try await bench.start()
    bench.order("o1", [("1", "i1", 2, 0)], time: 3, isPickup: true)
    _ = await GatewayBench.post(run, try GatewayBench.event("e3", "o1"))
    try await GatewayBench.settled(run)
    #expect(calls("createOrder") == 2 && bench.pool.net == ["acc/o1 1 TEE": 2])
    await run.stop()
  }

  @Test func channelHearsThatItIsReadyAndThatItWasCollected() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    bench.channel.with { $0.noticeErrors = [.unavailable("HTTP 503")] }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      try bench.fulfilment.change("acc/o1") { $0.state = .ready }
      try await eventually("it is ready") { !bench.channel.with { $0.ready }.isEmpty }
      try bench.fulfilment.change("acc/o1") { $0.state = .shipped }
      try await eventually("it was collected") { !bench.channel.with { $0.shipped }.isEmpty }
      try await GatewayBench.settled(run)
    }
    #expect(bench.channel.with { $0.ready } == [ReadyNotice(orderExternalID: "o1")])
    let collected = bench.channel.with { $0.shipped }
    #expect(collected.count == 1 && collected.first?.trackingNumber == "")
    #expect(collected.first?.lines.map { "\($0.lineID) \($0.quantity)" } == ["1 2"])
  }

  /// Goal: an order that waits anew is told of anew. Method: units are added, which takes it off the counter; the channel hears of
  /// each time once, whatever else changes.
  @Test func channelHearsEachTimeThatItIsReady() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      for count in 1...2 {
        try bench.fulfilment.change("acc/o1") { order in
          order.state = .ready
          order.pickup?.readyTime = Timestamp(seconds: Int64(count))
        }
        try await eventually("ready \(count)") { bench.channel.with { $0.ready.count } == count }
        // Another expire time is a change, and nothing to tell.
        try bench.fulfilment.change("acc/o1") { $0.pickup?.expireTime = Timestamp(seconds: 9) }
        try await GatewayBench.settled(run)
        try bench.fulfilment.change("acc/o1") { $0.state = .pending }
      }
    }
    #expect(bench.channel.with { $0.ready.map(\.orderExternalID) } == ["o1", "o1"])
  }

  /// Goal: a customer whose goods are back on sale is not called to the counter. Method: the channel takes no news for an hour.
  @Test func channelDoesNotHearThatWhatIsGoneIsReady() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true)
    bench.channel.with { $0.noticeErrors = [.rateLimited(after: .seconds(3600))] }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      try bench.fulfilment.change("acc/o1") { $0.state = .ready }
      try await eventually("it was tried") { bench.channel.with { $0.noticeErrors.isEmpty } }
      try bench.fulfilment.change("acc/o1") { order in
        order.state = .cancelled
        order.pickup?.expired = true
      }
      try await eventually("an alert") {
        try await !run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty
      }
      try await GatewayBench.settled(run)
    }
    #expect(bench.channel.with { $0.ready }.isEmpty)
  }

  /// Goal: what a customer comes for is taken from the store where that is; what is sent, from where the pool says.
  @Test(
    arguments: [
      ("KL", "STORE"), ("JB", "MAIN"), ("", "MAIN"), (nil, "MAIN"),
    ] as [(String?, String)])
  func saleIsTakenWhereTheCustomerComesTo(place: String?, location: String) async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 2, 0)], isPickup: true, pickupPlace: place)
    // A place alone is none.
    bench.order("o2", [("1", "i1", 1, 0)], pickupPlace: place)
    try await bench.run { run in
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: ConnectionTests.connection {
            $0.credentials = ["pickup_location:KL": "STORE", "pickup_location:JB": ""]
          }))
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      try await GatewayBench.settled(run)
      let taken = bench.pool.state.withLock { $0.saleLocations }
      #expect(taken == ["acc/o1": [location], "acc/o2": [""]])
      #expect(bench.fulfilment.order("acc/o1")?.pickup?.locationID == location)
    }
    // Units that are added go to the same store, whatever the settings say by then.
    let run = try await bench.start()
    bench.order("o1", [("1", "i1", 3, 0)], time: 2, isPickup: true, pickupPlace: "elsewhere")
    _ = await GatewayBench.post(run, try GatewayBench.event("e3", "o1"))
    try await GatewayBench.settled(run)
    #expect(bench.pool.state.withLock { $0.saleLocations["acc/o1"] } == [location])
    await run.stop()
  }

  /// Goal: a store from before there were pickups opens; its orders are sent, until their channel says otherwise.
  @Test func olderStoreOpens() async throws {
    let bench = try IntakeTests.bench()
    let old = try SQLiteDatabase(
      path: bench.folder.file("gateway.db"), migrations: Array(GatewayMigrations.all.prefix(18)))
    _ = try await old.write(until: .after(.seconds(60))) { transaction in
      try transaction.execute(
        """
        INSERT INTO channel_order (order_id, account_id, external_id, state, update_time, sale_time,
          is_shipped_told) VALUES ('acc/o1', 'acc', 'o1', 'open', 1000000, 1000000, 0)
        """)
    }
    await old.close()
    try await bench.run { run in
      let known = try #require(try await run.gateway.store.order("acc/o1")).record
      #expect(!known.isPickup && !known.isPickupTold && known.pickupLocation == "")
      bench.order("o1", [("1", "i1", 2, 0)], time: 2, isPickup: true)
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1", time: 2))
      try await GatewayBench.settled(run)
      #expect(bench.fulfilment.order("acc/o1")?.pickup?.locationID == "MAIN")
    }
  }
}
