public import Primitives
public import StorageCore

/// A store in one SQLite file, with group commit, that this process owns.
public final class SQLiteDatabase: Database {
  /// Set on each writing connection after it is opened; tests make a store small with it.
  package typealias Configure = @Sendable (SQLiteConnection) throws(StorageError) -> Void

  public let path: String
  private let state: HealthState
  private let writer: StoreWriter
  private let readers: StoreReaders
  private let writerThread: Worker
  private let readerThreads: [Worker]

  /// Opens or makes the store, and brings its schema up to date.
  ///
  /// - Parameters:
  ///   - path: of the file; its folder is made where there is none.
  ///   - migrations: all of them, numbered from 1.
  ///   - readers: threads that read; 1 to 64.
  ///   - durability: what a commit survives; anything but `full` is for stand-ins of foreign systems.
  ///   - cacheKibibytes: pages that each connection keeps in memory.
  public convenience init(
    path: String, migrations: [Migration], readers: Int = 2, durability: Durability = .full,
    cacheKibibytes: Int = StorageLimits.cacheKibibytes, observer: (any StorageObserver)? = nil
  ) throws(StorageError) {
    let configure: Configure = { connection throws(StorageError) in
      try connection.setCache(kibibytes: cacheKibibytes)
      if durability == .process { try connection.execute(script: "PRAGMA synchronous = OFF") }
    }
    try self.init(
      path: path, migrations: migrations, readers: readers, durability: durability,
      cacheKibibytes: cacheKibibytes, observer: observer, configure: configure)
  }

  /// What a commit survives.
  public enum Durability: Sendable {
    /// A power cut: each commit is synced.
    case full
    /// The end of the process, however it comes, but not that of the machine: nothing is synced.
    case process
  }

  package init(
    path: String, migrations: [Migration], readers readerCount: Int,
    durability: Durability = .full, cacheKibibytes: Int = StorageLimits.cacheKibibytes,
    observer: (any StorageObserver)?, configure: Configure?
  ) throws(StorageError) {
    precondition((1...64).contains(readerCount), "1 to 64 readers")
    let (connection, lock) = try SQLiteConnection.openOwned(
      path, isSynced: durability == .full)
    do throws(StorageError) {
      try connection.migrate(migrations)
      try configure?(connection)
    } catch {
      connection.close()
      throw error
    }
    let state = HealthState(path: path, observer: observer)
    let writer = StoreWriter(
      path: path, migrations: migrations, lock: lock, connection: connection,
      configure: configure, health: state, observer: observer)
    let readers = StoreReaders(path: path, count: readerCount, cacheKibibytes: cacheKibibytes) {
      writer.doubt($0)
    }
    self.path = path
    self.state = state
    self.writer = writer
    self.readers = readers
    writerThread = Worker.start { writer.run() }
    readerThreads = (0..<readerCount).map { _ in Worker.start { readers.run() } }
  }

  deinit {
    // The threads end by themselves; whoever wants to know when awaits `close`.
    readers.queue.close()
    writer.queue.close()
  }

  public var health: StorageHealth { state.current }

  /// Writes that wait for the writer.
  public var waitingWriteCount: Int { writer.queue.count }

  public func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    if case .unhealthy(let reason) = state.current {
      throw StorageError.unhealthy(path: path, reason: reason)
    }
    return try await withCheckedThrowingContinuation { continuation in
      let job = TypedStoreJob(deadline: deadline, continuation: continuation) { transaction in
        if deadline.isPast { throw StorageError.deadlinePassed }
        return try body(transaction)
      }
      answer(job, ifRefused: writer.queue.push(.write(job)))
    }
  }

  public func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let job = TypedStoreJob(deadline: deadline, continuation: continuation) { transaction in
        if deadline.isPast { throw StorageError.deadlinePassed }
        return try body(transaction)
      }
      switch readers.queue.push(job) {
      case .taken: break
      case .full: job.answer(.queueFull)
      case .closed: job.answer(.closed)
      }
    }
  }

  @discardableResult
  public func recover() async -> StorageHealth {
    await withCheckedContinuation { continuation in
      switch writer.queue.push(.recover(continuation)) {
      case .taken: break
      case .full, .closed: continuation.resume(returning: state.current)
      }
    }
  }

  public func close() async {
    readers.queue.close()
    for thread in readerThreads { await thread.ended() }
    writer.queue.close()
    await writerThread.ended()
  }

  private func answer(_ job: any StoreJob, ifRefused entry: JobQueue<StoreWriter.Job>.Entry) {
    switch entry {
    case .taken: break
    case .full: job.answer(.queueFull)
    case .closed: job.answer(.closed)
    }
  }
}
