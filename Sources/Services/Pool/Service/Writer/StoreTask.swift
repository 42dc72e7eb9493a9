internal import Dispatch
internal import PoolDomain
internal import StorageCore
internal import StorageSQLite
internal import Synchronization

/// Something that the writer does to the store within its next commit, for a thread that waits for it.
///
/// `@unchecked Sendable`: the waiting thread makes it, and the writer's thread alone uses `body` from
/// then on.
final class StoreTask: WriterJob, @unchecked Sendable {
  typealias Body = (PoolStore) throws(StorageError) -> Void

  private let body: Body
  private let isDone = DispatchSemaphore(value: 0)
  private let failure = Mutex<PoolError?>(nil)

  private init(_ body: @escaping Body) {
    self.body = body
  }

  /// Returns once what `body` has written is durable.
  static func run(on queue: JobQueue<any WriterJob>, _ body: @escaping Body) throws(PoolError) {
    let task = StoreTask(body)
    switch queue.push(task) {
    case .taken: task.isDone.wait()
    case .full: throw .queueFull
    case .closed: throw .storeUnavailable
    }
    if let failure = task.failure.withLock({ $0 }) { throw failure }
  }

  func decide(_ live: LivePool) {
    live.add(body)
  }

  func answer(_ failure: PoolError?) {
    self.failure.withLock { $0 = failure }
    isDone.signal()
  }
}
