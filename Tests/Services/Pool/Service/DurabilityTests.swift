import Foundation
import Kit
import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Synchronization
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct DurabilityTests {
  /// A bit of everything, from a seed.
  private func play(_ bench: Bench, seed: UInt64, steps: Int, prefix: String = "") async throws {
    var random = SeededRandom(seed: seed)
    for step in 0..<steps {
      let units = Int64.random(in: 1...4, using: &random)
      let sku = ["TEE", "CAP"].randomElement(using: &random)!
      let requestID = Bool.random(using: &random) ? "\(prefix)q-\(step)" : ""
      switch Int.random(in: 0..<10, using: &random) {
      case 8, 9:
        let hold = "\(prefix)h-\(Int.random(in: 0...step, using: &random))"
        await change(hold, bench, units * (Bool.random(using: &random) ? 1 : -1))
      case 0: try await bench.receive(sku, units)
      case 1, 2: try await bench.sell("\(prefix)o-\(step)", units, of: sku, requestID: requestID)
      case 3:
        // Few owners, so that their holds take from each other.
        _ = try? await bench.hold(
          "\(prefix)h-\(step)", units, seconds: units * 20, by: "owner \(step % 3)",
          requestID: requestID)
      case 4:
        let hold = "\(prefix)h-\(Int.random(in: 0...step, using: &random))"
        _ = try? await bench.client.commitHold(.init(holdID: hold, orderID: "order-of-\(hold)"))
      case 5:
        let hold = "\(prefix)h-\(Int.random(in: 0...step, using: &random))"
        _ = try? await bench.client.releaseHold(.init(holdID: hold))
      case 6:
        let order = "\(prefix)o-\(Int.random(in: 0...step, using: &random))"
        let lines = [PoolAPI.LineTotal(lineID: "1", totalCount: units)]
        if Bool.random(using: &random) {
          _ = try? await bench.client.shipSale(.init(orderID: order, lines: lines))
        } else {
          _ = try? await bench.client.cancelSale(.init(orderID: order, lines: lines))
        }
      default: bench.clock.advance(by: .seconds(units))
      }
    }
  }

  /// A promotion that the sales of the rounds run through and past its end.
  private func promote(_ bench: Bench) async throws {
    let now = bench.clock.now()
    _ = try await bench.promotions.setPromotion(
      .init(
        promotion: .init(
          promotionID: "p", channelIDs: ["shopee"], strategy: .regular,
          startTime: now + .seconds(5), endTime: now + .seconds(60),
          lines: [
            .init(sku: "TEE", allottedCount: 30), .init(sku: "CAP", allottedCount: 9),
          ])))
    _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
  }

  /// Extends a hold, edits it, or commits a part of it.
  private func change(_ hold: String, _ bench: Bench, _ units: Int64) async {
    guard let known = try? await bench.client.getHold(.init(holdID: hold)).hold else { return }
    switch units {
    case 1:
      _ = try? await bench.client.extendHold(
        .init(holdID: hold, expireTime: bench.clock.now() + .seconds(90)))
    case 2:
      _ = try? await bench.client.commitHold(
        .init(
          holdID: hold, orderID: "part-of-\(hold)", lines: [.init(sku: "TEE", quantity: 1)]))
    default:
      _ = try? await bench.client.editHold(
        .init(
          holdID: hold, etag: known.etag,
          lines: [.init(sku: "TEE", deltaCount: units, locationID: units == 3 ? "A" : "")]))
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func restartHasTheSameState(seed: UInt64) async throws {
    print("seed \(seed)")
    try await withBench { bench in
      try await bench.stock(["TEE": 50, "CAP": 20])
      try await promote(bench)
      for round in 1...3 {
        try await play(bench, seed: seed * 10 + UInt64(round), steps: 120, prefix: "\(round)-")
        await bench.server.tick()
        // From the ledger, as after a crash; then from what the sweep left, as after an orderly
        // end.
        let crashed = try bench.stateOfCopy()
        #expect(await bench.stateInMemory() == crashed)
        try await bench.restart()
        #expect(try bench.stateOfCopy() == crashed)
        let proof = try await bench.client.verifyLedger(.init())
        #expect(proof.proved, "\(proof.difference)")
      }
      let taken = await bench.stateInMemory().allotments.map(\.taken)
      #expect(taken.allSatisfy { $0 > 0 }, "the rounds sell out of the promotion")
    }
  }

  /// Goal: what was acknowledged is on disk. Method: read a copy of the files taken right after the
  /// answer.
  @Test func acknowledgedIsDurable() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      for number in 1...20 {
        let sale = try await bench.sell("o-\(number)", 1)
        let state = try bench.stateOfCopy()
        #expect(state.sequence == sale.sequence)
        #expect(state.sales[OrderID(trusted: "o-\(number)")] != nil)
      }
    }
  }

  /// Goal: what the pool's writer commits survives a power cut. Method: ask its own connection.
  @Test func writerSyncsEveryCommit() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("onepool-pool-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let answers = Mutex<[String]>([])
    let server = try PoolServer(
      path: folder.appendingPathComponent("pool.db").path, salesInMemory: 1_000,
      clock: ManualClock(Bench.start), metrics: Metrics(), log: .silent, observer: SilentStorage()
    ) { (store: PoolStore) throws(StorageError) in
      for setting in ["journal_mode", "synchronous"] {
        let statement = try store.connection.prepare("PRAGMA \(setting)")
        if try statement.step() { answers.withLock { $0.append(statement.text(0)) } }
        statement.reset()
      }
    }
    // 2 is FULL (sqlite.org/pragma.html, synchronous).
    #expect(answers.withLock { $0 } == ["wal", "2"])
    await server.close()
  }

  // peers T1, T7, T17: callers at the same time take no more than there is.
  @Test func concurrentHoldsNeverExceedTheStock() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 37])
      let taken = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<200 {
          group.addTask { (try? await bench.hold("h-\(number)", 1)) != nil }
        }
        return await group.reduce(0) { $1 ? $0 + 1 : $0 }
      }
      #expect(taken == 37)
      #expect(try await bench.available() == 0)
    }
  }

  @Test(.timeLimit(.minutes(2))) func fullDiskStopsWritesAndLosesNothing() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10_000])
      var acknowledged = 0
      // The store may grow by a few pages from here on.
      bench.limit.value = 60
      let teller = HealthTeller()
      try await bench.restart(observer: teller)
      bench.limit.refusesOpening = true
      var refusal: RPCError?
      for number in 0..<5_000 where refusal == nil {
        do {
          try await bench.sell("order-with-a-rather-long-name/\(number)", 1)
          acknowledged += 1
        } catch let error as RPCError { refusal = error }
      }
      #expect(refusal?.code == .unavailable && refusal?.reason == "STORE_UNAVAILABLE")
      #expect(refusal?.retryAfter != nil)
      #expect(await bench.server.check.problem() != nil)
      await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("x", 1) }
      // Reads go on, with what is durable.
      #expect(try await bench.available() == Int64(10_000 - acknowledged))
      #expect(acknowledged > 0)
      bench.limit.value = 0
      bench.limit.refusesOpening = false
      await teller.untilHealthy()
      #expect(await bench.server.check.problem() == nil)
      #expect(try await bench.available() == Int64(10_000 - acknowledged))
      try await bench.sell("y", 1)
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  /// Goal: of many callers at the same time, exactly those who heard "done" have sold.
  @Test func fullDiskFailsWholeBatches() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100_000])
      bench.limit.value = 80
      try await bench.restart()
      bench.limit.refusesOpening = true
      let client = bench.client
      let acknowledged = await withTaskGroup(of: Int64.self) { group in
        for caller in 0..<32 {
          group.addTask {
            var done: Int64 = 0
            while done < 2_000 {
              let line = PoolAPI.SaleLine(lineID: "1", sku: "TEE", quantity: 1)
              let sale = RecordSaleRequest(
                orderID: "caller-\(caller)/order-\(done)", channelID: "till", lines: [line])
              guard (try? await client.recordSale(sale)) != nil else { break }
              done += 1
            }
            return done
          }
        }
        return await group.reduce(0, +)
      }
      #expect(acknowledged > 0 && acknowledged < 64_000)
      #expect(try await bench.available() == 100_000 - acknowledged)
      #expect(try bench.stateOfCopy().sequence == 1 + acknowledged)
    }
  }

  @Test func secondProcessIsKeptOut() async throws {
    try await withBench { bench in
      #expect(throws: StorageError.self) {
        _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
      }
      try await bench.stock(["TEE": 1])
    }
  }

  @Test func proofFindsADamagedRow() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      for number in 1...5 { try await bench.sell("o-\(number)", 1) }
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try Self.damage(bench, "UPDATE ledger SET commit_time = commit_time + 1 WHERE row_number = 3")
      let proof = try await bench.client.verifyLedger(.init())
      #expect(!proof.proved && proof.difference.contains("row 3"))
    }
  }

  @Test func proofFindsAMissingRowAndAWrongBalance() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      for number in 1...5 { try await bench.sell("o-\(number)", 1) }
      try await bench.restart()
      try Self.damage(bench, "UPDATE balance SET on_hand = on_hand + 1, found = found + 1")
      let wrong = try await bench.client.verifyLedger(.init())
      #expect(!wrong.proved && wrong.difference.contains("as swept"))
      try Self.damage(bench, "UPDATE balance SET on_hand = on_hand - 1, found = found - 1")
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try Self.damage(bench, "DELETE FROM ledger WHERE row_number = 4")
      let missing = try await bench.client.verifyLedger(.init())
      #expect(!missing.proved && missing.difference.contains("row 4"))
    }
  }

  @Test func damagedLedgerIsNotServed() async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 10])
    try await bench.sell("o-1", 1)
    await bench.server.close()
    try Self.damage(bench, "UPDATE mark SET swept_row = 0")
    try Self.damage(bench, "UPDATE ledger SET entry = zeroblob(20) WHERE row_number = 2")
    let error = #expect(throws: StorageError.self) {
      _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
    }
    #expect(error?.description.contains("row 2") ?? false)
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: damage that only a reader meets stops writes, and shows; without it they go on. Method: overwrite the
  /// ledger's pages behind the pool's back, and put them back.
  @Test(.timeLimit(.minutes(2))) func damageThatAReaderMeetsStopsWrites() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5_000])
      let client = bench.client
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<2_000 {
          group.addTask {
            let line = PoolAPI.SaleLine(lineID: "1", sku: "TEE", quantity: 1)
            _ = try await client.recordSale(
              .init(orderID: "o-\(number)", channelID: "c", lines: [line]))
          }
        }
        try await group.waitForAll()
      }
      let teller = HealthTeller()
      try await bench.restart(observer: teller)
      var healths = teller.healths.makeAsyncIterator()
      let handle = try #require(FileHandle(forUpdatingAtPath: bench.path))
      try handle.seek(toOffset: 4096 * 8)
      let sound = try #require(try handle.readToEnd())
      try handle.seek(toOffset: 4096 * 8)
      try handle.write(contentsOf: Data(repeating: 0xA5, count: sound.count))

      await expectError(.unavailable, "STORE_UNAVAILABLE") {
        _ = try await bench.client.listMovements(.init())
      }
      #expect(await healths.next()?.isHealthy == false)
      #expect(await bench.server.check.problem() != nil)
      await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("x", 1) }
      #expect(try await bench.available() == 3_000)

      try handle.seek(toOffset: 4096 * 8)
      try handle.write(contentsOf: sound)
      try handle.close()
      while let health = await healths.next(), !health.isHealthy {}
      #expect(await bench.server.check.problem() == nil)
      try await bench.sell("y", 1)
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  /// Goal: a value that no program wrote stops the start with its reason, and does not end the process.
  @Test(
    arguments: [
      "UPDATE location SET rank = 5000000000",
      "UPDATE location SET kind = 9",
      "UPDATE buffer_rule SET basis_points = 5000000000",
      "UPDATE buffer_rule SET basis_points = -1",
      "UPDATE buffer_rule SET basis_points = NULL, lag_microseconds = 1, factor_basis_points = -1",
      "UPDATE buffer_rule SET listing = 'L'",
      "UPDATE buffer_rule SET sku = 'TEE', sku_group = 'g'",
      "UPDATE sourcing SET strategy = 0",
      "UPDATE sourcing SET locations = 'NOWHERE'",
      "UPDATE last_units SET sku = 'NONE'",
      "UPDATE balance SET balance_key = -1",
      "UPDATE balance SET balance_key = 9000000000000000000",
      "UPDATE balance SET balance_key = 5000000000",
      "UPDATE hold SET body = x'FFFFFF'",
      "UPDATE sale SET body = x'FFFFFF'",
      "DELETE FROM buffer_rule; DELETE FROM balance; DELETE FROM sku",
    ])
  func damagedValueIsNotServed(sql: String) async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 10])
    try await bench.sell("o-1", 1)
    _ = try await bench.hold("h-1", 1)
    _ = try await bench.client.setBuffer(.init(buffer: .init(margin: .basisPoints(100))))
    _ = try await bench.client.setChannelSourcing(
      .init(sourcing: .init(channelID: "c", strategy: .ranked, locationIDs: ["A"])))
    _ = try await bench.client.setLastUnits(.init(lastUnits: .init(channelID: "c", unitCount: 1)))
    await bench.server.close()
    try Self.damage(bench, sql)
    let error = #expect(throws: StorageError.self) {
      _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
    }
    guard case .corrupt? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try? FileManager.default.removeItem(at: bench.folder)
  }

  @Test func proofFindsAWrongKey() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      try await bench.restart()
      try Self.damage(bench, "UPDATE balance SET balance_key = -1")
      let proof = try await bench.client.verifyLedger(.init())
      #expect(!proof.proved && proof.difference.contains("-1 is no key"))
    }
  }

  /// What only a program can have written: the rows' seals are right.
  static func damage(_ bench: Bench, _ sql: String) throws {
    try bench.forge(sql, SealedTable.all)
  }

  /// Goal: two spellings of a letter are two names, before a restart and after it. Method: everything whose name is a key of
  /// the store, once composed and once decomposed.
  @Test func spellingsStayApart() async throws {
    try await withBench { bench in
      let (one, other) = ("caf\u{E9}", "cafe\u{301}")
      try await bench.stock(["TEE": 100])
      for (sku, units) in [(one, 7), (other, 9)] as [(String, Int64)] {
        _ = try await bench.client.setSku(.init(sku: .init(sku: sku)))
        try await bench.receive(sku, units)
      }
      func buffer(_ channel: String, _ units: Int64, name: String = "") async throws {
        _ = try await bench.client.setBuffer(
          .init(buffer: .init(channelID: channel, margin: .unitCount(units), name: name)))
      }
      try await buffer(one, 1)
      try await buffer(other, 30)
      _ = try await bench.client.setBuffer(.init(buffer: .init(channelID: other)))
      _ = try await bench.client.setChannelSourcing(
        .init(sourcing: .init(channelID: other, strategy: .ranked, locationIDs: ["B"])))
      try await bench.sell(one, 2)
      try await bench.sell(other, 5)
      _ = try await bench.hold(one, 3)
      _ = try await bench.hold(other, 4)
      func look() async throws -> [Int64] {
        let shown = try await bench.client.getAvailability(
          .init(sku: "TEE", channelIDs: [one, other])
        ).channels.map(\.availableToSellCount)
        let sold = try await bench.client.getSale(.init(orderID: one)).lines.map(\.soldCount)
        let stock = [try await bench.available(one), try await bench.available(other)]
        let buffers = try await bench.client.listBuffers(.init()).buffers.count
        return shown + sold + stock + [Int64(buffers)]
      }
      let seen = try await look()
      #expect(seen == [85, 0, 2, 7, 9, 1])
      try await bench.restart()
      #expect(try await look() == seen)
      // What comes again is what was there.
      try await bench.sell(one, 2)
      try await bench.sell(other, 5)
      #expect(try await look() == seen)
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }
}
