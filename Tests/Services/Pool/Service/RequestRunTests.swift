import Foundation
import PoolAPI
import Primitives
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Request IDs that a start reads from runs of keys rather than from the ledger.
@Suite struct RequestRunTests {
  private let tee = StockLine(
    sku: SKU(trusted: "TEE"), location: LocationID(trusted: "A"), quantity: 1)

  private func open(_ bench: Bench) throws -> LivePool {
    try LivePool(path: bench.path, salesInMemory: 100_000) {
      (_: PoolStore) throws(StorageError) in
    }
  }

  /// Commands of a commit: a quarter of a run.
  private static let batch = ServiceLimits.requestRunRows / 4

  private func receive(_ live: LivePool, _ bench: Bench, batches: Int, from first: Int) throws {
    for batch in 0..<batches {
      bench.clock.advance(by: .seconds(1))
      live.begin(at: bench.clock.now())
      for number in 0..<Self.batch {
        let id = "q-\(first + batch * Self.batch + number)"
        _ = try live.pool.apply(.receive(ReceiveStock(lines: [tee])))
        if number % 8 == 7 {
          live.record(nil)
        } else {
          live.record((RequestID(trusted: id), RequestKey(id), [1], [2]))
        }
      }
      _ = try live.commit(isIdle: false)
    }
  }

  private func answer(_ live: LivePool, _ number: Int) throws -> [UInt8]? {
    let id = "q-\(number)"
    let command = Command.receive(ReceiveStock(lines: [tee]))
    return try live.knownRow(of: RequestKey(id), RequestID(trusted: id), command)?.response
  }

  /// Goal: after a start each request is known that was, and no other, whether a run has it or the
  /// ledger. Method: ten batches, where a run is written with each fourth; then runs are taken away.
  @Test(arguments: [
    "", "DELETE FROM request_run WHERE first_row < 5000", "DELETE FROM request_run",
  ])
  func everyRequestIsKnownAfterAStart(sql: String) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      await bench.server.close()
      var live = try open(bench)
      try receive(live, bench, batches: 10, from: 0)
      live.close()
      let count = Self.batch * 10
      if !sql.isEmpty { try bench.change(sql) }
      live = try open(bench)
      for number in stride(from: 0, to: count, by: 7) {
        #expect(try answer(live, number) == (number % 8 == 7 ? nil : [2]), "\(number)")
      }
      #expect(try answer(live, count) == nil)
      // What is written from here on goes on in the runs.
      try receive(live, bench, batches: 5, from: count)
      live.close()
      live = try open(bench)
      for number in stride(from: 0, to: count + 5 * 1_024, by: 11) where number % 8 != 7 {
        #expect(try answer(live, number) == [2], "\(number)")
      }
      live.close()
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  @Test func runsOlderThanADayAreForgotten() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      await bench.server.close()
      let live = try open(bench)
      try receive(live, bench, batches: 12, from: 0)
      bench.clock.advance(by: Limits.requestKept)
      try receive(live, bench, batches: 8, from: 100_000)
      live.close()
      let again = try open(bench)
      #expect(try answer(again, 0) == nil && answer(again, 100_000) == [2])
      again.close()
      let connection = try SQLiteConnection.open(bench.path, as: .writer)
      var firstRows: [Int64] = []
      try connection.scan("SELECT first_row FROM request_run ORDER BY first_row") {
        firstRows.append($0.int64(0))
        return true
      }
      connection.close()
      #expect(firstRows == [12_289, 16_385])
      try await bench.restart()
    }
  }

  @Test(arguments: [
    "UPDATE request_run SET request_keys = x'00'", "UPDATE request_run SET first_row = 1000000",
    "UPDATE request_run SET request_keys = x''",
  ])
  func damagedRunIsNotServed(sql: String) async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 0])
    await bench.server.close()
    let live = try open(bench)
    try receive(live, bench, batches: 5, from: 0)
    live.close()
    try bench.forge(sql, .requestRun)
    let error = #expect(throws: StorageError.self) { _ = try open(bench) }
    #expect(error?.description.contains("of the table request_run is damaged") ?? false)
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Turns a bit over in the key of row 3,000.
  private func flipKey(_ bench: Bench) throws {
    let store = try PoolStore(path: bench.path)
    defer { store.close() }
    let connection = store.connection
    var keys: [UInt8] = []
    try connection.scan("SELECT request_keys FROM request_run WHERE first_row = 1") {
      keys = $0.bytes(0)
      return true
    }
    keys[8 * 2_999] ^= 1
    try connection.execute(
      "UPDATE request_run SET request_keys = ?, checksum = NULL WHERE first_row = 1",
      [.blob(keys)])
    try store.seal(.requestRun)
  }

  /// Goal: a key of a run that is not that of its row is found by the proof, with both.
  @Test func keyOfAnotherRequestIsFoundByTheProof() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      await bench.server.close()
      let live = try open(bench)
      try receive(live, bench, batches: 5, from: 0)
      live.close()
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try flipKey(bench)
      let proof = try await bench.client.verifyLedger(.init())
      #expect(
        proof.difference
          == "the run of request keys from row 1 on differs from row 3000 of the ledger")
    }
  }

  /// Goal: the table finds each row under its key, also under keys that share all bits it keeps.
  @Test func tableFindsEveryRow() {
    var random = SeededRandom(seed: 5)
    var table = KeyTable(firstRow: 1_000)
    var known: [UInt64: [Int64]] = [:]
    for row in Int64(1_000)..<41_000 {
      // Few different low halves, so that many keys fall together.
      let low = UInt64.random(in: 0..<20_000, using: &random)
      let word = UInt64.random(in: 0..<4, using: &random) << 56 | low
      table.add(word, row: row)
      known[word, default: []].append(row)
    }
    #expect(table.count == 40_000)
    for (word, rows) in known {
      var found: [Int64] = []
      table.collect(word, into: &found)
      guard Set(found) == Set(rows) else {
        Issue.record("\(word): \(found) for \(rows)")
        return
      }
    }
    var none: [Int64] = []
    table.collect(5 << 56 | 1, into: &none)
    #expect(none.isEmpty)
  }
}
