import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// What the proof adds up beside balances. Rows are forged with a right seal, so that only the sum can tell.
@Suite struct LedgerProofTests {
  struct Forgery: Sendable {
    var table: SealedTable
    var sql: String
    var words: String
  }

  static let forgeries = [
    Forgery(
      table: .lot, sql: "UPDATE lot SET unit_count = unit_count + 1",
      words: "the lot L1 of SKU number 1 at location number 0 as kept differs"),
    Forgery(table: .lot, sql: "DELETE FROM lot", words: "the lot L1 of SKU number 1"),
    Forgery(
      table: .lot, sql: "UPDATE lot SET expire_time = 1", words: "the lot L1 of SKU number 1"),
    Forgery(
      table: .allotment, sql: "UPDATE allotment SET taken = taken - 1",
      words: "out of the allotment of SKU number 1 in promotion number 0 as swept differs"),
    Forgery(
      table: .allotment, sql: "UPDATE allotment SET sequence = sequence + 1000",
      words: "out of the allotment of SKU number 1"),
    Forgery(
      table: .allotment, sql: "DELETE FROM allotment", words: "there is no allotment as swept"),
    Forgery(
      table: .balance,
      sql:
        "UPDATE balance SET held = held + 1 WHERE balance_key = (SELECT min(balance_key) FROM balance)",
      words: "the balance of SKU number 0 at location number 0 as swept differs"),
  ]

  /// Goal: whatever differs from the ledger's sum is named, stops commands, and is told with what to do; reads go on.
  @Test(arguments: forgeries) func forgedSumIsFoundAndStopsCommands(_ forgery: Forgery) async throws
  {
    try await withBench { bench in
      try await bench.fill()
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try await bench.sell("o-3", 1)
      try bench.forge(forgery.sql, forgery.table)
      let proof = try await bench.client.verifyLedger(.init())
      #expect(!proof.proved && proof.difference.contains(forgery.words), "\(proof.difference)")
      #expect(proof.remedy == BadRow.remedy)
      do {
        try await bench.sell("x", 1)
        Issue.record("a command was taken")
      } catch let error as RPCError {
        #expect(error.reason == "STORE_UNAVAILABLE" && error.message.contains(forgery.words))
        #expect(error.message.contains(BadRow.remedy))
      }
      #expect(await bench.server.check.problem() != nil)
      #expect(bench.server.audit.metrics.proved.value() == 0)
      #expect(try await bench.client.getStock(.init(sku: "TEE")).total?.heldCount == 2)
    }
  }

  /// Goal: a caller who expects another head than there is cannot stop the pool.
  @Test func expectationOfACallerStopsNothing() async throws {
    try await withBench { bench in
      try await bench.fill()
      var head = try #require(try await bench.client.verifyLedger(.init()).head)
      head.hash[0] ^= 1
      for row in [head.rowNumber, head.rowNumber + 9] {
        head.rowNumber = row
        let proof = try await bench.client.verifyLedger(.init(expectedHead: head))
        #expect(!proof.proved && proof.badRowNumber != 0 && proof.remedy.isEmpty)
        try await bench.sell("x-\(row)", 1)
      }
    }
  }

  /// Goal: memory that does not show yet what is durable is waited for, and taken for no damage. Method: a memory that
  /// never does.
  @Test func memoryThatIsBehindIsWaitedFor() async throws {
    try await withBench { bench in
      try await bench.fill()
      let proof = try await bench.server.database.read(until: .never) { transaction in
        var proof = LedgerProof(ReadModel())
        for _ in 1...5 { try proof.advance(LedgerReader(transaction)) }
        return proof
      }
      #expect(proof.isWaiting && !proof.isFinished && proof.difference == nil)
      #expect(proof.head.sequence > 0)
    }
  }

  /// Goal: what archived rows add up to goes on in the proof, for lots and allotments, too.
  @Test func archivedLotsAndAllotmentsAreProved() async throws {
    try await withBench { bench in
      try await bench.fill()
      bench.clock.advance(by: .seconds(48 * 3600))
      await bench.server.tick()
      let made = try await bench.client.archiveLedger(
        .init(beforeTime: bench.clock.now() - .seconds(25 * 3600)))
      #expect(made.archive != nil)
      let kept = try await bench.server.database.read(until: .never) { transaction in
        try transaction.int64(
          "SELECT (SELECT count(*) FROM archived_lot) * (SELECT count(*) FROM archived_allotment)")
      }
      #expect(kept == 2)
      _ = try await bench.client.receiveStock(
        .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 2, lotID: "L1")]))
      let proof = try await bench.client.verifyLedger(.init())
      #expect(proof.proved && proof.start != nil, "\(proof.difference)")
      try bench.forge("UPDATE lot SET unit_count = unit_count - 1", .lot)
      let damaged = try await bench.client.verifyLedger(.init())
      #expect(damaged.difference.contains("the lot L1"), "\(damaged.difference)")
    }
  }
}
