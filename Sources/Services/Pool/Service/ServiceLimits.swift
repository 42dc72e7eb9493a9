internal import Primitives

/// Bounds of the running service; those of the requests are in `Limits`.
enum ServiceLimits {
  /// Commands that may wait for the writer before more are refused with QUEUE_FULL.
  static let queuedCommands = 16_384
  /// Commands from which on a commit takes no more calls; see `batchLimit`.
  static let commandsInBatch = 320...2_048
  /// How many commands of a request the writer begins to fetch before it decides the first of them.
  static let lookedAhead = 16
  /// Holds that an explanation looks at while the writer may have to wait for it.
  static let holdsAtOnce = 1_000
  /// When a refused caller may try again.
  static let retryAfter = Duration.milliseconds(200)
  /// When a caller may try again whose write the store could not take.
  static let storeRetryAfter = Duration.seconds(1)
  /// Balances, in the order of their places, of which one commit writes those that changed.
  static let sweptBalances = 256
  /// Changed holds and changed sales that one commit writes.
  static let sweptRecords = 64
  /// Changed records of a kind from which on a commit writes more: twice as many as its batch added.
  static let unsweptRecords = 4_096
  /// Sales whose keys are written as one run, and the runs that one commit writes at most.
  static let saleRun = 4_096
  static let saleRunsInCommit = 16
  /// The same when nothing else waits.
  static let idleSweptBalances = 4_096
  static let idleSweptRecords = 1_024
  /// How long nothing must have come before the sweep goes on by itself.
  static let idleSweepDelay = Duration.milliseconds(200)
  /// Rows of the ledger that a sweep leaves to a restart before it notes how far it has come.
  static let rowsBetweenMarks: Int64 = 4_096
  /// Rows between two places of the ledger whose whole hash is kept for the next mark.
  static let rowsBetweenHeads: Int64 = 1_024
  /// Rows whose request keys are written as one run.
  static let requestRunRows = 4_096
  /// Parts into which the request IDs of a day are divided, to be forgotten part by part.
  static let requestGenerations = 4
  /// How far the clock may be behind the ledger's last entry before it is told, and a caller's ahead of it before an
  /// instant is refused as one of the future.
  static let clockTolerance = Duration.seconds(5)
  /// The first and the longest pause before a store that failed is tried again.
  static let firstRecovery = Duration.milliseconds(250)
  static let lastRecovery = Duration.seconds(15)
  /// Changes that are kept for watchers that resume.
  static let keptChanges = 65_536
  /// Changes that a watcher takes up at once: of these it makes one message a SKU.
  static let watchedAtOnce = 1_024
  /// SKUs that a watcher may name.
  static let watchedSKUs = 1_000
  /// How often a watcher whose SKUs stand still hears how far the stream has come.
  static let progressInterval = Duration.seconds(1)
  /// Rows of the ledger that one page of a list looks at.
  static let examinedRows = 50_000
  /// Rows of the ledger that a trial of a promotion plays at most.
  static let trialRows = 200_000
  /// Rows of the ledger that a proof reads in one transaction: some 1.5 ms of work, so that calls on a busy machine
  /// hardly wait for it.
  static let provedRows = 500
  /// Sales and holds that a proof keeps at once, of those that it has to look at one by one.
  static let provedRecords = 200_000
  /// Holds from which on a proof drops those that were forgotten.
  static let tidiedHolds = 65_536
  /// The pause of a proof that waits for memory to show what is durable.
  static let proofPause = Duration.milliseconds(10)
  /// The pause of the audit in the background after each of them.
  static let auditPace = Duration.milliseconds(50)
  /// Balances that one audit adds up; of more, it takes a share.
  static let auditedBalances = 250_000
  /// Movements of the ledger after which a balance is kept once more before it is overwritten.
  static let historyMovements: Int64 = 65_536
  /// Rows of the ledger that are read to know what a balance was.
  static let pastRows: Int64 = 1_000_000
  /// Rows and balances that a commit moves for an archive.
  static let archivedAtOnce = 500
  /// Archives that are named beside a list.
  static let listedArchives = 1_000
  /// Rows of an older store that get their seals at once.
  static let sealedAtOnce = 10_000
  /// Movements in one message of an export.
  static let exportedMovements = 500
  /// Documents of one page of a list, and the lines of all of them, beyond which it ends.
  static let listedDocuments = 200
  static let listedDocumentLines = 5_000
  /// Lines of all promotions of one page of a list, beyond which it ends.
  static let listedPromotionLines = 5_000
  /// Reorder points that one page of a list looks at.
  static let examinedReorderPoints = 5_000
  /// Reorder points of one batch that the log names.
  static let toldReorders = 20
  /// SKUs that a list of balances looks at in one transaction.
  static let examinedSKUs = 1_000

  /// How many commands the next batch takes: as many as are decided while two commits are written.
  ///
  /// Of less, too much of the time would be the disk's. With more, those who make the answers of the last batch and read
  /// the calls of the next one would have nothing to do for a part of the time.
  ///
  /// - Parameters:
  ///   - count: commands of the last batch.
  ///   - decided: nanoseconds that they took.
  ///   - committed: nanoseconds until they were durable and shown to readers.
  static func batchLimit(
    after count: Int, decidedIn decided: Int64, committedIn committed: Int64
  ) -> Int {
    let wanted = Double(count) * 2 * Double(committed) / Double(max(decided, 1))
    let bounds = commandsInBatch
    return Int(min(max(wanted, Double(bounds.lowerBound)), Double(bounds.upperBound)))
  }
}
