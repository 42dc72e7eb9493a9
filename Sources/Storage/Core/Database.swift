public import Primitives

/// A durable store that one service owns.
public protocol Database: Sendable {
  /// Runs `body` in a transaction and returns once what it wrote is on disk.
  ///
  /// Writes of many callers share a commit; each is isolated: when `body` throws, what it wrote is
  /// undone, its error is rethrown, and the others go on. `body` runs on the writer's thread: it
  /// must not wait for anything.
  ///
  /// - Throws: what `body` throws; `StorageError.deadlinePassed` when it was not begun by `deadline`;
  ///   `.queueFull`, `.unhealthy`, `.closed`; `.full` and `.failed` when the commit failed: the write
  ///   then did not happen as far as anybody was told, and a repeat with the same request ID is safe.
  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T

  /// Runs `body` over one moment's committed state, beside the writer.
  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T

  /// Whether writes are taken, and why not.
  var health: StorageHealth { get }

  /// Tries at once to come back from `unhealthy`, without waiting for the schedule.
  @discardableResult
  func recover() async -> StorageHealth

  /// Finishes what is queued, then lets go of the files; later calls get `StorageError.closed`.
  func close() async
}

/// Whether a store takes writes.
public enum StorageHealth: Hashable, Sendable {
  case healthy
  /// Writes are refused with this reason until a trial write succeeds again.
  case unhealthy(reason: String)

  public var isHealthy: Bool { self == .healthy }
}

/// Told what a store does: for metrics and the log. Called on the store's threads; must not wait.
public protocol StorageObserver: Sendable {
  /// A commit with `writes` callers' changes took `span` from BEGIN to durable.
  func committed(writes: Int, in span: Duration)
  /// The store stopped or resumed taking writes.
  func healthChanged(to health: StorageHealth, path: String)
}
