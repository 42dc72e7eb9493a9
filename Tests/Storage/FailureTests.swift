import Foundation
import Primitives
import StorageCore
import Synchronization
import Testing

@testable import StorageSQLite

/// A store whose disk is full or damaged loses nothing it acknowledged, and says what is wrong.
@Suite struct FailureTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Goal: a full disk stops writes, keeps what was acknowledged, and writing resumes with room.
  /// Method: a limit of pages stands for the disk.
  @Test func fullDiskStopsAndResumesWrites() async throws {
    let pages = Pages(100)
    let counter = CommitCounter()
    let database = try SQLiteDatabase(
      path: folder.file("store.db"), migrations: words, readers: 1, observer: counter
    ) { connection throws(StorageError) in
      try pages.configure(connection)
    }
    // The store's own trials fail until the test wants otherwise.
    pages.limit.withLock { $0 = nil }
    var acknowledged: [String] = []
    var failure: StorageError?
    for number in 0..<200 where failure == nil {
      let text = "w\(number) " + String(repeating: "x", count: 3000)
      do {
        try await database.write(until: .never) {
          _ = try $0.execute("INSERT INTO word (text) VALUES (?)", [.text(text)])
        }
        acknowledged.append(text)
      } catch {
        failure = error as? StorageError
      }
    }
    #expect(failure == .full(path: folder.file("store.db")))
    #expect(!database.health.isHealthy)
    #expect(acknowledged.count > 3)
    await #expect {
      try await database.write(until: .never) {
        _ = try $0.execute("INSERT INTO word (text) VALUES ('more')")
      }
    } throws: {
      guard case .unhealthy? = $0 as? StorageError else { return false }
      return true
    }
    #expect(try await texts(of: database) == acknowledged)
    #expect(await database.recover() != .healthy)
    // A larger disk; the trial write has room, so the store comes back.
    pages.limit.withLock { $0 = 10_000 }
    #expect(await database.recover() == .healthy)
    #expect(throws: StorageError.self, "the lock outlives the recovery") {
      try SQLiteConnection.open(folder.file("store.db"), as: .owner)
    }
    try await database.write(until: .never) {
      _ = try $0.execute("INSERT INTO word (text) VALUES ('after')")
    }
    #expect(try await texts(of: database) == acknowledged + ["after"])
    let healths = counter.healths.withLock { $0 }
    #expect(healths.last == .healthy && healths.filter(\.isHealthy).count == 1)
    await database.close()
  }

  /// Goal: an unhealthy store comes back by itself. Method: wait for what it tells its observer.
  @Test(.timeLimit(.minutes(1))) func storeRecoversByItself() async throws {
    let pages = Pages(20)
    let (stream, continuation) = AsyncStream.makeStream(of: StorageHealth.self)
    let database = try SQLiteDatabase(
      path: folder.file("store.db"), migrations: words, readers: 1,
      observer: HealthTeller(continuation: continuation)
    ) { connection throws(StorageError) in
      try pages.configure(connection)
    }
    await #expect(throws: StorageError.full(path: database.path)) {
      try await database.write(until: .never) {
        let text = String(repeating: "x", count: 100_000)
        _ = try $0.execute("INSERT INTO word (text) VALUES (?)", [.text(text)])
      }
    }
    pages.limit.withLock { $0 = 200 }
    for await health in stream where health == .healthy { break }
    try await database.write(until: .never) {
      _ = try $0.execute("INSERT INTO word (text) VALUES ('small')")
    }
    #expect(try await texts(of: database) == ["small"])
    await database.close()
  }

  /// Goal: the same on a real full file system, with many writers in one batch. Method: a tmpfs of 1 MiB,
  /// where this process may mount one.
  @Test(.enabled(if: Mount.isAllowed)) func fullFileSystemLosesNothing() async throws {
    let mount = try Mount(kibibytes: 1024, at: folder.file("small"))
    let path = folder.file("small/store.db")
    let pages = Pages(10_000)
    let database = try SQLiteDatabase(path: path, migrations: words, readers: 2, observer: nil) {
      connection throws(StorageError) in
      try pages.configure(connection)
    }
    // What the readers' end frees is for the next process; this one does not try again.
    pages.limit.withLock { $0 = nil }
    let notes = Notes()
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<200 {
            let text = "\(writer)-\(number) " + String(repeating: "x", count: 2000)
            do {
              try await database.write(until: .never) {
                _ = try $0.execute("INSERT INTO word (text) VALUES (?)", [.text(text)])
              }
              notes.acknowledged.withLock { _ = $0.insert(text) }
            } catch {
              if let error = error as? StorageError { notes.failures.withLock { $0.append(error) } }
              return
            }
          }
        }
      }
    }
    #expect(notes.failures.withLock { $0.count } == 8)
    #expect(!database.health.isHealthy)
    #expect(Set(try await texts(of: database)) == notes.acknowledged.withLock { $0 })
    await database.close()
    // What was acknowledged is there for the next process too, elsewhere with room.
    let copy = folder.file("copy.db")
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
    }
    let after = try SQLiteDatabase(path: copy, migrations: words)
    #expect(Set(try await texts(of: after)).isSuperset(of: notes.acknowledged.withLock { $0 }))
    await after.close()
    mount.end()
  }

  /// Goal: a trial says that the disk is full as long as a batch has no room, and then keeps that room. Method: a
  /// tmpfs that is full but for less than a batch, then for more, then to the last byte.
  @Test(.enabled(if: Mount.isAllowed)) func trialNeedsTheRoomOfABatch() throws {
    let mount = try Mount(kibibytes: 2048, at: folder.file("small"))
    defer { mount.end() }
    let path = folder.file("small/store.db")
    let connection = try SQLiteConnection.open(path, as: .owner)
    defer { connection.close() }
    try connection.migrate(words)
    try connection.tryWriting()
    // The log begins anew with the next write, and has no room left over.
    try connection.execute(script: "PRAGMA wal_checkpoint(TRUNCATE)")
    let ballast = try Ballast(at: folder.file("small/ballast"))
    try ballast.fill()
    #expect(throws: StorageError.full(path: path)) { try connection.tryWriting() }
    try ballast.shrink(by: 128 << 10)
    for _ in 1...3 {
      #expect(throws: StorageError.full(path: path)) { try connection.tryWriting() }
    }
    try ballast.shrink(by: 256 << 10)
    try connection.tryWriting()
    try ballast.fill()
    // The table and its index take it twice.
    let text = String(repeating: "x", count: 100_000)
    _ = try connection.transaction {
      try connection.execute("INSERT INTO word (text) VALUES (?)", [.text(text)])
    }
  }

  /// Goal: pauses double, also where a trial works and the next write fails, and begin anew after a minute.
  @Test func pausesGrowUntilTheStoreIsSteady() {
    var schedule = TrialSchedule(first: .seconds(1), longest: .seconds(8))
    var now: Int64 = 0
    func pause(after health: Int64?) -> Int64 {
      if let health {
        schedule.recovered(at: now)
        #expect(schedule.next == .never)
        now += health * 1_000_000_000
      }
      schedule.failed(at: now)
      defer { now = schedule.next.nanoseconds }
      return (schedule.next.nanoseconds - now) / 1_000_000_000
    }
    let pauses = [nil, nil, 0, 59, 59, 60, nil, 3].map { pause(after: $0) }
    #expect(pauses == [1, 2, 4, 8, 8, 1, 2, 4])
  }

  /// Goal: damage that shows while running stops writes. Method: overwrite pages behind the store's back.
  @Test func damageWhileRunningStopsWrites() async throws {
    let path = folder.file("store.db")
    let database = try SQLiteDatabase(path: path, migrations: words, readers: 1)
    try await database.write(until: .never) { transaction in
      for number in 0..<20_000 {
        try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text("word \(number)")])
      }
    }
    await database.close()
    let again = try SQLiteDatabase(path: path, migrations: words, readers: 1)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    let size = try handle.seekToEnd()
    for offset in stride(from: UInt64(4096 * 5), to: size, by: 4096) {
      try handle.seek(toOffset: offset)
      try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096))
    }
    try handle.close()
    await #expect(throws: StorageError.self) {
      try await again.read(until: .never) {
        try $0.int64("SELECT sum(length(text)) FROM word NOT INDEXED")
      }
    }
    #expect(await again.recover().isHealthy == false)
    await #expect(throws: StorageError.self) {
      try await again.write(until: .never) {
        _ = try $0.execute("INSERT INTO word (text) VALUES ('x')")
      }
    }
    await again.close()
  }

  func texts(of database: SQLiteDatabase) async throws -> [String] {
    try await database.read(until: .never) { transaction in
      try transaction.rows("SELECT text FROM word ORDER BY id") { $0.text(0) }
    }
  }
}

/// Passes on what a store tells of its health.
struct HealthTeller: StorageObserver {
  var continuation: AsyncStream<StorageHealth>.Continuation
  func committed(writes: Int, in span: Duration) {}
  func healthChanged(to health: StorageHealth, path: String) { continuation.yield(health) }
}

/// How large a store may become; without a limit it cannot be opened again.
final class Pages: Sendable {
  let limit: Mutex<Int?>
  init(_ count: Int) { limit = Mutex(count) }

  func configure(_ connection: SQLiteConnection) throws(StorageError) {
    guard let count = limit.withLock({ $0 }) else {
      throw .failed(path: connection.path, reason: "the test keeps it closed")
    }
    try connection.execute(script: "PRAGMA max_page_count = \(count)")
  }
}

/// What the writers of a test were told.
final class Notes: Sendable {
  let acknowledged = Mutex<Set<String>>([])
  let failures = Mutex<[StorageError]>([])
}

/// A file that takes the room of others.
struct Ballast {
  private let handle: FileHandle

  init(at path: String) throws {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    handle = try FileHandle(forUpdating: try #require(URL(string: "file://" + path)))
  }

  func fill() throws {
    try handle.seekToEnd()
    while (try? handle.write(contentsOf: Data(count: 4096))) != nil {}
  }

  func shrink(by bytes: UInt64) throws {
    try handle.truncate(atOffset: try handle.seekToEnd() - bytes)
  }
}

/// A small file system in memory.
struct Mount {
  static let isAllowed: Bool = {
    let folder = "/tmp/onepool-mount-\(getpid())"
    guard let mount = try? Mount(kibibytes: 64, at: folder) else { return false }
    mount.end()
    try? FileManager.default.removeItem(atPath: folder)
    return true
  }()

  struct Failed: Error {}
  let path: String

  init(kibibytes: Int, at path: String) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else { throw Failed() }
  }

  func end() {
    umount(path)
  }
}
