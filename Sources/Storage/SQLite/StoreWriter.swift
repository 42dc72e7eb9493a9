internal import Primitives
internal import StorageCore
internal import Synchronization

/// The one thread that writes: takes what waits, runs it in one transaction, then answers everybody.
///
/// `@unchecked Sendable`: what is not a `let` of a Sendable type is used by the writer's thread alone,
/// from `run` on; `connection` is handed over by `adopt`.
final class StoreWriter: @unchecked Sendable {
  enum Job: Sendable {
    case write(any StoreJob)
    case recover(CheckedContinuation<StorageHealth, Never>)
  }

  let queue = JobQueue<Job>(capacity: StorageLimits.queuedWrites, consumers: 1)
  let health: HealthState
  private let path: String
  private let migrations: [Migration]
  private let observer: (any StorageObserver)?
  private let lock: StoreLock
  private let configure: SQLiteDatabase.Configure?
  private var connection: SQLiteConnection?
  /// Whether damage was ever met: only a check of the whole store makes it well then.
  private let isSuspect = Atomic(false)
  private var schedule = TrialSchedule(
    first: StorageLimits.firstRecovery, longest: StorageLimits.lastRecovery)

  init(
    path: String, migrations: [Migration], lock: StoreLock, connection: SQLiteConnection,
    configure: SQLiteDatabase.Configure?, health: HealthState, observer: (any StorageObserver)?
  ) {
    self.path = path
    self.migrations = migrations
    self.lock = lock
    self.connection = connection
    self.configure = configure
    self.health = health
    self.observer = observer
  }

  func run() {
    connection?.adopt()
    while true {
      let jobs = queue.take(StorageLimits.writesInBatch)
      if jobs.isEmpty {
        if queue.isClosed, queue.count == 0 { break }
        queue.wait(for: health.current.isHealthy ? nil : schedule.next.remaining)
      } else {
        perform(jobs)
      }
      if !health.current.isHealthy {
        if schedule.next == .never { schedule.failed() }
        if schedule.next.isPast { tryAgain() }
      }
    }
    connection?.close()
    connection = nil
    lock.release()
  }

  /// Called by a reader that met an error of the store itself.
  func doubt(_ error: StorageError) {
    suspect(error)
    health.set(.unhealthy(reason: "\(error)"))
    queue.wakeUp()
  }

  private func suspect(_ error: StorageError) {
    if case .corrupt = error { isSuspect.store(true, ordering: .relaxed) }
  }

  private func perform(_ jobs: [Job]) {
    var writes: [any StoreJob] = []
    var waiters: [CheckedContinuation<StorageHealth, Never>] = []
    for job in jobs {
      switch job {
      case .write(let write): writes.append(write)
      case .recover(let waiter): waiters.append(waiter)
      }
    }
    if !writes.isEmpty {
      let failure = commit(writes)
      for write in writes { write.answer(failure) }
    }
    guard !waiters.isEmpty else { return }
    if !health.current.isHealthy { tryAgain() }
    for waiter in waiters { waiter.resume(returning: health.current) }
  }

  /// Runs and commits a batch; the error that failed all of it, or nil.
  private func commit(_ jobs: [any StoreJob]) -> StorageError? {
    if case .unhealthy(let reason) = health.current {
      return .unhealthy(path: path, reason: reason)
    }
    guard let connection else { return .closed }
    let began = monotonicNanoseconds()
    do throws(StorageError) {
      try connection.begin()
      let transaction = SQLiteTransaction(connection)
      for job in jobs { try run(job, in: transaction, on: connection) }
      try connection.commit()
    } catch {
      connection.rollback()
      if let fatal = connection.fatalError {
        stop(because: fatal)
        return fatal
      }
      return error
    }
    observer?.committed(
      writes: jobs.count, in: .nanoseconds(monotonicNanoseconds() - began))
    return nil
  }

  /// Runs one caller's closure under a savepoint of its own.
  ///
  /// - Throws: what ends the whole batch: an error after which SQLite's state is in doubt.
  private func run(
    _ job: any StoreJob, in transaction: SQLiteTransaction, on connection: SQLiteConnection
  ) throws(StorageError) {
    try connection.statement("SAVEPOINT job").run()
    // A deadline that is past is told to the caller as an error of the closure's own.
    let succeeded = job.run(transaction)
    if let fatal = connection.fatalError { throw fatal }
    guard connection.isInTransaction else {
      throw .failed(path: path, reason: "a statement ended the transaction of the batch")
    }
    if !succeeded { try connection.statement("ROLLBACK TO job").run() }
    try connection.statement("RELEASE job").run()
  }

  private func stop(because error: StorageError) {
    suspect(error)
    health.set(.unhealthy(reason: "\(error)"))
    schedule.failed()
  }

  /// Opens the store anew, as after a restart, and writes; healthy when that works.
  private func tryAgain() {
    connection?.close()
    connection = nil
    do throws(StorageError) {
      let opened = try SQLiteConnection.open(path, as: .writer)
      connection = opened
      try configure?(opened)
      try opened.takeOver(isSuspect: isSuspect.load(ordering: .relaxed))
      try opened.migrate(migrations)
      try opened.tryWriting()
      schedule.recovered()
      health.set(.healthy)
    } catch {
      stop(because: error)
    }
  }
}
