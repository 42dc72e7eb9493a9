import Foundation
import Kit
import PoolAPI
import Primitives
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

private typealias Head = PoolService.LedgerHead

extension LedgerChain {
  fileprivate func append(_ row: LedgerRow) -> Int64 {
    row.entry.withUnsafeBytes {
      append(
        sequence: row.sequence, time: row.time, requestID: row.requestID, bodyHash: row.bodyHash,
        response: row.response, entry: $0)
    }
  }
}

@Suite struct LedgerChainTests {
  private func row(
    _ number: Int64 = 1, sequence: Int64 = 2, time: Int64 = 3, request: String = "q",
    hash: [UInt8] = [1], response: [UInt8] = [2], entry: [UInt8] = [3]
  ) -> LedgerRow {
    LedgerRow(
      number: number, sequence: sequence, time: Timestamp(microseconds: time), requestID: request,
      bodyHash: hash, response: response, entry: entry)
  }

  @Test func hashCoversEveryPart() {
    func head(_ row: LedgerRow, after before: [UInt8] = []) -> SHA256Digest {
      var origin = Head.origin
      origin.row = row.number - 1
      if let digest = SHA256Digest(before) { origin.hash = digest }
      let chain = LedgerChain(after: origin, plainRow: 0)
      #expect(chain.append(row) == Int64(bitPattern: chain.head.hash.prefix))
      return chain.head.hash
    }
    let hashes = [
      head(row()), head(row(2)), head(row(sequence: 3)), head(row(time: 4)),
      head(row(request: "r")), head(row(hash: [2])), head(row(response: [3])),
      head(row(entry: [4])), head(row(hash: [], response: [1, 2])), head(row(entry: [3, 0])),
      head(row(entry: [])), head(row(), after: Array(repeating: 1, count: 32)),
      head(row(request: "", hash: [0x71, 1])),
    ]
    #expect(Set(hashes).count == hashes.count)
  }

  /// Goal: anybody can compute the hash from the documented bytes. Method: by the other SHA-256.
  @Test func hashIsTheOneThatIsDocumented() {
    let chain = LedgerChain(after: .origin, plainRow: 0)
    _ = chain.append(row())
    func word(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let first = SHA256.hash([
      Array(repeating: 0, count: 32), word(1), word(2), word(3), word(1), word(1), word(1), word(1),
      Array("q".utf8), [1], [2], [3],
    ])
    #expect(chain.head.hash.bytes == first)
    _ = chain.append(row(2, request: "", hash: [], response: []))
    let second = SHA256.hash([
      first, word(2), word(2), word(3), word(0), word(0), word(0), word(1), [3],
    ])
    #expect(chain.head.hash.bytes == second)
  }

  private func filled(_ bench: Bench) async throws {
    try await bench.stock(["TEE": 50, "CAP": 5])
    for number in 1...12 { try await bench.sell("o-\(number)", 1, requestID: "q-\(number)") }
    _ = try await bench.hold("h", 1)
  }

  /// Goal: every changed byte, wherever it lies, is found, and the row is named; without it all is well.
  @Test func changedBytesNameTheirRow() async throws {
    try await withBench { bench in
      try await filled(bench)
      var random = SeededRandom(seed: 7)
      for column in [
        "sequence", "commit_time", "request_id", "body_hash", "response", "entry", "checksum",
      ] {
        for _ in 0..<3 {
          let row = Int64.random(in: 3...13, using: &random)
          let kept = try bench.damage(row: row, column, &random)
          let proof = try await bench.client.verifyLedger(.init())
          #expect(!proof.proved, "\(column) of row \(row)")
          #expect(proof.badRowNumber == row, "\(column): \(proof.difference)")
          #expect(proof.difference.contains("row \(row) of the ledger is damaged"))
          try bench.restore(row: row, column, kept)
        }
      }
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  @Test(arguments: [
    ("DELETE FROM ledger WHERE row_number = 6", 6),
    ("DELETE FROM ledger WHERE row_number < 4", 1),
    (
      """
      UPDATE ledger SET row_number = -1 WHERE row_number = 5;
      UPDATE ledger SET row_number = 5 WHERE row_number = 6;
      UPDATE ledger SET row_number = 6 WHERE row_number = -1
      """, 5
    ),
    (
      """
      UPDATE ledger SET (entry, checksum) = (SELECT entry, checksum FROM ledger WHERE row_number = 9)
      WHERE row_number = 8
      """, 8
    ),
  ])
  func removedAndSwappedRowsAreNamed(sql: String, row: Int64) async throws {
    try await withBench { bench in
      try await filled(bench)
      try bench.change(sql)
      let proof = try await bench.client.verifyLedger(.init())
      #expect(!proof.proved && proof.badRowNumber == row, "\(proof.difference)")
    }
  }

  /// Goal: a removed tail is found by what was counted from it, at start and by the proof.
  @Test func removedTailIsFoundByTheBalances() async throws {
    let bench = try Bench()
    try await filled(bench)
    try bench.change("DELETE FROM ledger WHERE row_number > 10")
    #expect(try await !bench.client.verifyLedger(.init()).proved)
    await bench.server.close()
    let error = #expect(throws: StorageError.self) {
      _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
    }
    let words = error?.description ?? ""
    #expect(words.contains("of the ledger is missing") && words.contains("put back"))
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: a ledger that was cut and written anew with everything else in the store fitting is found by
  /// a head that was kept elsewhere. Method: an older copy of the store goes on differently.
  @Test func rewrittenLedgerIsFoundByAKeptHead() async throws {
    try await withBench { bench in
      try await filled(bench)
      await bench.server.tick()
      let early = try #require(try await bench.client.verifyLedger(.init()).head)
      let copy = try bench.copy()
      for number in 20...24 { try await bench.sell("o-\(number)", 1) }
      let kept = try #require(try await bench.client.verifyLedger(.init()).head)
      #expect(kept.rowNumber == early.rowNumber + 5 && kept.hash.count == 32)
      for head in [early, kept] {
        #expect(try await bench.client.verifyLedger(.init(expectedHead: head)).proved)
      }
      let other = try Bench.serve(copy, bench.clock, bench.limit)
      let client = Bench.client(other)
      let short = try await client.verifyLedger(.init(expectedHead: kept))
      #expect(!short.proved && short.badRowNumber == early.rowNumber + 1, "\(short.difference)")
      for number in 30...39 {
        let line = PoolAPI.SaleLine(lineID: "1", sku: "TEE", quantity: 1)
        _ = try await client.recordSale(
          .init(orderID: "o-\(number)", channelID: "shopee", lines: [line]))
      }
      #expect(try await client.verifyLedger(.init(expectedHead: early)).proved)
      #expect(try await client.verifyLedger(.init()).proved)
      let forged = try await client.verifyLedger(.init(expectedHead: kept))
      #expect(!forged.proved && forged.badRowNumber == kept.rowNumber, "\(forged.difference)")
      await other.close()
    }
  }

  @Test func headThatIsNoneIsRefused() async throws {
    try await withBench { bench in
      try await filled(bench)
      let fields = ["row_number", "sequence", "hash"].map { "expected_head.\($0)" }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
        _ = try await bench.client.verifyLedger(
          .init(expectedHead: .init(rowNumber: 0, sequence: -1, hash: [1])))
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["expected_head.hash"]
      ) {
        _ = try await bench.client.verifyLedger(
          .init(expectedHead: .init(rowNumber: 1, hash: Array(repeating: 1, count: 33))))
      }
    }
  }

  /// Goal: the mark's own row is held against the mark, and the rows behind it against each other.
  @Test(arguments: [
    "UPDATE mark SET hash = zeroblob(32)", "UPDATE mark SET hash = x'00'",
    "UPDATE mark SET sequence = sequence - 1", "DELETE FROM mark",
    "UPDATE ledger SET checksum = checksum + 1 WHERE row_number = (SELECT swept_row FROM mark)",
  ])
  func markThatDisagreesIsNotServed(sql: String) async throws {
    let bench = try Bench()
    try await filled(bench)
    await bench.server.close()
    try bench.forge(sql, .mark)
    let error = #expect(throws: StorageError.self) {
      _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
    }
    guard case .corrupt(_, let detail)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(detail.hasSuffix(BadRow.remedy))
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: a store that knew no hash goes on; its rows are held to their old checksum and chained.
  @Test(arguments: [false, true]) func olderLedgerIsChained(isSwept: Bool) async throws {
    let bench = try Bench()
    try await filled(bench)
    if isSwept { await bench.server.tick() }
    await bench.server.close()
    let rows = try bench.makeOlder()
    try await bench.restart()
    let unsealed = try await bench.server.database.read(until: .never) { transaction in
      try transaction.int64("SELECT count(*) FROM sku WHERE checksum IS NULL")
    }
    #expect(unsealed == 0)
    #expect(try await bench.client.verifyLedger(.init()).proved)
    try await bench.sell("o-20", 1, requestID: "q-20")
    try await bench.sell("o-1", 1, requestID: "q-1")
    let proof = try await bench.client.verifyLedger(.init())
    #expect(proof.proved && proof.rowCount == rows + 1, "\(proof.difference)")
    try await bench.restart()
    #expect(
      try await bench.client.verifyLedger(.init(expectedHead: proof.head)).proved)
    try bench.change("UPDATE ledger SET commit_time = commit_time + 1 WHERE row_number = 4")
    let damaged = try await bench.client.verifyLedger(.init())
    #expect(!damaged.proved && damaged.badRowNumber == 4)
    await bench.end()
  }

  /// Goal: what the audit finds stops writes, shows in health and metrics, and is told with its row.
  @Test func auditStopsWhatDisagrees() async throws {
    try await withBench { bench in
      try await filled(bench)
      var audit = bench.server.audit
      audit.pace = .zero
      #expect(try await audit.audit(0))
      #expect(audit.metrics.proved.value() == 1)
      #expect(audit.metrics.auditedSequence.value() == 15)
      try bench.change("UPDATE ledger SET entry = zeroblob(20) WHERE row_number = 3")
      #expect(try await !audit.audit(1))
      #expect(audit.metrics.proved.value() == 0)
      #expect(await bench.server.check.problem() != nil)
      await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("x", 1) }
      #expect(try await bench.available() == 37)
    }
  }

  /// Goal: the shares of a proof are the whole: what one passes over another finds.
  @Test func sharesOfAProofCoverEverySKU() async throws {
    try await withBench { bench in
      try await filled(bench)
      await bench.server.tick()
      try bench.forge(
        "UPDATE balance SET on_hand = on_hand + 1, found = found + 1 WHERE balance_key = 0",
        .balance)
      var found = 0
      for number in 0..<2 {
        let proof = try await LedgerProving(
          LedgerProof(bench.server.view, share: .init(number: number, count: 2))
        ).finish(bench.server.database, until: .never)
        if proof.difference != nil { found += 1 }
      }
      #expect(found == 1)
    }
  }

  /// Goal: the proof holds while sales go on.
  @Test func proofHoldsWhileThePoolServes() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5_000, "CAP": 5_000])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for caller in 0..<8 {
          group.addTask {
            for number in 0..<150 {
              try await bench.sell("o-\(caller)-\(number)", 1, of: number % 2 == 0 ? "TEE" : "CAP")
            }
          }
        }
        group.addTask {
          for _ in 0..<10 {
            let proof = try await bench.client.verifyLedger(.init())
            #expect(proof.proved, "\(proof.difference)")
          }
        }
        try await group.waitForAll()
      }
    }
  }
}

extension Bench {
  /// Writes into the store behind the pool's back.
  func change(_ sql: String) throws {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    try connection.execute(script: sql)
  }

  /// A copy of the files as they are at this moment, in a folder of its own.
  func copy() throws -> URL {
    let copy = folder.appendingPathComponent("copy-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: path + suffix, toPath: copy.appendingPathComponent("pool.db").path + suffix)
    }
    return copy
  }

  /// Changes a bit of a value, and returns what it was.
  fileprivate func damage(
    row: Int64, _ column: String, _ random: inout SeededRandom
  ) throws -> SQLValue {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    let statement = try connection.prepare(
      "SELECT \(column), typeof(\(column)) FROM ledger WHERE row_number = \(row)")
    _ = try statement.step()
    defer { statement.reset() }
    let kept: SQLValue
    let changed: SQLValue
    if statement.text(1) == "integer" {
      kept = .integer(statement.int64(0))
      changed = .integer(statement.int64(0) ^ (1 << Int64.random(in: 0..<63, using: &random)))
    } else {
      var bytes = statement.bytes(0)
      let isText = statement.text(1) == "text"
      kept = isText ? .text(statement.text(0)) : .blob(bytes)
      let place = Int.random(in: bytes.indices, using: &random)
      bytes[place] ^= 1
      changed = isText ? .text(String(decoding: bytes, as: UTF8.self)) : .blob(bytes)
    }
    statement.reset()
    try connection.execute(
      "UPDATE ledger SET \(column) = ? WHERE row_number = ?", [changed, .integer(row)])
    return kept
  }

  fileprivate func restore(row: Int64, _ column: String, _ value: SQLValue) throws {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    try connection.execute(
      "UPDATE ledger SET \(column) = ? WHERE row_number = ?", [value, .integer(row)])
  }

  /// Takes away what came with the rows' seals.
  private func dropSeals(_ connection: SQLiteConnection) throws {
    let tables = [
      "archived_lot", "archived_allotment", "bundle_history",
      "allotted_history", "allotment_history",
    ]
    for table in tables { try connection.execute(script: "DROP TABLE \(table)") }
    for table in ["sku", "location", "balance"] {
      try connection.execute(script: "ALTER TABLE \(table) DROP COLUMN checksum")
    }
    try connection.execute(
      script: """
        CREATE TABLE older_hold (hold_id TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL);
        INSERT INTO older_hold SELECT hold_id, body FROM hold;
        DROP TABLE hold;
        ALTER TABLE older_hold RENAME TO hold;
        """)
    try connection.execute(
      script: """
        ALTER TABLE mark DROP COLUMN checksum;
        CREATE TABLE older_kept_request (
          request_id TEXT NOT NULL PRIMARY KEY, row_number INTEGER NOT NULL);
        INSERT INTO older_kept_request SELECT request_id, row_number FROM kept_request;
        DROP TABLE kept_request;
        ALTER TABLE older_kept_request RENAME TO kept_request;
        """)
  }

  /// Makes the store one of the second version: rows with plain checksums, a mark without a hash.
  fileprivate func makeOlder() throws -> Int64 {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    var rows: [LedgerRow] = []
    try connection.scan(LedgerSQL.rows + " ORDER BY row_number") {
      rows.append(LedgerSQL.row($0))
      return true
    }
    var previous: Int64 = 0
    for row in rows {
      previous = PlainChecksum.of(row, after: previous)
      try connection.execute(
        "UPDATE ledger SET checksum = ? WHERE row_number = ?",
        [.integer(previous), .integer(row.number)])
    }
    try dropSeals(connection)
    try connection.execute(
      script: """
        DROP TABLE request_run;
        DROP TABLE archive;
        DROP TABLE archived_balance;
        DROP TABLE kept_response;
        DROP TABLE balance_history;
        DROP TABLE buffer_rule_history;
        DROP TABLE sourcing;
        DROP TABLE sourcing_history;
        DROP TABLE last_units;
        DROP TABLE last_units_history;
        DROP TABLE sku_group_history;
        CREATE TABLE buffer (
          sku TEXT NOT NULL,
          channel TEXT NOT NULL,
          unit_count INTEGER,
          basis_points INTEGER,
          cap_count INTEGER,
          update_time INTEGER NOT NULL,
          PRIMARY KEY (sku, channel)
        );
        INSERT INTO buffer (sku, channel, unit_count, basis_points, cap_count, update_time)
          SELECT sku, channel, unit_count, basis_points, cap_count, update_time FROM buffer_rule;
        DROP TABLE buffer_rule;
        ALTER TABLE sku DROP COLUMN sku_group;
        ALTER TABLE location DROP COLUMN kind;
        ALTER TABLE location DROP COLUMN zones;
        ALTER TABLE location DROP COLUMN offers_pickup;
        ALTER TABLE balance DROP COLUMN rate_weight;
        ALTER TABLE balance DROP COLUMN rate_time;
        DROP TABLE history_start;
        CREATE TABLE older_sale (order_id TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL);
        INSERT INTO older_sale SELECT order_id, body FROM sale;
        DROP TABLE sale;
        DROP TABLE sale_run;
        ALTER TABLE older_sale RENAME TO sale;
        DROP TABLE document;
        DROP TABLE reorder_point;
        DROP TABLE bundle;
        DROP TABLE promotion;
        DROP TABLE allotment;
        DROP TABLE lot;
        ALTER TABLE balance DROP COLUMN transferred_in;
        ALTER TABLE balance DROP COLUMN transferred_out;
        ALTER TABLE mark DROP COLUMN sequence;
        ALTER TABLE mark DROP COLUMN hash;
        ALTER TABLE mark DROP COLUMN plain_row;
        DELETE FROM migration WHERE number > 2;
        """)
    return Int64(rows.count)
  }
}
