import Foundation
import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Rows of the tables beside the ledger that are not what was written.
@Suite struct SealTests {
  /// Another value that differs in one bit.
  private func flipped(_ value: SQLValue, _ random: inout SeededRandom) -> SQLValue? {
    switch value {
    case .integer(let number):
      return .integer(number ^ (1 << Int64.random(in: 0..<31, using: &random)))
    case .blob(var bytes):
      guard let place = bytes.indices.randomElement(using: &random) else { return .blob([1]) }
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      return .blob(bytes)
    case .text(let text):
      var bytes = Array(text.utf8)
      guard let place = bytes.indices.randomElement(using: &random) else { return .text("x") }
      bytes[place] ^= 1
      return .text(String(decoding: bytes, as: UTF8.self))
    case .real, .null: return .integer(1)
    }
  }

  /// Goal: a bit that turned over in any column of any table is found: by the start where it reads the row, which names
  /// table and row and says what to do, else by the proof.
  @Test(.timeLimit(.minutes(3)), arguments: [1] as [UInt64])
  func everyColumnOfEveryTableIsSealed(seed: UInt64) async throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let bench = try Bench()
    try await bench.fill()
    await bench.server.close()
    try bench.fillRuns()
    #expect(try bench.problemAtStart() == nil)
    let tables = SealedTable.all.filter { !Self.archived.contains($0.name) }
    for table in tables {
      let row = try #require(try bench.firstRow(of: table), "\(table.name)")
      for column in table.columns { try await flip(column, of: row, bench, &random) }
    }
    #expect(try bench.problemAtStart() == nil)
    try? FileManager.default.removeItem(at: bench.folder)
  }

  private static let archived = [
    "archive", "archived_balance", "archived_lot", "archived_allotment", "kept_response",
  ]

  /// Goal: the same of the tables in which only a store with an archive has rows.
  @Test(.timeLimit(.minutes(2)), arguments: [2] as [UInt64])
  func everyColumnBesideAnArchiveIsSealed(seed: UInt64) async throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let bench = try Bench()
    try await bench.fill()
    bench.clock.advance(by: .seconds(48 * 3600))
    await bench.server.tick()
    let made = try await bench.client.archiveLedger(
      .init(beforeTime: bench.clock.now() - .seconds(25 * 3600)))
    #expect(made.archive != nil)
    await bench.server.close()
    for table in SealedTable.all where Self.archived.contains(table.name) {
      let row = try #require(try bench.firstRow(of: table), "\(table.name)")
      // What belongs to another archive is not there for the proof, which then differs.
      for column in table.columns where table.name == "archive" || column != "archive_id" {
        try await flip(column, of: row, bench, &random)
      }
    }
    #expect(try bench.problemAtStart() == nil)
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Turns a bit over, expects that it is found and named, and turns it back.
  private func flip(
    _ column: String, of row: Bench.KeptRow, _ bench: Bench, _ random: inout SeededRandom
  ) async throws {
    let table = row.table
    let place = try #require(table.columns.firstIndex(of: column))
    let keyPlace = table.key.firstIndex(of: column)
    guard var value = flipped(row.values[place], &random) else { return }
    // A key that no other row has.
    if keyPlace != nil, case .integer(let number) = row.values[place] {
      value = .integer(number ^ 1 << 29)
    }
    try bench.set(column, of: row, to: value)
    var words = try bench.problemAtStart()?.description
    if words == nil {
      let server = try Bench.serve(bench.folder, bench.clock, bench.limit)
      let proof = try await Bench.client(server).verifyLedger(.init())
      #expect(!proof.proved)
      words = "\(proof.difference); \(proof.remedy)"
      await server.close()
    }
    // The first of a numbered list is missed, not met.
    let problems = keyPlace == nil ? ["damaged"] : ["damaged", "missing"]
    #expect(
      problems.contains { words?.contains("of the table \(table.name) is \($0)") ?? false },
      "\(column): \(words ?? "nothing")")
    #expect(words?.contains(BadRow.remedy) ?? false)
    var changed = row
    if let keyPlace { changed.key[keyPlace] = value }
    try bench.set(column, of: changed, to: row.values[place])
  }

  /// Goal: each bit of a document's bytes counts, and what is wrong names the document.
  @Test(.timeLimit(.minutes(2)))
  func everyBitOfADocumentIsSealed() async throws {
    let bench = try Bench()
    try await bench.fill()
    await bench.server.close()
    let store = try PoolStore(path: bench.path)
    var bodies: [(key: [SQLValue], name: String, body: [UInt8])] = []
    try store.connection.scan(.document, "WHERE is_ended = 0") { row in
      bodies.append(
        ([.integer(row.int64(0)), .text(row.text(1))], row.text(1), row.bytes(4)))
      return true
    }
    #expect(Set(bodies.map(\.name)) == ["P", "T", "C"])
    for document in bodies {
      for place in document.body.indices {
        for bit in 0..<8 {
          var body = document.body
          body[place] ^= 1 << bit
          try store.connection.execute(
            "UPDATE document SET body = ? WHERE kind = ? AND document_id = ?",
            [.blob(body)] + document.key)
          let error = #expect(throws: DamagedRecord.self) {
            try store.connection.scan(.document, DocumentSQL.inWork) { row in
              _ = try DocumentSQL.document(row)
              return true
            }
          }
          #expect(error?.key.contains("document_id \(document.name)") ?? false)
        }
      }
      try store.connection.execute(
        "UPDATE document SET body = ? WHERE kind = ? AND document_id = ?",
        [.blob(document.body)] + document.key)
    }
    store.close()
    #expect(try bench.problemAtStart() == nil)
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: bytes of a document that no program wrote, though their seal is right, are refused by the document's name, or
  /// can be served: nothing ends the process. Method: a bit of every second byte, with the start that follows and a look at the document.
  @Test(.timeLimit(.minutes(3)), arguments: ["P", "T", "C"])
  func forgedDocumentEndsNoProcess(id: String) async throws {
    let bench = try Bench()
    try await bench.fill()
    await bench.server.close()
    let values = try row(of: id, bench)
    guard case .blob(let bytes) = values[4] else { return }
    var refused = 0
    for place in stride(from: 0, to: bytes.count, by: 2) {
      var body = bytes
      body[place] ^= 1 << UInt8(place / 2 % 8)
      try put(Array(values[0..<4]) + [.blob(body)], bench)
      guard let error = try bench.problemAtStart() else {
        try await use(id, bench)
        continue
      }
      refused += 1
      #expect(error.description.contains("document_id \(id)"), "\(error)")
      #expect(error.description.contains(BadRow.remedy))
    }
    #expect(refused > bytes.count / 20)
    try? FileManager.default.removeItem(at: bench.folder)
  }

  private func row(of id: String, _ bench: Bench) throws -> [SQLValue] {
    let store = try PoolStore(path: bench.path)
    defer { store.close() }
    var values: [SQLValue] = []
    try store.connection.scan(.document, "WHERE document_id = ?", [.text(id)]) { row in
      values = [
        .integer(row.int64(0)), .text(row.text(1)), .integer(row.int64(2)), .integer(row.int64(3)),
        .blob(row.bytes(4)),
      ]
      return true
    }
    return values
  }

  private func put(_ values: [SQLValue], _ bench: Bench) throws {
    let store = try PoolStore(path: bench.path)
    defer { store.close() }
    try store.put(values, in: .document)
  }

  /// Reads a document and goes on with it, whatever comes of that.
  private func use(_ id: String, _ bench: Bench) async throws {
    let copy = bench.folder.appendingPathComponent("copy")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: bench.path, toPath: copy.appendingPathComponent("pool.db").path)
    let server = try Bench.serve(copy, bench.clock, bench.limit)
    let rpc = Bench.rpcClient(server)
    switch id {
    case "P":
      let client = InboundServiceClient(rpc)
      _ = try? await client.getPurchaseOrder(.init(purchaseOrderID: id))
      _ = try? await client.receivePurchaseOrder(
        .init(purchaseOrderID: id, receipt: InboundTests.receipt("r-2", 1)))
    case "T":
      let client = InboundServiceClient(rpc)
      _ = try? await client.getTransfer(.init(transferID: id))
      _ = try? await client.receiveTransfer(
        .init(transferID: id, receipt: InboundTests.receipt("r-2", 1)))
    default:
      let client = CountServiceClient(rpc)
      _ = try? await client.getCount(.init(countID: id))
      _ = try? await client.submitCount(.init(countID: id))
      _ = try? await client.approveCount(.init(countID: id, reason: "so", actor: "al"))
    }
    await server.close()
    try FileManager.default.removeItem(at: copy)
  }

  /// Goal: a document that has ended is read when somebody asks for it; damaged, it is named, and nothing is written any
  /// more, whoever has met it.
  @Test(arguments: [false, true]) func damageThatACallMeetsStopsTheWriter(isCommand: Bool)
    async throws
  {
    try await withBench { bench in
      try await bench.fill()
      try await bench.restart()
      try bench.change(
        "UPDATE document SET body = zeroblob(length(body)) WHERE document_id = 'T-ended'")
      if isCommand {
        await expectError(.unavailable, "STORE_UNAVAILABLE") {
          _ = try await bench.inbound.receiveTransfer(
            .init(transferID: "T-ended", receipt: InboundTests.receipt("r-1", 4)))
        }
      } else {
        await expectError(
          .dataLoss, "STORE_DAMAGED",
          ["table": "document", "key": "kind 2, document_id T-ended"]
        ) { _ = try await bench.inbound.getTransfer(.init(transferID: "T-ended")) }
      }
      #expect(await bench.server.check.problem() != nil)
      do {
        try await bench.sell("x", 1)
        Issue.record("a command was taken")
      } catch let error as RPCError {
        #expect(error.code == .unavailable && error.reason == "STORE_UNAVAILABLE")
        #expect(error.message.contains("document_id T-ended"), "\(error)")
        #expect(error.message.contains("put back the newest copy"))
      }
      #expect(try await bench.client.getStock(.init(sku: "TEE")).total?.heldCount == 2)
    }
  }

  /// Goal: a sale that has left memory and is read again is looked at in the same way.
  @Test func damagedSaleIsNotAnswered() async throws {
    let bench = try Bench(salesInMemory: 2)
    try await bench.stock(["TEE": 60])
    for number in 1...12 { try await bench.sell("o-\(number)", 1) }
    for _ in 1...4 { await bench.server.tick() }
    try bench.change("UPDATE sale SET body = zeroblob(length(body)) WHERE order_id = 'o-1'")
    await expectError(.dataLoss, "STORE_DAMAGED", nil) {
      _ = try await bench.client.getSale(.init(orderID: "o-1"))
    }
    await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("o-13", 1) }
    await bench.end()
  }

  /// Goal: a sale whose order is damaged is not taken for another's with the same hash, which would count it twice.
  @Test func damagedOrderOfASaleStopsTheWriter() async throws {
    let bench = try Bench(salesInMemory: 2)
    try await bench.stock(["TEE": 60])
    for number in 1...12 { try await bench.sell("o-\(number)", 1) }
    for _ in 1...4 { await bench.server.tick() }
    try bench.change("UPDATE sale SET order_id = 'o-x' WHERE order_id = 'o-1'")
    await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("o-1", 1) }
    #expect(try await bench.available() == 48)
    await bench.end()
  }

  /// Goal: a question about the past is not answered from a row that is not the one that was written.
  @Test(arguments: [
    ("UPDATE history_start SET rule_time = 1", "history_start"),
    ("DELETE FROM history_start", "history_start"),
    ("UPDATE mark SET sequence = sequence - 1", "mark"),
    ("UPDATE balance_history SET through_sequence = through_sequence + 1", "balance_history"),
  ])
  func damagedPastIsNotAnswered(sql: String, table: String) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 60])
      await bench.server.tick()
      let time = bench.clock.now()
      bench.clock.advance(by: .seconds(1))
      try await bench.sell("o-1", 1)
      await bench.server.tick()
      func past() async throws -> [Int64] {
        try await bench.client.getStockAt(
          .init(sku: "TEE", time: time - .seconds(1), channelIDs: ["till"])
        ).channels.map(\.availableToSellCount)
      }
      #expect(try await past() == [0])
      try bench.change(sql)
      do {
        _ = try await past()
        Issue.record("it was answered")
      } catch let error as RPCError {
        #expect(error.reason == "STORE_DAMAGED" && error.metadata["table"] == table, "\(error)")
      }
      await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("o-2", 1) }
    }
  }

  /// Goal: of a row of the ledger before the mark, whose hash nobody has looked at since, a list tells nothing that it can
  /// see is not so, and no process ends.
  @Test(arguments: [
    ("UPDATE ledger SET entry = zeroblob(20) WHERE row_number = 5", 5, "is damaged"),
    ("UPDATE ledger SET sequence = sequence + 1 WHERE row_number = 5", 5, "is damaged"),
    ("UPDATE ledger SET commit_time = commit_time - 9000000 WHERE row_number = 5", 5, "is damaged"),
    ("DELETE FROM ledger WHERE row_number = 5", 5, "is missing"),
    ("UPDATE ledger SET entry = ? WHERE row_number = 5", 5, "is damaged: it names"),
  ])
  func damagedRowIsNotListed(sql: String, row: Int, words: String) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 60])
      for number in 1...9 { try await bench.sell("o-\(number)", 1) }
      let connection = try SQLiteConnection.open(bench.path, as: .writer)
      let entry = LedgerEntry(
        firstSequence: 5, orderID: OrderID(trusted: "o-4"),
        movements: [
          PoolDomain.Movement(.sold, SKUIndex(1_000_000), LocationIndex(0), 1, lineID: "1")
        ])
      try connection.execute(sql, sql.contains("?") ? [.blob(entry.bytes)] : [])
      connection.close()
      do {
        _ = try await bench.client.listMovements(.init())
        Issue.record("it was listed")
      } catch let error as RPCError {
        #expect(error.reason == "STORE_DAMAGED", "\(error)")
        #expect(error.metadata == ["table": "ledger", "key": "row_number \(row)"])
        #expect(error.message.contains(words), "\(error)")
      }
      await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("x", 1) }
    }
  }
}
