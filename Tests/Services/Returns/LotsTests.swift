import Primitives
import RPCCore
import ReturnsAPI
import ReturnsService
import StorageCore
import StorageSQLite
import Testing

/// Goal: units that are restocked go back into the lot that the inspection names, and a lot that the pool does not take is
/// told and decided again. `Tests/System` has the same with the real pool.
@Suite struct LotsTests {
  @Test func lotsReachThePool() async throws {
    let bench = try Bench()
    let expiry = bench.clock.now() + .seconds(1_000)
    let disposals = [
      Disposal(disposition: .restock, quantity: 2, lotID: "L1"),
      Disposal(disposition: .restock, quantity: 3, lotID: "L2", lotExpireTime: expiry),
      Disposal(disposition: .restock, quantity: 1),
      Disposal(disposition: .quarantine, quantity: 1),
    ]
    try await Self.receive("r1", units: 7, bench)
    let order = try await Self.inspect("r1", disposals, bench)
    #expect(
      bench.pool.effects == [
        "return r1 of  TEE=1 quarantine at north line  TEE=1 restock at north line "
          + " TEE=2 restock at north line lot L1 TEE=3 restock at north line lot L2"
      ])
    let kept = try await bench.order("r1").lines[0].disposals
    #expect(kept == order.lines[0].disposals)
    #expect(
      kept.map { "\($0.disposition) \($0.quantity) \($0.lotID)" } == [
        "quarantine 1 ", "restock 1 ", "restock 2 L1", "restock 3 L2",
      ])
    #expect(kept[3].lotExpireTime == expiry && kept[2].lotExpireTime == nil)
    // The same in other words is a repeat; another lot is another decision.
    var split = disposals
    split[1].quantity = 1
    split.insert(
      Disposal(disposition: .restock, quantity: 2, lotID: "L2", lotExpireTime: expiry), at: 0)
    try await Self.inspect("r1", split, bench)
    split[0].lotID = "L3"
    let outcome = await refusal { [split] in try await Self.inspect("r1", split, bench) }
    #expect(outcome == "FAILED_PRECONDITION/LINE_INSPECTED lineId=1 returnId=r1")
    #expect(bench.pool.effects.count == 1)
  }

  /// Goal: what will not be taken tomorrow either is told, to a repeat, too; nothing waits, and another decision counts.
  @Test(arguments: ["LOT_UNKNOWN", "LOT_EXPIRED", "LOT_EXPIRY_DIFFERS", "TOO_MANY_LOTS"])
  func lotThatThePoolRefusesIsToldAndDecidedAgain(reason: String) async throws {
    let bench = try Bench()
    try await Self.receive("r1", units: 1, bench)
    bench.pool.be(then: .refusingLots(reason))
    let lot = [Disposal(disposition: .restock, quantity: 1, lotID: "L1")]
    let said =
      "FAILED_PRECONDITION/LOT_REFUSED lineId=1 problem=FAILED_PRECONDITION/\(reason) returnId=r1"
    for _ in 1...2 {
      let outcome = await refusal {
        try await Self.inspect("r1", lot, requestID: "q", bench)
      }
      #expect(outcome == said)
      #expect(try await bench.handler.outbox.counts() == (0, 0))
    }
    #expect(bench.pool.calls == 1)
    #expect(await refusal { try await Self.inspect("r1", lot, bench) } == said)
    let open = try await bench.order("r1")
    #expect(open.state == .received && open.lines[0].disposals.isEmpty)
    #expect(open.lines[0].refusal == "FAILED_PRECONDITION/\(reason)")
    let decided = try await Self.inspect(
      "r1", [Disposal(disposition: .writeOff, quantity: 1)], bench)
    #expect(decided.state == .inspected && decided.lines[0].refusal.isEmpty)
    #expect(bench.pool.effects == ["return r1 of  TEE=1 writeOff at north line "])
  }

  /// Goal: a refusal that comes after the caller has gone is on the return, and watchers hear of it. Method: the pool is down
  /// at first, the worker tells it after a restart.
  @Test func refusalThatComesLaterIsOnTheReturn() async throws {
    var bench = try Bench()
    try await Self.receive("r1", units: 1, bench)
    bench.pool.be(then: .down)
    let lot = [Disposal(disposition: .restock, quantity: 1, lotID: "L1")]
    let outcome = await refusal { [bench] in try await Self.inspect("r1", lot, bench) }
    #expect(outcome == "UNAVAILABLE/POOL_UNAVAILABLE problem=UNAVAILABLE returnId=r1")
    let before = try await bench.order("r1")
    #expect(before.state == .inspected)
    bench = try await bench.restarted()
    bench.pool.be(then: .refusingLots("LOT_EXPIRED"))
    try await bench.untilTold()
    let open = try await bench.order("r1")
    #expect(open.state == .received && open.sequence > before.sequence)
    #expect(open.lines[0].refusal == "FAILED_PRECONDITION/LOT_EXPIRED")
    let watched = bench.client.watchReturns(
      .init(afterSequence: before.sequence))
    for try await message in watched {
      #expect(message.returnOrder == open)
      break
    }
    #expect(bench.pool.effects.isEmpty)
  }

  @Test func lotsAreChecked() async throws {
    let bench = try Bench()
    let expiry = bench.clock.now() + .seconds(1_000)
    try await Self.receive("r1", units: 2, bench)
    let table: [(Disposal, String)] = [
      (Disposal(disposition: .quarantine, quantity: 2, lotID: "L1"), "lot_id"),
      (Disposal(disposition: .writeOff, quantity: 2, lotID: "L1"), "lot_id"),
      (Disposal(disposition: .restock, quantity: 2, lotExpireTime: expiry), "lot_id"),
      (
        Disposal(disposition: .restock, quantity: 2, lotID: String(repeating: "x", count: 65)),
        "lot_id"
      ),
      (Disposal(disposition: .restock, quantity: 2, lotID: "L\u{1}"), "lot_id"),
    ]
    for (disposal, field) in table {
      let wrong = await wrongFields { try await Self.inspect("r1", [disposal], bench) }
      #expect(wrong == "lines[0].disposals[0].\(field)")
    }
    let wrong = await wrongFields {
      try await Self.inspect(
        "r1",
        [
          Disposal(disposition: .restock, quantity: 1, lotID: "L1"),
          Disposal(disposition: .restock, quantity: 1, lotID: "L1", lotExpireTime: expiry),
        ], bench)
    }
    #expect(wrong == "lines[0].disposals[1].lot_expire_time")
    #expect(bench.pool.calls == 0)
  }

  /// Goal: a store from before lots opens with its decisions, of no lot.
  @Test func olderStoreOpens() async throws {
    let folder = try TemporaryFolder()
    let older = try SQLiteDatabase(
      path: folder.file("returns.db"), migrations: Array(ReturnsMigrations.all.prefix(4)))
    try await older.write(until: .never) { transaction in
      try transaction.execute(
        """
        INSERT INTO return_order VALUES
          ('r1', NULL, NULL, '', '', 'inspected', 'north', 1, 2, 3, 1, 3)
        """)
      try transaction.execute("INSERT INTO return_line VALUES ('r1', '1', 0, 'TEE', 3, NULL)")
      try transaction.execute(
        """
        INSERT INTO return_disposal VALUES
          ('r1', '1', 'restock', 2), ('r1', '1', 'quarantine', 1)
        """)
      _ = try transaction.advance("return_order")
    }
    await older.close()
    let bench = try Bench(in: folder)
    let line = try await bench.order("r1").lines[0]
    #expect(
      line.disposals == [
        Disposal(disposition: .quarantine, quantity: 1),
        Disposal(disposition: .restock, quantity: 2),
      ])
    #expect(line.refusal.isEmpty)
  }

  private static func receive(_ id: String, units: Int64, _ bench: Bench) async throws {
    try await bench.create(Bench.order(id, [("1", "TEE", units, "")]))
    try await bench.receive(id)
  }

  @discardableResult
  private static func inspect(
    _ id: String, _ disposals: [Disposal], requestID: String = "", _ bench: Bench
  ) async throws -> ReturnOrder {
    try await bench.client.inspectReturn(
      .init(
        returnID: id, lines: [.init(lineID: "1", disposals: disposals)], requestID: requestID)
    ).returnOrder ?? ReturnOrder()
  }
}
