import Foundation
import Primitives
import StorageCore
import StorageSQLite
import Synchronization
import Testing

@testable import Kit

/// A service that is started over a store in use, in this process.
@Suite(.timeLimit(.minutes(1))) struct StandbyServiceTests {
  let folder: KitFolder
  let path: String

  init() throws {
    folder = try KitFolder()
    path = folder.file("test.db")
  }

  private static let known = [
    Migration(1, "word", "CREATE TABLE word (text TEXT NOT NULL);"),
    Migration(2, "loud", "ALTER TABLE word ADD COLUMN loud INTEGER;"),
    Migration(3, "kind", "ALTER TABLE word ADD COLUMN kind INTEGER;"),
  ]

  /// How often a service was tried to be built.
  private final class Tries: Sendable {
    private let count = Atomic(0)
    func add() { count.add(1, ordering: .relaxed) }

    /// From the second on, the service stands by.
    func waitForStandby() async {
      while count.load(ordering: .relaxed) < 2 { await Task.yield() }
    }
  }

  private func settings(standby: String) throws -> Settings {
    try Settings(
      program: "onepool-test", about: "a test", version: "1",
      declared: CommonSettings.all(listen: "127.0.0.1:0"),
      environment: [
        "ONEPOOL_DATA": folder.path, "ONEPOOL_LOG_LEVEL": "error", "ONEPOOL_LOOPS": "1",
        "ONEPOOL_STANDBY": standby,
      ], arguments: [])
  }

  private func start(
    knowing count: Int, standby: String = "true", tries: Tries,
    unless isStopping: @Sendable () -> Bool = { false }
  ) async throws -> RunningService {
    try await RunningService(
      name: "test", settings: settings(standby: standby), unless: isStopping
    ) { context in
      tries.add()
      let store = try SQLiteDatabase(
        path: context.storePath, migrations: Array(Self.known.prefix(count)))
      return ServiceParts(databases: [store])
    }
  }

  /// Goal: a service that is not told to wait does not, so that a second start by mistake is told.
  @Test func withoutTheSettingAStoreInUseIsAnError() async throws {
    let holder = try SQLiteDatabase(path: path, migrations: Self.known)
    await #expect(throws: StorageError.inUse(path: path, owner: "process \(getpid())")) {
      try await start(knowing: 3, standby: "false", tries: Tries())
    }
    await holder.close()
  }

  /// Goal: in an update one after another, the newer program waits for the older one and brings its store up to date.
  @Test func newerProgramMigratesWhenItTakesOver() async throws {
    let holder = try SQLiteDatabase(path: path, migrations: Array(Self.known.prefix(2)))
    let tries = Tries()
    async let starting = start(knowing: 3, tries: tries)
    await tries.waitForStandby()
    // The older one works on until it ends.
    try await holder.write(until: .never) {
      _ = try $0.execute("INSERT INTO word (text, loud) VALUES ('kept', 1)")
    }
    await holder.close()
    let service = try await starting
    await service.drain(because: SIGTERM)
    let next = try SQLiteDatabase(path: path, migrations: Self.known)
    let kept = try await next.read(until: .never) {
      try $0.exists("SELECT 1 FROM word WHERE text = 'kept' AND kind IS NULL")
    }
    #expect(kept)
    await next.close()
  }

  /// Goal: a program that is too old for what it finds says so, and leaves the store as it is and free.
  @Test func olderProgramRefusesANewerStore() async throws {
    let holder = try SQLiteDatabase(path: path, migrations: Self.known)
    let tries = Tries()
    async let starting = start(knowing: 2, tries: tries)
    await tries.waitForStandby()
    await holder.close()
    do {
      _ = try await starting
      Issue.record("it took a store that it does not know")
    } catch {
      #expect(error as? StorageError == .newer(path: path, number: 3, known: 2))
    }
    let next = try SQLiteDatabase(path: path, migrations: Self.known)
    await next.close()
  }

  @Test func standbyEndsWhenItIsTold() async throws {
    let holder = try SQLiteDatabase(path: path, migrations: Self.known)
    let tries = Tries()
    await #expect(throws: Standby.Ended.self) {
      try await start(knowing: 3, tries: tries) { true }
    }
    #expect(holder.health == .healthy)
    await holder.close()
  }

  @Test func phasesAreToldInWords() {
    let table: [(phase: Readiness.Phase, now: Int64, text: String?)] = [
      (.starting, 0, "starting"), (.serving, 0, nil), (.draining, 0, "draining"),
      (
        .standingBy(behind: "process 7", asOf: 5), 500_000_000,
        "standing by: the store is in use by process 7"
      ),
      (
        .standingBy(behind: "", asOf: 5), 5, "standing by: the store is in use by another process"
      ),
      (
        .standingBy(behind: "process 7", asOf: 5), 2_000_000_000,
        "taking the store over from process 7"
      ),
    ]
    for (phase, now, text) in table { #expect(phase.obstacle(now: now) == text) }
  }
}
