import Foundation
import PoolAPI
import Primitives
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// A store of the program that did not seal all columns yet.
@Suite struct SealUpgradeTests {
  private func older() async throws -> Bench {
    let bench = try Bench()
    try await bench.fill()
    await bench.server.close()
    try bench.takeBackSeals()
    return bench
  }

  private func serve(_ bench: Bench) async throws {
    #expect(try bench.problemAtStart() == nil)
    let server = try Bench.serve(bench.folder, bench.clock, bench.limit)
    let client = Bench.client(server)
    let proof = try await client.verifyLedger(.init())
    #expect(proof.proved, "\(proof.difference)")
    let line = PoolAPI.ReturnLine(
      sku: "TEE", locationID: "B", quantity: 2, disposition: .restock)
    let before = try await client.getStock(.init(sku: "TEE")).total
    _ = try await client.returnStock(.init(returnID: "r", lines: [line], requestID: "return-1"))
    #expect(try await client.getStock(.init(sku: "TEE")).total == before)
    await server.close()
    let store = try PoolStore(path: bench.path)
    defer { store.close() }
    for table in SealedTable.all {
      try store.connection.scan(table) { _ in true }
    }
    try? FileManager.default.removeItem(at: bench.folder)
  }

  @Test func olderStoreIsSealed() async throws {
    let bench = try await older()
    try bench.migrate()
    try await serve(bench)
  }

  /// Goal: sealing that was cut off is ended by the next start. Method: after each table, and in the middle of one.
  @Test func cutOffSealingIsEnded() async throws {
    for count in [0, 1, 9, SealedTable.all.count - 1] {
      let bench = try await older()
      try bench.migrate()
      let store = try PoolStore(path: bench.path)
      for table in SealedTable.all.prefix(count) { try store.seal(table) }
      try store.connection.execute(
        script: "UPDATE sku SET checksum = NULL WHERE sku_id = 1")
      store.close()
      try await serve(bench)
    }
  }

  /// Goal: what was damaged before is not given a seal that says that it is sound.
  @Test(arguments: [
    ("UPDATE balance_history SET on_hand = on_hand + 1", "balance_history"),
    ("UPDATE buffer_rule_history SET unit_count = 4", "buffer_rule_history"),
    ("UPDATE document SET state = state + 1", "document"),
  ])
  func damageIsNotSealed(sql: String, table: String) async throws {
    let bench = try await older()
    try bench.change(sql)
    try bench.migrate()
    for _ in 1...2 {
      let words = try bench.problemAtStart()?.description ?? "nothing"
      #expect(words.contains("of the table \(table) is damaged"), "\(words)")
      #expect(words.contains(BadRow.remedy))
    }
    try? FileManager.default.removeItem(at: bench.folder)
  }
}

extension Bench {
  /// Brings the schema up to date, as a start does.
  fileprivate func migrate() throws {
    let connection = try SQLiteConnection.open(path, as: .owner)
    defer { connection.close() }
    try connection.migrate(Schema.migrations)
  }

  /// Makes the store one of the fourteenth version.
  fileprivate func takeBackSeals() throws {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    for table in SealedTable.all where table.olderCount < table.columns.count {
      var pages = SealedPages(table)
      var seals: [[SQLValue]] = []
      try pages.next(1_000, of: connection) { row, key in
        var seal = RowSeal()
        for column in 0..<table.olderCount { seal.add(row, column) }
        seals.append([.integer(seal.value)] + key)
      }
      let condition = table.key.map { "\($0) = ?" }.joined(separator: " AND ")
      for seal in seals {
        try connection.execute("UPDATE \(table.name) SET checksum = ? WHERE \(condition)", seal)
      }
    }
    for table in ["archive", "kept_response", "history_start", "request_run", "mark"] {
      try connection.execute(script: "ALTER TABLE \(table) DROP COLUMN checksum")
    }
    try connection.execute(
      script: """
        ALTER TABLE archive RENAME COLUMN row_checksum TO checksum;
        ALTER TABLE history_start DROP COLUMN first_lines_after;
        ALTER TABLE mark ADD COLUMN is_sealed INTEGER NOT NULL DEFAULT 1;
        CREATE TABLE older (request_id TEXT NOT NULL PRIMARY KEY, row_number INTEGER NOT NULL);
        INSERT INTO older SELECT request_id, row_number FROM kept_request;
        DROP TABLE kept_request;
        ALTER TABLE older RENAME TO kept_request;
        DELETE FROM migration WHERE number > 14;
        """)
  }
}
