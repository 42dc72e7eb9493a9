import Primitives
import StorageCore
import Synchronization

/// A store that notes how SQLite finds the rows of each statement.
final class QueryPlans: Database {
  struct Step: Sendable {
    var sql: String
    /// Its steps, one after the other.
    var plan: String
  }

  private let store: any Database
  private let noted = Mutex<[Step]>([])

  init(_ store: any Database) {
    self.store = store
  }

  /// The steps of those statements that name a table.
  func steps(of table: String) -> [Step] {
    noted.withLock { $0 }.filter { step in
      step.sql.split { !$0.isLetter && $0 != "_" }.contains { $0 == table }
    }
  }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    try await store.write(until: deadline) { try body(Writing(transaction: $0, plans: self)) }
  }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try await store.read(until: deadline) { try body(Reading(transaction: $0, plans: self)) }
  }

  var health: StorageHealth { store.health }

  func recover() async -> StorageHealth { await store.recover() }

  func close() async { await store.close() }

  private func note(
    _ sql: String, _ values: [SQLValue], in transaction: any ReadTransaction
  ) throws {
    let plan = try transaction.rows("EXPLAIN QUERY PLAN \(sql)", values) { $0.text(3) }
    noted.withLock { $0.append(Step(sql: sql, plan: plan.joined(separator: "; "))) }
  }

  private struct Reading: ReadTransaction {
    var transaction: any ReadTransaction
    var plans: QueryPlans

    func scan(_ sql: String, _ values: [SQLValue], _ row: (any Row) throws -> Bool) throws {
      try plans.note(sql, values, in: transaction)
      try transaction.scan(sql, values, row)
    }
  }

  private struct Writing: Transaction {
    var transaction: any Transaction
    var plans: QueryPlans
    var lastInsertedRow: Int64 { transaction.lastInsertedRow }

    func scan(_ sql: String, _ values: [SQLValue], _ row: (any Row) throws -> Bool) throws {
      try plans.note(sql, values, in: transaction)
      try transaction.scan(sql, values, row)
    }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
      try plans.note(sql, values, in: transaction)
      return try transaction.execute(sql, values)
    }
  }
}
