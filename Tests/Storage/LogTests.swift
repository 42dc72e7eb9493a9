import Foundation
import StorageCore
import Testing

@testable import StorageSQLite

/// A log that a killed process has left: its torn end is nobody's loss, damage in front of what was on disk is.
@Suite struct LogTests {
  private static let frameBytes = LogScan.frameHeaderBytes + Int(StorageLimits.pageBytes)

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The files of a store as a kill leaves them.
  private struct Killed {
    var store: Data
    var log: Data

    /// The frames that end a transaction, from 0.
    var commits: [Int] {
      (0..<frameCount).filter { number in
        let start = LogScan.headerBytes + number * frameBytes
        return log[start + 4..<start + 8].contains { $0 != 0 }
      }
    }
    var frameCount: Int { (log.count - LogScan.headerBytes) / frameBytes }
  }

  /// - Parameter change: what is done before the commits that count.
  private func killed(
    commits: Int, _ change: (SQLiteConnection) throws -> Void = { _ in }
  ) throws -> Killed {
    let path = folder.file("store.db")
    let connection = try SQLiteConnection.open(path, as: .owner)
    defer { connection.close() }
    try connection.migrate(words)
    try change(connection)
    try connection.execute(script: "PRAGMA wal_checkpoint(PASSIVE)")
    for number in 0..<commits {
      try connection.transaction {
        for part in 0..<3 {
          let text = "\(number)-\(part) " + String(repeating: "x", count: 2_000)
          try connection.execute("INSERT INTO word (text) VALUES (?)", [.text(text)])
        }
      }
    }
    return Killed(
      store: try Data(contentsOf: URL(fileURLWithPath: path)),
      log: try Data(contentsOf: URL(fileURLWithPath: path + "-wal")))
  }

  /// The commits that a start finds.
  private func start(_ killed: Killed, isSynced: Bool = true) throws -> Int64 {
    let path = folder.file("copy.db")
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: path + suffix)
    }
    try killed.store.write(to: URL(fileURLWithPath: path))
    try killed.log.write(to: URL(fileURLWithPath: path + "-wal"))
    let (connection, lock) = try SQLiteConnection.openOwned(path, isSynced: isSynced)
    defer {
      connection.close()
      lock.release()
    }
    return (try connection.int64("SELECT count(*) FROM word") ?? 0) / 3
  }

  /// Goal: a bit that turned over anywhere before the last transaction is told; in the last, which may never have been
  /// acknowledged, it is its end.
  @Test(.timeLimit(.minutes(2))) func damageBeforeTheLastCommitIsTold() throws {
    let killed = try killed(commits: 6)
    #expect(try start(killed) == 6)
    let commits = killed.commits
    #expect(commits.count == 6 && commits[5] - commits[4] > 1)
    for number in 0..<killed.frameCount {
      var damaged = killed
      let place = LogScan.headerBytes + number * Self.frameBytes + 24 + number * 37 % 4_096
      damaged.log[place] ^= 1 << UInt8(number % 8)
      guard number <= commits[4] else {
        #expect(try start(damaged) == 5)
        continue
      }
      let error = #expect(throws: StorageError.self) { _ = try start(damaged) }
      #expect(error?.description.contains("frame \(number + 1) of its log") ?? false, "\(number)")
      #expect(try start(damaged, isSynced: false) < 5)
    }
  }

  /// Goal: wherever the last transaction was torn, and whatever of it came to disk, the store opens.
  @Test(.timeLimit(.minutes(2))) func tornEndIsNoDamage() throws {
    let killed = try killed(commits: 4)
    let commits = killed.commits
    for number in commits[2] + 1...commits[3] {
      let start = LogScan.headerBytes + number * Self.frameBytes
      for count in [0, 10, 24, 2_000] {
        var torn = killed
        torn.log.removeSubrange((start + count)...)
        #expect(try self.start(torn) == 3)
        torn = killed
        torn.log.replaceSubrange(start..<start + 512, with: Data(count: 512))
        #expect(try self.start(torn) == 3)
      }
    }
  }

  /// Goal: what lies behind the log's end of an older one, or of a transaction that was undone, is no damage. Method: a
  /// trial, which is undone after it came to the log; then a log that begins anew over a longer one; with torn ends.
  @Test(.timeLimit(.minutes(2)), arguments: [false, true]) func whatIsLeftBehindIsNoDamage(
    isNew: Bool
  ) throws {
    let killed = try killed(commits: 3) { connection in
      for number in 0..<50 {
        let text = "\(number)" + String(repeating: "y", count: 9_000)
        try connection.execute("INSERT INTO word (text) VALUES (?)", [.text(text)])
      }
      try connection.execute("DELETE FROM word")
      if isNew { try connection.execute(script: "PRAGMA wal_checkpoint(PASSIVE)") }
      try connection.tryWriting()
    }
    #expect(killed.frameCount > 60)
    #expect(try start(killed) == 3)
    for number in 0..<killed.frameCount {
      var torn = killed
      torn.log.removeSubrange((LogScan.headerBytes + number * Self.frameBytes)...)
      #expect(try start(torn) <= 3)
    }
  }
}
