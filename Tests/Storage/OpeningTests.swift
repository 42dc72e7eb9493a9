import Foundation
import Primitives
import StorageCore
import Testing

@testable import StorageSQLite

/// What an operator meets when a store is opened: each mistake has one clear text.
@Suite struct OpeningTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func opening(_ path: String, _ migrations: [Migration] = words) -> StorageError? {
    do throws(StorageError) {
      _ = try SQLiteDatabase(path: path, migrations: migrations)
      return nil
    } catch {
      return error
    }
  }

  /// Goal: a service's connections keep as much in memory as it says, after a trial of the store too.
  @Test func cacheIsAsLargeAsItsServiceSays() async throws {
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words, cacheKibibytes: 512)
    let sizes = [
      try await database.write(until: .never) { try $0.int64("PRAGMA cache_size") },
      try await database.read(until: .never) { try $0.int64("PRAGMA cache_size") },
    ]
    #expect(sizes == [-512, -512])
    await database.close()
    let connection = try SQLiteConnection.open(path, as: .owner)
    connection.adopt()
    try connection.setCache(kibibytes: 256)
    try connection.tryWriting()
    let statement = try connection.prepare("PRAGMA cache_size")
    let isRow = try statement.step()
    #expect(isRow && statement.int64(0) == -256)
  }

  /// Goal: two processes never share a store. Method: a second open in this one, which the kernel's lock
  /// refuses alike, then another process's flock(1).
  @Test func secondOwnerIsRefused() async throws {
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words)
    let error = opening(path)
    #expect(error == .inUse(path: path, owner: "process \(getpid())"))
    #expect("\(try #require(error))".hasPrefix("the store \(path) is in use by another process"))
    let flock = Process()
    flock.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
    flock.arguments = ["--nonblock", path + ".lock", "true"]
    try flock.run()
    flock.waitUntilExit()
    #expect(flock.terminationStatus != 0)
    await database.close()
    #expect(opening(path) == nil)
  }

  @Test func stoppedStoreOpensAgainWithItsRows() async throws {
    let path = folder.file("store.db")
    for number in 1...3 {
      let database = try SQLiteDatabase(path: path, migrations: words)
      let count = try await database.write(until: .never) { transaction in
        try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("w\(number)")])
        return try transaction.int64("SELECT count(*) FROM word")
      }
      #expect(count == Int64(number))
      await database.close()
    }
  }

  /// Goal: damage is found at open and named. Method: a text file, a cut file, bytes turned in the middle.
  @Test func damagedFileIsRefused() async throws {
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words)
    try await database.write(until: .never) { transaction in
      for number in 0..<2000 {
        try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("word \(number)")])
      }
    }
    await database.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    var turned = whole
    for index in stride(from: 4096 * 3, to: whole.count - 4096, by: 64) { turned[index] ^= 0xFF }
    let cases: [(String, Data)] = [
      ("text", Data("this is no store, it is a letter to the operator".utf8)),
      ("cut", whole.prefix(whole.count / 2)),
      ("turned", turned),
    ]
    for (name, bytes) in cases {
      let copy = folder.file("\(name).db")
      try bytes.write(to: URL(fileURLWithPath: copy))
      let error = opening(copy)
      guard case .corrupt(copy, _)? = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
      #expect("\(try #require(error))".hasPrefix("the store \(copy) is damaged: "))
    }
  }

  /// Goal: a folder that cannot be made and a path that is a folder are told with the system's reason.
  @Test func impossiblePathIsRefused() throws {
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.file("plain")))
    let below = folder.file("plain/store.db")
    let error = try #require(opening(below))
    #expect("\(error)".contains("cannot be opened"), "\(error)")
    #expect("\(error)".contains("Not a directory"), "\(error)")
    try FileManager.default.createDirectory(
      atPath: folder.file("folder.db"), withIntermediateDirectories: false)
    guard case .cannotOpen? = opening(folder.file("folder.db")) else {
      Issue.record("a folder was opened")
      return
    }
  }

  @Test func migrationsApplyOnceInOrder() async throws {
    let path = folder.file("store.db")
    let first = try SQLiteDatabase(path: path, migrations: words)
    try await first.write(until: .never) {
      _ = try $0.execute("INSERT INTO word (text) VALUES ('kept')")
    }
    await first.close()
    let more = words + [Migration(3, "shout", "ALTER TABLE word ADD COLUMN loud INTEGER;")]
    for _ in 0..<2 {
      let second = try SQLiteDatabase(path: path, migrations: more)
      let row = try await second.read(until: .never) { transaction in
        try transaction.first("SELECT text, loud FROM word") { ($0.text(0), $0.isNull(1)) }
      }
      #expect(row?.0 == "kept" && row?.1 == true)
      await second.close()
    }
    #expect(opening(path) == .newer(path: path, number: 3, known: 2))
  }

  @Test func changedMigrationIsRefused() async throws {
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words)
    await database.close()
    var changed = words
    changed[0].sql += " -- changed"
    #expect(opening(path, changed) == .changedMigration(path: path, number: 1, name: "words"))
  }

  /// Goal: a migration that fails leaves the store as it was.
  @Test func failedMigrationLeavesTheStoreAsItWas() async throws {
    let path = folder.file("store.db")
    let bad = words + [Migration(3, "bad", "CREATE TABLE half (x INTEGER); CREATE TABLE word (y);")]
    guard case .failedMigration(path, 3, "bad", _)? = opening(path, bad) else {
      Issue.record("the bad migration was taken")
      return
    }
    let database = try SQLiteDatabase(path: path, migrations: words)
    let half = try await database.read(until: .never) {
      try $0.exists("SELECT 1 FROM sqlite_master WHERE name = 'half'")
    }
    #expect(!half)
    await database.close()
  }
}
