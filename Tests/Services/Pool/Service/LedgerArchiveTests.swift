import Foundation
import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Synchronization
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct LedgerArchiveTests {
  private func sales(_ bench: Bench, _ prefix: String, _ count: Int) async throws {
    for number in 1...count {
      bench.clock.advance(by: .seconds(60))
      try await bench.sell("\(prefix)-\(number)", 1, requestID: "\(prefix)-q-\(number)")
    }
  }

  private func takeBack(_ bench: Bench) async throws -> ReturnStockResponse {
    let line = PoolAPI.ReturnLine(
      sku: "TEE", locationID: "B", quantity: 2, disposition: .quarantine)
    return try await bench.client.returnStock(
      .init(returnID: "r", lines: [line], requestID: "return-1"))
  }

  /// Archives what is older than 25 hours, two days on.
  private func archive(_ bench: Bench) async throws -> PoolAPI.LedgerArchive? {
    bench.clock.advance(by: .seconds(48 * 3600))
    await bench.server.tick()
    return try await bench.client.archiveLedger(
      .init(beforeTime: bench.clock.now() - .seconds(25 * 3600))
    ).archive
  }

  private func file(_ bench: Bench, _ name: String) -> String {
    bench.folder.appendingPathComponent("archive/\(name)").path
  }

  private func change(_ path: String, _ sql: String) throws {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    try connection.execute(script: sql)
  }

  /// Goal: what is archived leaves the store and nothing else changes; two archives and the store are one
  /// chain.
  @Test func archivedLedgerGoesOn() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      let returned = try await takeBack(bench)
      try await sales(bench, "a", 20)
      try await sales(bench, "b", 10)
      let middle = bench.clock.now()
      let whole = try #require(try await bench.client.verifyLedger(.init()).head)

      let first = try #require(try await archive(bench))
      #expect(first.archive == "ledger-1-32.db" && first.firstSequence == 1)
      #expect(first.firstTime == Bench.start && first.lastTime == middle)
      #expect(first.head == whole)
      #expect(FileManager.default.fileExists(atPath: file(bench, first.archive)))
      let files = try FileManager.default.contentsOfDirectory(
        atPath: bench.folder.appendingPathComponent("archive").path)
      #expect(files == [first.archive])
      let own = try await bench.client.verifyArchive(.init(archive: first.archive))
      #expect(own.proved && own.rowCount == 32 && own.movementCount == 32, "\(own.difference)")
      #expect(
        own.start == PoolAPI.LedgerHead(hash: Array(repeating: 0, count: 32)) && own.head == whole)

      try await sales(bench, "c", 5)
      let proof = try await bench.client.verifyLedger(.init(expectedHead: whole))
      #expect(proof.proved && proof.rowCount == 5 && proof.start == whole, "\(proof.difference)")
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
      let crashed = try bench.stateOfCopy()
      #expect(await bench.stateInMemory() == crashed)

      #expect(try await takeBack(bench) == returned, "returns are known for ever")
      await expectError(.invalidArgument, "REQUEST_ID_REUSED") {
        let line = PoolAPI.ReturnLine(
          sku: "TEE", locationID: "A", quantity: 9, disposition: .restock)
        _ = try await bench.client.returnStock(
          .init(returnID: "r", lines: [line], requestID: "return-1"))
      }
      let second = try #require(try await archive(bench))
      #expect(second.firstRowNumber == 33 && second.head?.rowNumber == 37)
      let joined = try await bench.client.verifyArchive(.init(archive: second.archive))
      #expect(joined.proved && joined.start == whole, "\(joined.difference)")
      #expect(try await archive(bench) == nil)
      // Nothing is left in the store, and it goes on.
      try await bench.restart()
      try await sales(bench, "d", 3)
      let end = try await bench.client.verifyLedger(.init())
      #expect(end.proved && end.rowCount == 3 && end.balanceCount == 2, "\(end.difference)")
      #expect(end.start == second.head)
      #expect(try await bench.available() == 62)
      #expect(try await bench.client.listMovements(.init()).archives == [first, second])
      #expect(try await takeBack(bench) == returned)
    }
  }

  /// Goal: whoever asks for what is archived is told where it lies; what follows is there.
  @Test func archivedPartIsNamed() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 20)
      let early = try #require(try await bench.client.verifyLedger(.init()).head)
      try await sales(bench, "b", 11)
      let middle = bench.clock.now()
      let stock = try await bench.client.getStock(.init(sku: "TEE"))
      let first = try #require(try await archive(bench))
      try await sales(bench, "c", 5)
      let listed = try await bench.client.listMovements(.init())
      #expect(listed.movements.map(\.sequence) == Array(33...37) && listed.archives == [first])
      #expect(try await bench.client.listMovements(.init(afterSequence: 32)).archives.isEmpty)
      for try await part in bench.client.exportMovements(.init(afterSequence: 31)) {
        #expect(part.archives == [first] && part.movements.first?.sequence == 33)
      }
      let metadata = ["archive": first.archive]
      await expectArchived(metadata) {
        _ = try await bench.client.verifyLedger(.init(expectedHead: early))
      }
      await expectArchived(metadata) {
        _ = try await bench.client.getStockAt(.init(sku: "TEE", time: middle - .seconds(1)))
      }
      _ = try await bench.promotions.setPromotion(
        .init(
          promotion: .init(
            promotionID: "p", channelIDs: ["shopee"], strategy: .regular, startTime: Bench.start,
            endTime: bench.clock.now() + .seconds(60), lines: [.init(sku: "TEE", allottedCount: 9)])
        ))
      func trial(from time: Timestamp) async throws -> Int64 {
        try await bench.promotions.simulatePromotion(
          .init(promotionID: "p", fromTime: time, toTime: bench.clock.now() + .seconds(1))
        ).orderLineCount
      }
      await expectArchived(metadata) { _ = try await trial(from: middle) }
      #expect(try await trial(from: middle + .microseconds(1)) == 5)
      let past = try await bench.client.getStockAt(.init(sku: "TEE", time: middle))
      #expect(past.total == stock.total && past.balances == stock.balances)
      let later = try await bench.client.getStockAt(.init(sku: "TEE", time: bench.clock.now()))
      #expect(later.total?.committedCount == 36)
    }
  }

  private func expectArchived(
    _ metadata: [String: String], _ body: () async throws -> Void
  ) async {
    await expectError(.failedPrecondition, "LEDGER_ARCHIVED") {
      do {
        try await body()
      } catch let error as RPCError {
        for (key, value) in metadata { #expect(error.metadata[key] == value) }
        throw error
      }
    }
  }

  /// Goal: rows of the last day, and rows that are not swept, stay.
  @Test func youngRowsStay() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 10)
      bench.clock.advance(by: .seconds(48 * 3600))
      try await sales(bench, "b", 10)
      await bench.server.tick()
      for time in [bench.clock.now(), bench.clock.now() - .seconds(23 * 3600), nil] {
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["before_time"]) {
          _ = try await bench.client.archiveLedger(.init(beforeTime: time))
        }
      }
      let made = try await bench.client.archiveLedger(
        .init(beforeTime: bench.clock.now() - .seconds(24 * 3600))
      ).archive
      #expect(made?.head?.rowNumber == 11)
      #expect(try await bench.client.verifyLedger(.init()).rowCount == 10)
      // Their requests are known still.
      try await bench.sell("b-3", 1, requestID: "b-q-3")
      #expect(try await bench.available() == 80)
    }
  }

  @Test(arguments: [
    ("UPDATE ledger SET entry = zeroblob(20) WHERE row_number = 4", 4),
    ("DELETE FROM ledger WHERE row_number = 5", 5),
    ("DELETE FROM ledger WHERE row_number > 8", 9),
    ("DELETE FROM archive", 0), ("UPDATE archive SET start_hash = x'01'", 0),
    ("UPDATE archive SET last_row = 3", 3), ("DROP TABLE ledger", 0),
  ])
  func damagedArchiveIsTold(sql: String, row: Int64) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 10)
      let made = try #require(try await archive(bench))
      try change(file(bench, made.archive), sql)
      let proof = try await bench.client.verifyArchive(.init(archive: made.archive))
      #expect(!proof.proved && !proof.difference.isEmpty, "\(sql)")
      if row > 0 { #expect(proof.badRowNumber == row, "\(proof.difference)") }
      #expect(try await bench.client.verifyLedger(.init()).proved, "the store needs it not")
    }
  }

  /// Goal: a sound archive of another ledger is not taken for this one's.
  @Test func foreignArchiveIsTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 10)
      let made = try #require(try await archive(bench))
      try await withBench { other in
        try await other.stock(["TEE": 100])
        try await sales(other, "x", 10)
        let foreign = try #require(try await archive(other))
        #expect(foreign.archive == made.archive)
        try FileManager.default.removeItem(atPath: file(bench, made.archive))
        try FileManager.default.copyItem(
          atPath: file(other, foreign.archive), toPath: file(bench, made.archive))
      }
      let proof = try await bench.client.verifyArchive(.init(archive: made.archive))
      #expect(!proof.proved && proof.difference.contains("not the one that the store knows"))
      try FileManager.default.removeItem(atPath: file(bench, made.archive))
      for name in [made.archive, "../pool.db", "none"] {
        await expectError(.notFound, "ARCHIVE_UNKNOWN", ["archive": name]) {
          _ = try await bench.client.verifyArchive(.init(archive: name))
        }
      }
    }
  }

  @Test func damagedRowsAreNotArchived() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 10)
      try bench.change("UPDATE ledger SET response = x'00' WHERE row_number = 4")
      await expectError(.dataLoss, "LEDGER_DAMAGED", ["rowNumber": "4"]) {
        _ = try await archive(bench)
      }
      #expect(try await bench.client.listMovements(.init()).movements.count == 11)
      #expect(
        try FileManager.default.contentsOfDirectory(
          atPath: bench.folder.appendingPathComponent("archive").path) == [])
    }
  }

  /// Goal: an archive that was cut off between any two steps is made or ended by the next call.
  @Test func cutOffArchiveIsMadeAgain() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 10)
      // Before the store knew of it: half a file, some sums.
      let folder = bench.folder.appendingPathComponent("archive")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for name in ["ledger-1-11.db.part", "ledger-1-11.db"] {
        try Data([1, 2, 3]).write(to: folder.appendingPathComponent(name))
      }
      try bench.change(
        "INSERT INTO archived_balance VALUES (1, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, NULL)"
      )
      let made = try #require(try await archive(bench))
      #expect(try await bench.client.verifyArchive(.init(archive: made.archive)).proved)
      #expect(try await bench.client.verifyLedger(.init()).proved)
      // After the store knew of it, before all rows were gone.
      try bench.change(
        """
        ATTACH '\(file(bench, made.archive))' AS a;
        INSERT INTO main.ledger SELECT * FROM a.ledger WHERE row_number > 6;
        DETACH a
        """)
      try await bench.restart()
      try await sales(bench, "b", 3)
      #expect(try await bench.client.verifyLedger(.init()).rowCount == 3)
      #expect(try await bench.client.listMovements(.init()).movements.count == 3)
      #expect(try await archive(bench)?.firstRowNumber == 12)
      let left = try await bench.server.database.read(until: .never) {
        try $0.int64("SELECT count(*) FROM ledger")
      }
      #expect(left == 0)
    }
  }

  /// Goal: what an allotment had left at an instant behind an archive is told, whether or not the store has forgotten
  /// already what the archive has. Method: what it forgets is put back, as if it had been cut off before.
  @Test func allotmentBehindACutOffArchive() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      let promotion = PoolAPI.Promotion(
        promotionID: "p", channelIDs: ["shopee"], strategy: .regular, startTime: Bench.start,
        endTime: Bench.start + .seconds(10 * 24 * 3600),
        lines: [.init(sku: "TEE", allottedCount: 40)])
      _ = try await bench.promotions.setPromotion(.init(promotion: promotion))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      try await sales(bench, "a", 9)
      await bench.server.tick()
      try bench.change("CREATE TABLE kept AS SELECT * FROM allotment_history")
      #expect(try await archive(bench)?.head?.rowNumber == 10)
      try await sales(bench, "b", 2)
      let time = bench.clock.now()
      try await sales(bench, "c", 3)
      await bench.server.tick()
      func past() async throws -> [Int64] {
        try await bench.client.getStockAt(
          .init(sku: "TEE", time: time, channelIDs: ["shopee", "lazada"])
        ).channels.map(\.availableToSellCount)
      }
      #expect(try await past() == [89, 60])
      let count = try await bench.server.database.read(until: .never) {
        try $0.int64("SELECT count(*) FROM kept")
      }
      #expect(count == 1)
      try bench.change(
        "INSERT OR IGNORE INTO allotment_history SELECT * FROM kept; DROP TABLE kept")
      #expect(try await past() == [89, 60])
    }
  }

  @Test func oneArchiveAtATime() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await sales(bench, "a", 3)
      bench.server.isArchiving.store(true, ordering: .relaxed)
      await expectError(.failedPrecondition, "ARCHIVE_RUNNING") { _ = try await archive(bench) }
      bench.server.isArchiving.store(false, ordering: .relaxed)
      #expect(try await archive(bench)?.head?.rowNumber == 4)
    }
  }
}
