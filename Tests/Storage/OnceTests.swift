import Primitives
import StorageCore
import StorageSQLite
import Testing

@Suite struct OnceTests {
  let folder: TemporaryFolder
  let database: SQLiteDatabase
  let start = Timestamp(seconds: 1_767_600_000)

  init() throws {
    folder = try TemporaryFolder()
    database = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
  }

  /// Adds a word under a request ID; answers with the number of words.
  func add(
    _ word: String, id: String, method: String = "Add", hash: [UInt8] = [1], now: Timestamp? = nil
  ) async throws -> [UInt8] {
    let now = now ?? start
    return try await database.write(until: .never) { transaction in
      try transaction.once(requestID: id, method: method, bodyHash: hash, now: now) {
        try transaction.execute("INSERT INTO word (text) VALUES (?)", [.text(word)])
        return [UInt8(try transaction.int64("SELECT count(*) FROM word") ?? 0)]
      }
    }
  }

  @Test func repeatGetsTheFirstAnswer() async throws {
    #expect(try await add("a", id: "r1") == [1])
    #expect(try await add("b", id: "r2") == [2])
    #expect(try await add("a", id: "r1") == [1])
    await database.close()
    let again = try SQLiteDatabase(path: folder.file("store.db"), migrations: words)
    let answer = try await again.write(until: .never) { transaction in
      try transaction.once(requestID: "r1", method: "Add", bodyHash: [1], now: start) { [9] }
    }
    #expect(answer == [1])
    await again.close()
  }

  @Test func otherBodyOrMethodIsRefused() async throws {
    _ = try await add("a", id: "r1")
    await #expect(throws: StorageError.requestIDReused("r1")) {
      try await add("b", id: "r1", hash: [2])
    }
    await #expect(throws: StorageError.requestIDReused("r1")) {
      try await add("b", id: "r1", method: "Remove")
    }
  }

  @Test func emptyIDIsDoneEachTime() async throws {
    #expect(try await add("a", id: "") == [1])
    #expect(try await add("b", id: "") == [2])
  }

  /// Goal: a request that failed may be tried again with the same ID.
  @Test func failureRecordsNothing() async throws {
    _ = try await add("a", id: "r1")
    await #expect(throws: StorageError.self) { try await add("a", id: "r2") }
    #expect(try await add("b", id: "r2", hash: [7]) == [2])
  }

  /// Goal: after its time an ID is free again, and old records are tidied in bounded steps.
  @Test func answersAreForgottenInSteps() async throws {
    for number in 0..<50 { _ = try await add("w\(number)", id: "r\(number)") }
    let later = start + StorageLimits.requestsKept
    #expect(try await add("again", id: "r0", hash: [9], now: later) == [51])
    let left = try await database.read(until: .never) {
      try $0.int64("SELECT count(*) FROM request")
    }
    // 50, of which 49 are expired: r0 was answered anew.
    #expect(left == Int64(50 - StorageLimits.requestsPrunedAtOnce))
  }

  /// Goal: twenty callers with one ID at once change one thing.
  @Test func sameIDAtOnceIsDoneOnce() async throws {
    let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<20 { group.addTask { try await add("a", id: "r1") } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers == [[UInt8]](repeating: [1], count: 20))
  }
}
