internal import Primitives
internal import StorageCore

/// A few threads, each with a connection of its own, that read beside the writer.
final class StoreReaders: Sendable {
  let queue: JobQueue<any StoreJob>
  private let path: String
  private let cacheKibibytes: Int
  private let doubt: @Sendable (StorageError) -> Void

  init(
    path: String, count: Int, cacheKibibytes: Int,
    doubt: @escaping @Sendable (StorageError) -> Void
  ) {
    self.path = path
    self.cacheKibibytes = cacheKibibytes
    self.doubt = doubt
    queue = JobQueue(capacity: StorageLimits.queuedReads, consumers: count)
  }

  /// One reader's thread.
  func run() {
    var connection: SQLiteConnection?
    while true {
      guard let job = queue.take(1).first else {
        if queue.isClosed { break }
        queue.wait(for: nil)
        continue
      }
      var failure: StorageError?
      do throws(StorageError) {
        let open: SQLiteConnection
        if let connection { open = connection } else { open = try opened() }
        connection = open
        try perform(job, on: open)
      } catch {
        failure = error
        // A store whose schema cannot be read opens no more.
        if connection == nil, error.isFatal { doubt(error) }
      }
      if let fatal = connection?.fatalError {
        connection?.close()
        connection = nil
        doubt(fatal)
      }
      // Who hears of damage finds that the store takes no writes any more.
      job.answer(failure)
    }
    connection?.close()
  }

  private func opened() throws(StorageError) -> SQLiteConnection {
    let connection = try SQLiteConnection.open(path, as: .reader)
    try connection.setCache(kibibytes: cacheKibibytes)
    connection.handle.watchDeadline()
    return connection
  }

  private func perform(_ job: any StoreJob, on connection: SQLiteConnection) throws(StorageError) {
    connection.handle.deadline = job.deadline
    defer { connection.handle.deadline = .never }
    try connection.beginReading()
    defer { connection.rollback() }
    _ = job.run(SQLiteTransaction(connection))
  }
}
