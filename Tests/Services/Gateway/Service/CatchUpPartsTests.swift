import Kit
import PoolAPI
import Primitives
import RPCCore
import RPCInProcess
import StorageSQLite
import Testing

@testable import GatewayService

@Suite struct CatchUpPartsTests {
  private let account = AccountID(trusted: "acc")

  private func change(_ id: Int64, _ seconds: Int64) -> PolledChange {
    PolledChange(
      job: WorkScheduler.Job(id: id, accountID: account, key: "order \(id)"),
      updateTime: Timestamp(seconds: seconds))
  }

  @Test func earliestIsTakenFirstWheneverItCame() async {
    let line = CatchUpLine()
    await line.add([change(1, 30), change(2, 10)])
    await line.add([change(3, 20), change(4, 10)])
    var taken: [Int64] = []
    while let next = await line.take() { taken.append(next.job.id) }
    #expect(taken == [2, 4, 3, 1])
    #expect(await !line.isEmpty)
    for id in taken { await line.leave(id) }
    #expect(await line.isEmpty)
  }

  /// Goal: who comes later waits for those in front, for a bounded time; who is in no line waits for nobody.
  @Test func turnComesWhenThoseInFrontHaveLeft() async {
    let line = CatchUpLine()
    await line.add([change(1, 10), change(2, 20)])
    _ = await line.take()
    _ = await line.take()
    await line.turn(99, atMost: .seconds(60))
    await line.turn(1, atMost: .seconds(60))
    await line.turn(2, atMost: .milliseconds(1))
    async let second: Void = line.turn(2, atMost: .seconds(60))
    await line.leave(1)
    await second
    await line.leave(2)
    #expect(await line.isEmpty)
  }

  /// Goal: a gate that nobody opens lets raises go all the same, and is not closed anew until it was opened.
  @Test func gateIsClosedForABoundedTime() async {
    let gate = RaiseGate()
    await gate.wait(account)
    await gate.close(account, atMost: .milliseconds(1))
    await gate.wait(account)
    await gate.close(account, atMost: .seconds(60))
    #expect(await gate.isOpen(account))
    await gate.open(account)
    await gate.close(account, atMost: .seconds(60))
    #expect(await !gate.isOpen(account))
    async let waiting: Void = gate.wait(account)
    await gate.open(account)
    await waiting
    #expect(await gate.isOpen(account))
  }

  /// Goal: who comes while the end of a catch-up is being stored gets the next one, and the verdict on the first is as it was
  /// given. Method: that write is held back until somebody has come.
  @Test func whoComesAtTheEndGetsTheNext() async throws {
    let folder = try BenchFolder()
    let database = FillableDatabase(
      try SQLiteDatabase(path: folder.file("gateway.db"), migrations: GatewayMigrations.all))
    let clock = ManualClock()
    let store = GatewayStore(database: database, clock: clock)
    let pool = RPCClient(
      transport: InProcessTransport(services: [FakePool(Faults())]), timeout: .seconds(60))
    let catchUps = CatchUps(
      store: store, intake: WorkScheduler(),
      judge: CatchUpJudge(store: store, pool: PoolServiceClient(pool)), log: .silent)
    let wellTime = clock.now() - .seconds(1000)
    let first = await catchUps.join(account, wellTime: wellTime)
    await catchUps.arrived(account, isComplete: true)
    database.hold()
    let running = Task { await catchUps.run {} }
    try await eventually("the end is being stored") { database.heldCount == 1 }
    let other = AccountID(trusted: "bcc")
    let joining = Task { await catchUps.join(other, wellTime: wellTime) }
    try await eventually("the other has come") { await !catchUps.gate.isOpen(other) }
    database.letGo()
    let second = await joining.value
    #expect(first == 1 && second == 2)
    #expect(try await store.catchUp(1)?.verdict.accounts.map(\.accountID) == ["acc"])
    #expect(try await store.openCatchUp()?.catchUpID == 2)
    running.cancel()
    await running.value
    await database.close()
  }
}
