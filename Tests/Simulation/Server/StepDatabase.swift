import Primitives
import StorageCore

@testable import StorageSQLite

/// The store's readers without their threads: each read is done at once.
///
/// It opens the store as `SQLiteDatabase` does, which keeps its log open as long as the service lives.
/// `@unchecked Sendable`: the simulation has one thread.
final class StepDatabase: Database, @unchecked Sendable {
  private let connection: SQLiteConnection

  init(path: String, migrations: [Migration]) throws(StorageError) {
    connection = try SQLiteConnection.open(path, as: .writer)
    do throws(StorageError) {
      try connection.checkLog()
      try connection.takeOver()
      try connection.migrate(migrations)
    } catch {
      connection.close()
      throw error
    }
  }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    try connection.transaction { try body(SQLiteTransaction(connection)) }
  }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try readNow(body)
  }

  func readNow<T>(_ body: (any ReadTransaction) throws -> T) throws -> T {
    try connection.beginReading()
    defer { connection.rollback() }
    return try body(SQLiteTransaction(connection))
  }

  var health: StorageHealth { .healthy }
  func recover() async -> StorageHealth { .healthy }
  func close() async { closeNow() }
  func closeNow() { connection.close() }
}
