import Foundation
import StorageCore
import StorageSQLite
import Testing

/// A store's lock ends with who has it, and the next one finds all that was written.
@Suite struct TakeoverTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The store, or nil while somebody else has it.
  private func look(_ path: String) throws(StorageError) -> SQLiteDatabase? {
    do throws(StorageError) {
      return try SQLiteDatabase(path: path, migrations: words)
    } catch {
      guard case .inUse = error else { throw error }
      return nil
    }
  }

  /// Looks again and again, as a process that stands by does, until the store is free.
  private func takeOver(_ path: String) async throws -> SQLiteDatabase {
    while true {
      if let database = try look(path) { return database }
      await Task.yield()
    }
  }

  @Test func releasedStoreIsTakenOver() async throws {
    let path = folder.file("store.db")
    let holder = try SQLiteDatabase(path: path, migrations: words)
    #expect(try look(path) == nil)
    async let heir = takeOver(path)
    try await holder.write(until: .never) {
      _ = try $0.execute("INSERT INTO word (text) VALUES ('kept')")
    }
    await holder.close()
    let database = try await heir
    let text = try await database.read(until: .never) { transaction in
      try transaction.first("SELECT text FROM word") { $0.text(0) }
    }
    #expect(text == "kept")
    #expect(try look(path) == nil)
    await database.close()
  }

  /// Goal: a holder that is killed holds nothing. Method: another program takes the lock and is ended by SIGKILL.
  @Test func killedHoldersStoreIsTakenOver() async throws {
    let path = folder.file("store.db")
    let holder = Process()
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
    holder.arguments = ["--no-fork", path + ".lock", "sleep", "3600"]
    try holder.run()
    // From its start to its lock.
    while try look(path) != nil { await Task.yield() }
    async let heir = takeOver(path)
    kill(holder.processIdentifier, SIGKILL)
    let database = try await heir
    #expect(try look(path) == nil)
    await database.close()
    holder.waitUntilExit()
    #expect(holder.terminationReason == .uncaughtSignal)
  }
}
