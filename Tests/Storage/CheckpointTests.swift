import Foundation
import Primitives
import StorageCore
import Testing

@testable import StorageSQLite

@Suite struct CheckpointTests {
  /// Goal: the log is copied into the store while the store is written, not only at its end. Method: the
  /// store's own file, without its log, is opened by itself.
  @Test func logIsCopiedBesideTheWriter() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words)
    let count = StorageLimits.writesBetweenCheckpoints * 4
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        group.addTask {
          try await database.write(until: .never) { transaction in
            _ = try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("w\(number)")])
          }
        }
      }
      try await group.waitForAll()
    }
    let deadline = Deadline.after(.seconds(20))
    var copied: Int64 = 0
    while copied == 0 {
      try #require(!deadline.isPast, "the log was never copied")
      copied = try await wordsWithoutLog(path, folder)
      // Between two looks: the other thread tells nobody.
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(copied > 0)
    await database.close()
    let again = try SQLiteDatabase(path: path, migrations: words)
    let all = try await again.read(until: .never) { try $0.int64("SELECT count(*) FROM word") }
    #expect(all == Int64(count))
    await again.close()
  }

  /// What a copy of the file holds; 0 while it cannot be read, in the middle of a copy of the log.
  private func wordsWithoutLog(_ path: String, _ folder: TemporaryFolder) async throws -> Int64 {
    let copy = folder.file("copy-\(UUID().uuidString).db")
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    do {
      let database = try SQLiteDatabase(path: copy, migrations: words)
      let count = try await database.read(until: .never) {
        try $0.int64("SELECT count(*) FROM word")
      }
      await database.close()
      return count ?? 0
    } catch is StorageError {
      return 0
    }
  }
}
