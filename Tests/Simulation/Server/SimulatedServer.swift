import Kit
import PoolAPI
import PoolDomain
import Primitives
import RPCCore
import StorageCore
import StorageSQLite

@testable import PoolService

/// One life of the pool's process: the service as it is, without threads.
final class SimulatedServer {
  /// What the machine gives it.
  struct Machine {
    var disk: SimulatedDisk
    var clock: ManualClock
    /// Pages of the log after which it is copied into the store.
    var checkpointPages = 100
    var salesInMemory = 100_000
    var holdCaps = HoldCaps()
  }

  let pool: PoolServer
  private let database: StepDatabase
  private var writer: Writer { pool.writer }

  /// - Throws: `StorageError` when the store cannot be opened or read.
  init(on machine: Machine) throws {
    let queue = JobQueue<any WriterJob>(capacity: ServiceLimits.queuedCommands, consumers: 1)
    let pages = machine.checkpointPages
    database = try StepDatabase(path: machine.disk.uri, migrations: Schema.migrations)
    let writer = Writer(
      path: machine.disk.uri, queue: queue, readers: ReaderHealth {}, clock: machine.clock,
      view: ReadModel(), feed: AvailabilityFeed(),
      metrics: PoolMetrics(Metrics(), storage: SilentObserver()) { 0 }, log: .silent,
      salesInMemory: machine.salesInMemory, holdCaps: machine.holdCaps
    ) { (store: PoolStore) throws(StorageError) in
      try store.connection.execute(script: "PRAGMA wal_autocheckpoint = \(pages)")
    }
    do {
      try writer.open()
    } catch {
      database.closeNow()
      throw error
    }
    pool = PoolServer(stepping: writer, database: database)
  }

  var isHealthy: Bool { writer.health.isHealthy }
  var waitingCount: Int { writer.queue.count }

  /// What readers see.
  func state() -> ReadModel.State { pool.view.read { $0 } }
  func records() -> RecordView.Records { pool.view.readRecords { records, _ in records } }

  /// The versions of all holds.
  func etags() -> [String: String] {
    Dictionary(uniqueKeysWithValues: records().holds.values.map { ($0.id.text, $0.etag) })
  }

  /// Decides, commits and answers up to `limit` commands of those that wait.
  func step(_ limit: Int) { writer.step(writer.queue.take(limit)) }

  /// Reads the store again after it failed, as the writer does by and by.
  func recover() { writer.recover() }

  /// How many commands the ledger has on disk.
  func rowCount() throws -> Int64 {
    try database.readNow { try $0.int64("SELECT max(row_number) FROM ledger") ?? 0 }
  }

  /// The end: in good order, or of what a crash has left in memory. Whoever still waits hears that it failed.
  func end() {
    writer.queue.close()
    for job in writer.queue.take(ServiceLimits.queuedCommands) { job.answer(.storeUnavailable) }
    writer.finish()
    database.closeNow()
  }
}

private struct SilentObserver: StorageObserver {
  func committed(writes: Int, in span: Duration) {}
  func healthChanged(to health: StorageHealth, path: String) {}
}
