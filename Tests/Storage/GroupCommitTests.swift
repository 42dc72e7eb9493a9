import Foundation
import Primitives
import StorageCore
import Synchronization
import Testing

@testable import StorageSQLite

let words = [
  Migration(1, "words", "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"),
  Migration.requests(2),
]

/// Any error with a name.
struct Refused: Error, Equatable { var name: String }

/// Counts what a store tells.
final class CommitCounter: StorageObserver {
  let writes = Mutex<[Int]>([])
  let healths = Mutex<[StorageHealth]>([])
  func committed(writes count: Int, in span: Duration) { writes.withLock { $0.append(count) } }
  func healthChanged(to health: StorageHealth, path: String) {
    healths.withLock { $0.append(health) }
  }
}

@Suite struct GroupCommitTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Goal: writes of many callers share commits, none is lost. Method: 400 at once, then count both.
  @Test func manyWritersShareCommits() async throws {
    let counter = CommitCounter()
    let database = try SQLiteDatabase(
      path: folder.file("a/b/store.db"), migrations: words, observer: counter)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<400 {
        group.addTask {
          try await database.write(until: .never) { transaction in
            _ = try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("w\(number)")])
          }
        }
      }
      try await group.waitForAll()
    }
    let count = try await database.read(until: .never) {
      try $0.int64("SELECT count(*) FROM word")
    }
    #expect(count == 400)
    let batches = counter.writes.withLock { $0 }
    #expect(batches.reduce(0, +) == 400)
    #expect(batches.count < 400, "\(batches.count) commits for 400 writes")
    await database.close()
  }

  /// Goal: a throwing closure undoes only itself. Method: every third of 90 throws after it wrote.
  @Test func throwingClosureRollsBackOnlyItself() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<90 {
        group.addTask {
          do {
            try await database.write(until: .never) { transaction in
              try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("w\(number)")])
              if number.isMultiple(of: 3) { throw Refused(name: "w\(number)") }
            }
            #expect(!number.isMultiple(of: 3))
          } catch {
            #expect(error as? Refused == Refused(name: "w\(number)"))
          }
        }
      }
    }
    let found = try await database.read(until: .never) { transaction in
      try transaction.rows("SELECT text FROM word") { $0.text(0) }
    }
    #expect(Set(found) == Set((0..<90).filter { !$0.isMultiple(of: 3) }.map { "w\($0)" }))
    await database.close()
  }

  /// Goal: what one task wrote, it reads, and closures run in order of arrival.
  @Test func writerSeesItsOwnWrites() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    for number in 1...20 {
      let row = try await database.write(until: .never) { transaction in
        try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("\(number)")])
        return transaction.lastInsertedRow
      }
      #expect(row == Int64(number))
      let seen = try await database.read(until: .never) {
        try $0.int64("SELECT max(id) FROM word")
      }
      #expect(seen == Int64(number))
    }
    await database.close()
  }

  /// Goal: an acknowledged write survives a power cut. Method: copy the files as a crash leaves them.
  @Test func acknowledgedWriteIsOnDisk() async throws {
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words)
    for number in 0..<50 {
      try await database.write(until: .never) { transaction in
        _ = try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("w\(number)")])
      }
      guard number % 10 == 9 else { continue }
      let copy = folder.file("copy\(number).db")
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
      }
      let after = try SQLiteDatabase(path: copy, migrations: words)
      let count = try await after.read(until: .never) { try $0.int64("SELECT count(*) FROM word") }
      #expect(count == Int64(number + 1))
      await after.close()
    }
    await database.close()
  }

  @Test func passedDeadlineWritesNothing() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    let past = Deadline(nanoseconds: 1)
    await #expect(throws: StorageError.deadlinePassed) {
      try await database.write(until: past) {
        _ = try $0.execute("INSERT INTO word (text) VALUES ('x')")
      }
    }
    await #expect(throws: StorageError.deadlinePassed) {
      try await database.read(until: past) { try $0.int64("SELECT count(*) FROM word") }
    }
    #expect(
      try await database.read(until: .never) { try $0.int64("SELECT count(*) FROM word") } == 0)
    await database.close()
  }

  /// Goal: a read that runs away ends at its deadline. Method: an endless recursive query.
  @Test func endlessReadEndsAtItsDeadline() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    await #expect(throws: StorageError.deadlinePassed) {
      try await database.read(until: .after(.milliseconds(50))) {
        try $0.int64(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
      }
    }
    #expect(try await database.read(until: .never) { try $0.int64("SELECT 7") } == 7)
    #expect(database.health == .healthy)
    await database.close()
  }

  @Test func brokenRuleIsToldByKind() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    try await database.write(until: .never) {
      _ = try $0.execute("INSERT INTO word (text) VALUES ('x')")
    }
    await #expect {
      try await database.write(until: .never) {
        _ = try $0.execute("INSERT INTO word (text) VALUES ('x')")
      }
    } throws: {
      guard case .constraint(.unique, _)? = $0 as? StorageError else { return false }
      return true
    }
    await #expect {
      try await database.write(until: .never) { _ = try $0.execute("INSERT INTO nowhere") }
    } throws: {
      guard case .invalidStatement? = $0 as? StorageError else { return false }
      return true
    }
    #expect(database.health == .healthy)
    await database.close()
  }

  @Test func closedStoreSaysSo() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    await database.close()
    await database.close()
    await #expect(throws: StorageError.closed) { try await database.write(until: .never) { _ in } }
    await #expect(throws: StorageError.closed) { try await database.read(until: .never) { _ in } }
  }

  /// Goal: every value comes back as it went in, empty text and bytes and zero bytes included.
  @Test func valuesComeBack() async throws {
    let database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    let sku = SKU(trusted: "TEE-BLK-M")
    let values: [SQLValue] = [
      .integer(.min), .real(0.5), .text(""), .text("a\0b é"), .blob([]), .blob([0, 255]), nil,
      .id(sku), .time(Timestamp(microseconds: -3)), true,
    ]
    try await database.read(until: .never) { transaction in
      try transaction.query("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?", values) { row in
        #expect(row.columnCount == 10)
        #expect(row.int64(0) == .min && row.double(1) == 0.5)
        #expect(row.optionalText(2) == "" && row.text(3) == "a\0b é")
        #expect(row.optionalBytes(4) == [] && row.bytes(5) == [0, 255])
        #expect(row.isNull(6) && row.optionalInt64(6) == nil && row.optionalBytes(6) == nil)
        #expect(row.id(7, as: SKU.self) == sku)
        #expect(row.time(8) == Timestamp(microseconds: -3) && row.bool(9))
      }
    }
    await database.close()
  }
}
