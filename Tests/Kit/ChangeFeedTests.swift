import Kit
import Primitives
import StorageCore
import StorageSQLite
import Synchronization
import Testing

/// Goal: a watcher ends up with what the store holds, whenever it came and however often it was cut off.
@Suite struct ChangeFeedTests {
  private static let table = Migration(
    2, "things",
    "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL, sequence BIGINT NOT NULL);"
  )

  /// Method: random writes, and a watcher that leaves at random and comes back with its last sequence.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func cutOffWatcherMissesNothingAndSeesNothingTwice(seed: UInt64) async throws {
    let store = try FeedStore()
    let writes = 300
    let writer = Task {
      var random = SeededRandom(seed: seed)
      for value in 1...writes {
        try await store.set("k\(Int.random(in: 0..<25, using: &random))", to: Int64(value))
        if Bool.random(using: &random) { await Task.yield() }
      }
    }
    let seen = Mutex<(values: [String: Int64], sequence: Int64, order: [Int64])>(([:], 0, []))
    var random = SeededRandom(seed: seed &+ 100)
    while seen.withLock({ $0.sequence }) < writes {
      let left = Mutex(Int.random(in: 1...40, using: &random))
      do {
        try await store.feed.follow(
          after: seen.withLock { $0.sequence }, pageCount: Int.random(in: 1...9, using: &random)
        ) {
          try await store.page(after: $0, limit: $1)
        } send: { item, sequence in
          seen.withLock { seen in
            if let item {
              seen.values[item.id] = item.value
              seen.order.append(sequence)
            }
            seen.sequence = sequence
          }
          let isOver = left.withLock { left in
            left -= 1
            return left == 0
          }
          if isOver || sequence == writes { throw CutOff() }
        }
      } catch is CutOff {}
    }
    try await writer.value
    let end = seen.withLock { $0 }
    let held = try await store.page(after: 0, limit: 1000).items.map(\.item)
    #expect(
      end.values == Dictionary(uniqueKeysWithValues: held.map { ($0.id, $0.value) }), "seed \(seed)"
    )
    #expect(zip(end.order, end.order.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed)")
  }

  /// Method: a full page does not end the snapshot, a short one does, once.
  @Test func snapshotEndsOnce() async throws {
    let store = try FeedStore()
    for value in 1...6 { try await store.set("k\(value)", to: Int64(value)) }
    let got = Mutex<[String]>([])
    await #expect(throws: CutOff.self) {
      try await store.feed.follow(after: 0, pageCount: 3) {
        try await store.page(after: $0, limit: $1)
      } send: { item, sequence in
        got.withLock { $0.append("\(item?.id ?? "end")@\(sequence)") }
        guard item == nil else { return }
        throw CutOff()
      }
    }
    #expect(got.withLock { $0 } == ["k1@1", "k2@2", "k3@3", "k4@4", "k5@5", "k6@6", "end@6"])
  }

  @Test func sequenceOfTheFutureIsRefused() async throws {
    let store = try FeedStore()
    try await store.set("k", to: 1)
    await #expect(throws: FeedSequenceUnknown(sequence: 2, latest: 1)) {
      try await store.feed.follow(after: 2) {
        try await store.page(after: $0, limit: $1)
      } send: { _, _ in
      }
    }
  }

  @Test func cancelledWatcherEnds() async throws {
    let store = try FeedStore()
    let begun = FeedSignal()
    let watcher = Task {
      try await store.feed.follow(after: 0) {
        try await store.page(after: $0, limit: $1)
      } send: { _, _ in
        begun.raise()
      }
    }
    await begun.wait(past: 0)
    watcher.cancel()
    await #expect(throws: CancellationError.self) { try await watcher.value }
  }

  @Test func signalThatCameBeforeTheWaitCounts() async {
    let signal = FeedSignal()
    signal.raise(to: 5)
    await signal.wait(past: 4)
    signal.raise(to: 3)
    #expect(signal.latest == 5)
  }

  @Test func waitEndsWhenItsSpanIsOver() async {
    let signal = FeedSignal()
    await signal.wait(past: 0, atMost: .milliseconds(1))
    #expect(signal.latest == 0)
  }

  private struct CutOff: Error {}

  private struct Thing: Sendable, Equatable {
    var id: String
    var value: Int64
  }

  /// A store with one kind of row.
  private final class FeedStore: Sendable {
    let feed = ChangeFeed("thing")
    private let folder: KitFolder
    private let database: SQLiteDatabase

    init() throws {
      folder = try KitFolder()
      database = try SQLiteDatabase(
        path: folder.file("feed.db"), migrations: [.feeds(1), ChangeFeedTests.table])
    }

    func set(_ id: String, to value: Int64) async throws {
      let sequence = try await database.write(until: .never) { [feed] transaction in
        let sequence = try transaction.advance(feed.name)
        try transaction.execute(
          """
          INSERT INTO thing (id, value, sequence) VALUES (?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET value = excluded.value, sequence = excluded.sequence
          """,
          [.text(id), .integer(value), .integer(sequence)])
        return sequence
      }
      feed.announce(sequence)
    }

    func page(after sequence: Int64, limit: Int) async throws -> FeedPage<Thing> {
      try await database.read(until: .never) { [feed] transaction in
        let items = try transaction.rows(
          "SELECT id, value, sequence FROM thing WHERE sequence > ? ORDER BY sequence LIMIT ?",
          [.integer(sequence), .int(limit)]
        ) { (sequence: $0.int64(2), item: Thing(id: $0.text(0), value: $0.int64(1))) }
        return FeedPage(items: items, sequence: try transaction.sequence(of: feed.name))
      }
    }
  }
}
