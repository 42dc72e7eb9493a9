import Kit
import Primitives
import StorageCore
import Synchronization

/// A store whose disk can be full.
final class FillableDatabase: Database {
  private let store: any Database
  private let full = Mutex(false)
  private let held = Mutex((isHeld: false, count: 0))
  private let released = FeedSignal()

  init(_ store: any Database) {
    self.store = store
  }

  func be(full isFull: Bool) { full.withLock { $0 = isFull } }

  /// Writes wait from now on, until they are let go.
  func hold() { held.withLock { $0.isHeld = true } }

  func letGo() {
    held.withLock { $0.isHeld = false }
    released.raise()
  }

  /// Writes that wait.
  var heldCount: Int { held.withLock { $0.count } }

  private func waitWhileHeld() async {
    held.withLock { $0.count += 1 }
    while held.withLock({ $0.isHeld }), !Task.isCancelled {
      let seen = released.latest
      guard held.withLock({ $0.isHeld }) else { break }
      await released.wait(past: seen)
    }
    held.withLock { $0.count -= 1 }
  }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    await waitWhileHeld()
    if full.withLock({ $0 }) { throw StorageError.full(path: "gateway.db") }
    return try await store.write(until: deadline, body)
  }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try await store.read(until: deadline, body)
  }

  var health: StorageHealth {
    full.withLock { $0 } ? .unhealthy(reason: "full") : store.health
  }

  func recover() async -> StorageHealth { health }

  func close() async { await store.close() }
}

/// Counts how many callers' writes went into one commit.
final class CommitCounter: StorageObserver {
  private let most = Mutex(0)

  var mostWrites: Int { most.withLock { $0 } }

  func committed(writes: Int, in span: Duration) { most.withLock { $0 = max($0, writes) } }

  func healthChanged(to health: StorageHealth, path: String) {}
}
