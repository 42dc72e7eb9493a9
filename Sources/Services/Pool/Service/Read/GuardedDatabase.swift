internal import Primitives
internal import StorageCore

/// The readers' store. What one of them meets that is not what was written stops the writer until the next start, as
/// damage does that SQLite itself finds.
struct GuardedDatabase: Database {
  private let store: any Database
  private let readers: ReaderHealth

  init(_ store: any Database, _ readers: ReaderHealth) {
    self.store = store
    self.readers = readers
  }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    do {
      return try await store.read(until: deadline, body)
    } catch let error as DamagedRecord {
      readers.found("\(error); \(BadRow.remedy)")
      throw error
    }
  }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    try await store.write(until: deadline, body)
  }

  var health: StorageHealth { store.health }
  func recover() async -> StorageHealth { await store.recover() }
  func close() async { await store.close() }
}
