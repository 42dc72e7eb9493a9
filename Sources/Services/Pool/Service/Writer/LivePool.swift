internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The pool with its store, as the writer has them open: it decides, writes the rows of a batch in one
/// transaction, and commits them.
///
/// After a failed commit, memory is ahead of the disk: the whole object is then given up, and a new
/// one loaded. Lives on the writer's thread.
final class LivePool {
  let pool: Pool
  private(set) var hasUnloadedSales: Bool
  private let store: PoolStore
  private let salesInMemory: Int
  private var requests: RequestIndex
  private var run: RequestRun
  private var sweeper: Sweeper
  /// The ledger's last row before the batch at hand.
  private var startRow: Int64
  /// Of the command at hand.
  private var entries: [LedgerEntry] = []
  /// Requests of the batch that are known for ever.
  private var kept: [(requestID: String, row: Int64)] = []
  /// What others want to have done to the store within the batch's commit.
  private var tasks: [StoreTask.Body] = []
  private(set) var oversold: Quantity = 0
  /// The first error of the store in this batch; the batch comes to nothing then. The store is left alone until it is rolled
  /// back: SQLite may have undone the transaction, and whatever is written after that is durable by itself.
  private var failure: StorageError?
  /// What was met in the store that is not what was written.
  var damage: (any StoreDamage)? { store.damage }

  /// - Parameters:
  ///   - salesInMemory: the number beyond which sales that are on disk leave memory.
  ///   - configure: run on the open connection; tests make the store small with it.
  init(
    path: String, salesInMemory: Int, holdCaps: HoldCaps = HoldCaps(),
    configure: (PoolStore) throws(StorageError) -> Void
  ) throws {
    self.salesInMemory = salesInMemory
    do throws(StorageError) {
      store = try PoolStore(path: path)
    } catch {
      throw StorageError(atStart: error)
    }
    do {
      try configure(store)
      let loaded = try store.load(salesInMemory: salesInMemory)
      pool = loaded.pool
      pool.holdCaps = holdCaps
      requests = loaded.requests
      run = loaded.openRun
      hasUnloadedSales = loaded.hasUnloadedSales
      sweeper = Sweeper(loaded, store.saleNumbers, lastRow: store.lastRow)
      startRow = store.lastRow
    } catch {
      store.close()
      throw (error as? StorageError).map { StorageError(atStart: $0) } ?? error
    }
  }

  /// Makes the calling thread the one that uses it.
  func adopt() {
    store.connection.adopt()
  }

  func close() {
    store.close()
  }

  // MARK: A batch

  /// When the batch began, in nanoseconds of the monotonic clock.
  private(set) var beganAt: Int64 = 0

  /// Moves time on; what ends by it stands in front of the batch.
  func begin(at now: Timestamp) {
    beganAt = monotonicNanoseconds()
    startRow = store.lastRow
    kept.removeAll(keepingCapacity: true)
    tasks.removeAll()
    oversold = 0
    // Those of the batch before are durable.
    pool.unloadEndedDocuments()
    pool.advance(to: now)
    record(nil)
  }

  /// The row that has the first response to a request, if it is to be given again.
  func knownRow(
    of key: RequestKey, _ id: RequestID, _ command: Command
  ) throws(PoolError) -> LedgerRow? {
    guard failure == nil else { throw .storeUnavailable }
    do {
      if let known = try recentRow(of: key, id) { return known }
      return command.isRememberedForEver ? try store.keptRow(id.text) : nil
    } catch {
      throw fail(error)
    }
  }

  private func recentRow(of key: RequestKey, _ id: RequestID) throws -> LedgerRow? {
    let rows = requests.rows(of: key)
    if !rows.isEmpty { try store.flushLedger() }
    for number in rows {
      guard let known = try store.row(number) else {
        guard try number <= store.archivedHead().row else {
          throw BadRow(number: number, problem: "is missing")
        }
        continue
      }
      // A row whose request ID is damaged must not pass for another request's with the same bits of a key.
      guard KeyTable.shareSlots(RequestKey(known.requestID).word, key.word) else {
        throw BadRow(number: number, problem: "is damaged: its request ID is another")
      }
      if known.requestID == id.text, known.time + Limits.requestKept > pool.now { return known }
    }
    return nil
  }

  /// Whether an order with this hash may be on disk.
  func isStored(_ order: UInt64?) -> Bool {
    guard hasUnloadedSales, let order else { return false }
    return store.saleNumbers.contains(order)
  }

  /// Begins to fetch what a command looks up, which lies far apart in memory.
  func prefetch(_ lookUps: LookUps) {
    if let hash = lookUps.sale { pool.sales.prefetch(hash) }
    if let hash = lookUps.hold { pool.holds.prefetch(hash) }
    if hasUnloadedSales, let hash = lookUps.storedSale { store.saleNumbers.prefetch(hash) }
  }

  /// Brings into memory what a command needs and memory does not have.
  ///
  /// - Parameter isStored: whether its order may be on disk.
  func prepare(_ command: Command, isStored: Bool) throws(PoolError) {
    guard failure == nil else { throw .storeUnavailable }
    if case .document(let command) = command, pool.documents[command.key] == nil {
      do {
        if let document = try store.document(command.key, pool) { pool.load(document) }
      } catch {
        throw fail(error)
      }
    }
    guard isStored, let order = command.orderID, pool.sales.place(of: order) == nil else { return }
    do {
      if let sale = try store.sale(order, pool) { sweeper.note(loaded: pool.load(sale)) }
    } catch {
      throw fail(error)
    }
  }

  /// Makes rows of what the pool has decided since the last call; the last of them belongs to the
  /// request.
  ///
  /// - Parameter isKept: whether the request is known for ever.
  func record(
    _ request: (id: RequestID, key: RequestKey, hash: [UInt8], response: [UInt8])?,
    isKept: Bool = false
  ) {
    pool.takeEntries(into: &entries)
    guard let request else {
      for place in entries.indices { add(entries[place]) }
      return
    }
    // What changes nothing is remembered all the same: with an entry without movements.
    if entries.isEmpty {
      entries.append(LedgerEntry(firstSequence: pool.sequence + 1, time: pool.now))
    }
    // What other holds of the owner gave up for it stands in front, in the same transaction.
    let own = entries.count - 1
    for place in 0..<own { add(entries[place]) }
    write(entries[own], request.id.text, request.hash, request.response)
    requests.add(request.key, row: store.lastRow, at: pool.now)
    run.add(request.key)
    if isKept { kept.append((request.id.text, store.lastRow)) }
  }

  private func add(_ entry: LedgerEntry) {
    write(entry, "", [], [])
    run.add(nil)
  }

  private func write(
    _ entry: LedgerEntry, _ requestID: String, _ hash: [UInt8], _ response: [UInt8]
  ) {
    guard failure == nil else { return }
    for movement in entry.movements { oversold += movement.oversold }
    do throws(StorageError) {
      try begin()
      try store.append(entry, requestID: requestID, bodyHash: hash, response: response)
    } catch {
      failure = error
    }
  }

  /// Begins the batch's transaction, unless it has one.
  private func begin() throws(StorageError) {
    guard !store.connection.hasTransaction else { return }
    try store.connection.begin()
  }

  func add(_ task: @escaping StoreTask.Body) {
    tasks.append(task)
  }

  private func fail(_ error: any Error) -> PoolError {
    if failure == nil { failure = storageError(error) }
    return .storeUnavailable
  }

  private func storageError(_ error: any Error) -> StorageError {
    if let damage = error as? any StoreDamage { return store.corrupt(damage) }
    return error as? StorageError ?? .failed(path: store.connection.path, reason: "\(error)")
  }

  // MARK: Commit

  /// What a commit did.
  struct Committed {
    var changes: Changes
    /// Places of sales that left memory, since they are on disk and there are too many.
    var unloaded: [Int]
    var rowCount: Int
  }

  var saleNumbers: SaleNumbers { store.saleNumbers }
  var isSwept: Bool { sweeper.isClean }
  var unsweptRecordCount: Int { sweeper.unsweptRecordCount }

  /// Writes the batch and a part of what waits to be swept, and returns once it is durable.
  ///
  /// - Parameter isIdle: nobody waits, so that the sweep may take longer.
  func commit(isIdle: Bool) throws(StorageError) -> Committed {
    let rowCount = Int(store.lastRow - startRow)
    if let failure {
      store.connection.rollback()
      throw failure
    }
    let changes = pool.takeChanges()
    sweeper.note(changes, row: startRow + 1)
    guard rowCount > 0 || changes.hasCatalog || !tasks.isEmpty || (isIdle && !sweeper.isClean)
    else {
      // Commands that changed nothing may have brought sales into memory.
      return Committed(changes: changes, unloaded: unload(), rowCount: 0)
    }
    let connection = store.connection
    try begin()
    do throws(StorageError) {
      try store.flushLedger()
      if changes.hasCatalog {
        try store.write(catalogOf: changes, pool)
        try store.write(documentsOf: changes, pool)
        try store.write(bundlesOf: changes, pool)
        try store.write(reorderPointsOf: changes, pool)
      }
      if !changes.lots.isEmpty { try store.write(lotsOf: changes, pool) }
      for request in kept { try store.keep(requestID: request.requestID, row: request.row) }
      for task in tasks { try task(store) }
      if run.keys.count >= ServiceLimits.requestRunRows {
        try store.write(run, at: pool.now)
        run.restart()
      }
      try sweeper.sweep(pool, to: store, isIdle: isIdle)
      try connection.commit()
    } catch {
      connection.rollback()
      throw error
    }
    return Committed(changes: changes, unloaded: unload(), rowCount: rowCount)
  }

  /// Takes sales out of memory that are on disk, beyond those that there is room for.
  private func unload() -> [Int] {
    let unloaded = sweeper.unloadable(pool, keeping: salesInMemory)
    pool.unload(salesAt: unloaded)
    if !unloaded.isEmpty { hasUnloadedSales = true }
    return unloaded
  }

  /// Writes what changes nothing, to see whether the store takes a batch.
  func tryWriting() throws(StorageError) {
    try store.connection.tryWriting()
  }
}
