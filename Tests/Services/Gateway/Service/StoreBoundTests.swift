import ChannelAdapter
import Foundation
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import StorageSQLite
import Testing

@testable import GatewayService

/// Goal: the inbox is bounded, and no bound loses or doubles anything.
@Suite(.timeLimit(.minutes(5))) struct StoreBoundTests {
  private static func bench() throws -> GatewayBench {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    bench.order("o1", [("1", "i1", 3, 0)])
    return bench
  }

  private static func patrol(
    _ run: GatewayBench.Run, maximum: Int64 = 0, free: Int64 = 0
  ) -> StorePatrol {
    let gateway = run.gateway
    return StorePatrol(
      store: gateway.store, alerts: gateway.alerts,
      share: StoreShare(maximumBytes: maximum, freeBytes: free), path: "",
      kept: .seconds(30 * 86_400), log: .silent)
  }

  private static func alerts(_ run: GatewayBench.Run) async throws -> [String] {
    try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind)
  }

  /// An event that is sent again long after it was forgotten is worked on again and changes nothing.
  @Test func doneEventsAreForgottenAndLateRedeliveriesChangeNothing() async throws {
    let bench = try Self.bench()
    let clock = ManualClock(SystemClock().now())
    let run = try await bench.start { $0.clock = clock }
    try await bench.connect(run)
    try await bench.connectTill(run)
    let sale = TillTests.batch(TillTests.sale("s1", TillTests.line("TEE", 2)))
    _ = try await TillTests.post(run, sale)
    _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
    _ = await GatewayBench.post(run, try GatewayBench.event("e2", "", kind: "other"))
    try await GatewayBench.settled(run)
    let net = bench.pool.net
    #expect(net == ["acc/o1 1 TEE": 3, "till/s1 1 TEE": 2])
    func count() async throws -> Int {
      try await run.client.listInboxEvents(ListInboxEventsRequest()).events.count
    }
    clock.advance(by: .seconds(30 * 86_400 - 60))
    try await run.gateway.storePatrol.prune()
    #expect(try await count() == 3)
    clock.advance(by: .seconds(120))
    try await run.gateway.storePatrol.prune()
    #expect(try await count() == 0)
    // A till's sale is known by its key for long after that, and its ID is not free for another.
    let answer = try await TillTests.post(run, sale)
    #expect(TillTests.statuses(answer) == ["s1 already_known"])
    let other = TillTests.batch(TillTests.sale("s1", TillTests.line("TEE", 3)))
    let refused = try await TillTests.post(run, other)
    #expect(TillTests.statuses(refused) == ["s1 rejected SALE_ID_REUSED"])
    #expect(try await count() == 0)
    _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
    try await GatewayBench.settled(run)
    #expect(bench.pool.net == net)
    #expect(bench.fulfilment.net("acc/o1") == ["1": 3])
    await run.stop()
  }

  @Test func whatIsNotDoneIsKeptHoweverOld() async throws {
    let bench = try Self.bench()
    bench.order("o2", [("1", "unknown", 1, 0)])
    let clock = ManualClock(SystemClock().now())
    let run = try await bench.start { $0.clock = clock }
    try await bench.connect(run)
    _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
    try await GatewayBench.settled(run)
    clock.advance(by: .seconds(400 * 86_400))
    try await run.gateway.storePatrol.prune()
    let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
    #expect(events.map(\.state) == [.quarantined])
    await run.stop()
  }

  @Test func manyAreForgottenInSmallBatches() async throws {
    let folder = try BenchFolder()
    let database = try SQLiteDatabase(
      path: folder.file("gateway.db"), migrations: GatewayMigrations.all)
    let clock = ManualClock()
    let store = GatewayStore(database: database, clock: clock)
    let events = (1...7).map { number in
      IncomingEvent(
        accountID: AccountID(trusted: "acc"),
        event: ChannelEvent(
          key: "e\(number)", kind: .other, subject: "", updateTime: .zero, body: []), orderID: "")
    }
    _ = try await store.receive(events)
    clock.advance(by: .seconds(1))
    let now = clock.now()
    var counts: [Int] = []
    for _ in 1...4 { counts.append(try await store.pruneInbox(doneBefore: now, limit: 3)) }
    #expect(counts == [3, 3, 1, 0])
    await database.close()
  }

  /// At the bound an event is refused, not lost: the channel sends it again, and what was acknowledged is there.
  @Test func fullStoreRefusesAndTakesAgain() async throws {
    let bench = try Self.bench()
    let run = try await bench.start()
    try await bench.connect(run)
    try await bench.connectTill(run)
    let used = try await run.gateway.store.usedBytes()
    #expect(used > 0)
    try await Self.patrol(run, maximum: used * 10).look()
    #expect(try await Self.alerts(run).isEmpty)
    try await Self.patrol(run, maximum: used * 10 / 9).look()
    #expect(try await Self.alerts(run) == ["STORE_FILLING"])
    let event = try GatewayBench.event("e1", "o1")
    #expect(await GatewayBench.post(run, event).status == 202)
    try await GatewayBench.settled(run)
    try await Self.patrol(run, maximum: used / 2).look()
    let next = try GatewayBench.event("e2", "o1", time: 2)
    #expect(await GatewayBench.post(run, next).status == 503)
    let sale = TillTests.batch(TillTests.sale("s1", TillTests.line("TEE")))
    let (status, body) = try await GatewayBench.till(run, "POST", "/till/v1/sales", sale)
    #expect(status == 503, "\(body)")
    #expect(bench.pool.net == ["acc/o1 1 TEE": 3])
    try await Self.patrol(run, maximum: used * 10).look()
    #expect(await GatewayBench.post(run, next).status == 202)
    #expect(try await Self.alerts(run).isEmpty)
    await run.stop()
  }

  /// When room is short, what channels cannot send again any more is forgotten before its time.
  @Test func shortRoomForgetsSooner() async throws {
    let bench = try Self.bench()
    let clock = ManualClock(SystemClock().now())
    let run = try await bench.start { $0.clock = clock }
    try await bench.connect(run)
    _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
    try await GatewayBench.settled(run)
    let patrol = Self.patrol(run, free: 80)
    clock.advance(by: .seconds(3 * 86_400))
    try await patrol.look(free: 90)
    try await patrol.prune()
    #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.count == 1)
    clock.advance(by: .seconds(2 * 86_400))
    try await patrol.prune()
    #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.isEmpty)
    try await patrol.look(free: 80)
    #expect(run.gateway.store.room.isFull)
    try await patrol.look(free: 81)
    #expect(run.gateway.store.room.isFull, "a little room is none yet")
    try await patrol.look(free: 200)
    #expect(!run.gateway.store.room.isFull)
    await run.stop()
  }

  @Test(arguments: [
    (0, 0, 100, 5, 0.0), (100, 0, 80, 5, 0.8), (0, 10, 80, 100, 0.1), (100, 10, 50, 10, 1.0),
    (100, 10, 150, 100, 1.5), (0, 10, 0, 0, Double.infinity),
  ])
  func nearerBoundCounts(
    _ maximum: Int64, _ keptFree: Int64, _ used: Int64, _ free: Int64, _ wanted: Double
  ) {
    let share = StoreShare(maximumBytes: maximum, freeBytes: keptFree)
    #expect(share.taken(used: used, free: free) == wanted)
    #expect(share.taken(used: 0, free: nil) == 0)
  }

  /// A till that was offline for three days: its sale is taken in now, at the time it had.
  @Test func lateSaleKeepsItsTime() async throws {
    let bench = try Self.bench()
    let run = try await bench.start()
    try await bench.connectTill(run)
    let time = Timestamp(seconds: SystemClock().now().seconds - 72 * 3600)
    let sale = TillTests.sale("s9", TillTests.line("TEE", 2)).replacing(
      "2026-01-05T10:03:11+08:00", with: time.rfc3339)
    let answer = try await TillTests.post(run, TillTests.batch(sale))
    #expect(TillTests.statuses(answer) == ["s9 accepted"])
    #expect(bench.fulfilment.order("till/s9")?.saleTime == time)
    #expect(try await run.gateway.store.order("till/s9")?.record.saleTime == time)
    #expect(bench.pool.net == ["till/s9 1 TEE": 2])
    await run.stop()
  }
}
