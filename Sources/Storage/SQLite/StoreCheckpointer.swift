internal import Primitives
internal import StorageCore

/// Copies the log into the store beside the writer, on a thread of its own: a commit that had to do
/// it would wait for two syncs of the whole store, which takes tens of milliseconds now and then.
///
/// The writer still does it when the log has grown far beyond that
/// (`StorageLimits.pagesInLog`): only the writer finds the log at rest and can begin it anew.
///
/// - Note: Source: sqlite.org/wal.html, "avoiding excessively large WAL files".
final class StoreCheckpointer: Sendable {
  private enum Job: Sendable { case checkpoint }

  /// One that waits stands for all.
  private let queue = JobQueue<Job>(capacity: 1, consumers: 1)
  private let path: String
  private let configure: SQLiteDatabase.Configure?

  init(path: String, configure: SQLiteDatabase.Configure?) {
    self.path = path
    self.configure = configure
  }

  /// Says that the log has grown.
  func wake() { _ = queue.push(.checkpoint) }

  func close() { queue.close() }

  func run() {
    var connection: SQLiteConnection?
    while true {
      guard !queue.take(1).isEmpty else {
        if queue.isClosed { break }
        queue.wait(for: nil)
        continue
      }
      do throws(StorageError) {
        let open: SQLiteConnection
        if let connection { open = connection } else { open = try opened() }
        connection = open
        try open.checkpoint()
      } catch {
        // Nothing is lost: what is in the log stays there until the next time, and a store that
        // cannot be written fails the writer as well, who says so.
        connection?.close()
        connection = nil
      }
    }
    connection?.close()
  }

  private func opened() throws(StorageError) -> SQLiteConnection {
    let connection = try SQLiteConnection.open(path, as: .writer)
    do throws(StorageError) {
      try configure?(connection)
    } catch {
      connection.close()
      throw error
    }
    return connection
  }
}
