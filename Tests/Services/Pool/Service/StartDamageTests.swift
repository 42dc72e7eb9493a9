import Foundation
import PoolAPI
import Primitives
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Damage that stops a start: it is told with what is damaged and what to do about it.
@Suite struct StartDamageTests {
  /// What a start of the whole service says; nil when it takes the store.
  private func problem(_ bench: Bench) async -> String? {
    do {
      let server = try Bench.serve(bench.folder, bench.clock, bench.limit)
      await server.close()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func expect(_ words: String, _ bench: Bench) async {
    let problem = await problem(bench) ?? "nothing"
    #expect(problem.contains(words), "\(problem)")
    #expect(problem.hasSuffix(BadRow.remedy), "\(problem)")
    #expect(problem.components(separatedBy: BadRow.remedy).count == 2, "\(problem)")
    try? FileManager.default.removeItem(at: bench.folder)
  }

  @Test(arguments: [
    ("DELETE FROM sku WHERE sku_id = 0", "the row (sku_id 0) of the table sku is missing"),
    ("DELETE FROM sku WHERE sku_id = 1", "the row (sku_id 1) of the table sku is missing"),
    ("DELETE FROM sku WHERE sku_id = 2", "(sku KIT) of the table bundle is damaged: it names"),
    (
      "DELETE FROM location WHERE location_id = 0",
      "the row (location_id 0) of the table location is missing"
    ),
    (
      "DELETE FROM location WHERE location_id = 1",
      "(sku TEE, location B, lot L1) of the table lot is damaged: it names"
    ),
    (
      "UPDATE sku SET sku_id = 9 WHERE sku_id = 0", "the row (sku_id 0) of the table sku is missing"
    ),
    ("DELETE FROM promotion", "the row (promotion_id 0) of the table promotion is missing"),
    ("DELETE FROM allotment", "the row (allotment_id 0) of the table allotment is missing"),
    (
      "DELETE FROM balance",
      "the row (sku TEE) of the table lot is damaged, or the SKU's balance is"
    ),
    ("DELETE FROM mark", "the row (mark_id 1) of the table mark is missing"),
    ("DELETE FROM ledger WHERE row_number > 2", "of the ledger is missing"),
    ("DROP TABLE hold", "the table hold is missing"),
    ("DROP TABLE ledger", "the table ledger is missing"),
    ("DROP INDEX document_in_work", "the index document_in_work is missing"),
    ("DROP TABLE migration", "the table migration is missing"),
    (
      "DELETE FROM migration WHERE number = 3",
      "the row (number 3) of the table migration is missing"
    ),
  ])
  func whatIsMissingIsNamed(sql: String, words: String) async throws {
    let bench = try Bench()
    try await bench.fill()
    await bench.server.close()
    try bench.change(sql)
    await expect(words, bench)
  }

  /// Goal: the tables and indexes that a start looks for are those that there are.
  @Test func allIndexesAreLookedFor() throws {
    let bench = try Bench()
    let store = try PoolStore(path: bench.path)
    defer { store.close() }
    var names: [String: Set<String>] = [:]
    try store.connection.scan(
      "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"
    ) {
      names[$0.text(0), default: []].insert($0.text(1))
      return true
    }
    #expect(names["index"] == Set(Schema.indexes))
    #expect(
      names["table"] == Set(SealedTable.all.map(\.name) + ["ledger", "migration", "trial"]))
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: pages that SQLite itself cannot read are told with their table. Method: each table's first page.
  @Test(arguments: ["sku", "balance", "ledger", "mark", "document", "kept_request"])
  func brokenPageIsTold(table: String) async throws {
    let bench = try Bench()
    try await bench.fill()
    await bench.server.close()
    try bench.changeFirstPage(of: table) { $0 = Data(repeating: 0xA5, count: $0.count) }
    await expect("the table \(table): ", bench)
  }

  @Test func whatIsNoStoreIsTold() async throws {
    let bench = try Bench()
    await bench.server.close()
    try Data("this is no store, it is a letter to the operator".utf8).write(
      to: URL(fileURLWithPath: bench.path))
    await expect("is damaged", bench)
  }

  /// Goal: what is missing in front of a ledger that is still to be counted in ends no process. Method: files as a kill
  /// leaves them, with movements behind the mark.
  @Test(arguments: [
    ("DELETE FROM balance", "(balance_key 0) of the table balance is missing or damaged"),
    ("DELETE FROM sku", "the row (sku_id 0) of the table sku is missing"),
    ("DELETE FROM location", "the row (location_id 0) of the table location is missing"),
    (
      "DELETE FROM balance; DELETE FROM sale; DELETE FROM sku",
      "the row (sku_id 0) of the table sku is missing"
    ),
    (
      "DELETE FROM balance; DELETE FROM sale; DELETE FROM location",
      "the row (location_id 0) of the table location is missing"
    ),
  ])
  func whatTheLedgerNeedsIsNamed(sql: String, words: String) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      try await bench.sell("o-1", 2)
      await bench.server.tick()
      let mark = try await bench.server.database.read(until: .never) { try $0.mark() }
      _ = try await bench.client.shipSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 2)]))
      let copy = try bench.copy()
      let store = try PoolStore(path: copy.appendingPathComponent("pool.db").path)
      try store.put(
        [.integer(1), .integer(mark.row), .integer(mark.sequence), .blob(mark.hash), .integer(0)],
        in: .mark)
      try store.connection.execute(script: sql)
      store.close()
      do {
        _ = try Bench.serve(copy, bench.clock, bench.limit)
        Issue.record("it was served")
      } catch {
        #expect("\(error)".contains(words), "\(error)")
        #expect("\(error)".hasSuffix(BadRow.remedy))
      }
    }
  }

  /// Goal: what is wrong with an archive's row stops the start that begins behind it.
  @Test(arguments: [
    (
      "UPDATE archive SET hash = zeroblob(32)",
      "the row (archive_id 1) of the table archive is damaged"
    ),
    ("DELETE FROM archive", "row 1 of the ledger is missing"),
    (
      "DELETE FROM ledger WHERE row_number = (SELECT min(row_number) FROM ledger)",
      "of the ledger is missing"
    ),
  ])
  func damagedArchiveRowStopsAStart(sql: String, words: String) async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 100])
    for number in 1...20 { try await bench.sell("o-\(number)", 1) }
    bench.clock.advance(by: .seconds(48 * 3600))
    for number in 21...25 { try await bench.sell("o-\(number)", 1) }
    await bench.server.tick()
    _ = try await bench.client.archiveLedger(
      .init(beforeTime: bench.clock.now() - .seconds(25 * 3600)))
    await bench.server.close()
    try bench.change(sql)
    await expect(words, bench)
  }
}
