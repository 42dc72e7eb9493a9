internal import Kit
internal import PoolDomain
internal import Primitives
internal import RPCCore
internal import StorageCore
internal import StorageSQLite
internal import Synchronization

/// The one thread that changes the pool: takes what waits, decides it in order, writes it in one
/// transaction, syncs once, publishes, and then answers everybody.
///
/// When a write fails, nobody of its batch hears that it was done; the state in memory is given up,
/// and no command is taken until what is durable has been read again and a write has worked. When
/// readers meet damage, memory is still what is durable, but nothing is written until the store has
/// been examined.
///
/// `@unchecked Sendable`: the variables are used by the writer's thread alone, from `run` on.
final class Writer: @unchecked Sendable {
  typealias Configure = @Sendable (PoolStore) throws(StorageError) -> Void

  let queue: JobQueue<any WriterJob>
  let clock: any WallClock
  let view: ReadModel
  let feed: AvailabilityFeed
  let metrics: PoolMetrics
  let path: String
  let log: Log
  private let salesInMemory: Int
  private let holdCaps: HoldCaps
  private let configure: Configure
  private let problem = Mutex<String?>(nil)
  let readers: ReaderHealth
  /// The pool's time, in microseconds since 1970.
  private let poolTime = Atomic<Int64>(0)

  private var live: LivePool?
  private var schedule = TrialSchedule(
    first: ServiceLimits.firstRecovery, longest: ServiceLimits.lastRecovery)
  /// The last moment that was told: the pool's time never goes back.
  private var lastCommitTime = Timestamp.zero
  /// How many commands the next batch takes.
  private var batchLimit = ServiceLimits.commandsInBatch.lowerBound
  /// The time whose rules readers see.
  private var shownTime = Timestamp.zero
  private var toldHealth = StorageHealth.healthy
  private var toldLag = false

  init(
    path: String, queue: JobQueue<any WriterJob>, readers: ReaderHealth, clock: any WallClock,
    view: ReadModel,
    feed: AvailabilityFeed, metrics: PoolMetrics, log: Log, salesInMemory: Int,
    holdCaps: HoldCaps, configure: @escaping Configure
  ) {
    self.path = path
    self.queue = queue
    self.readers = readers
    self.clock = clock
    self.view = view
    self.feed = feed
    self.metrics = metrics
    self.log = log
    self.salesInMemory = salesInMemory
    self.holdCaps = holdCaps
    self.configure = configure
  }

  /// Why no commands are taken; nil while they are.
  var health: StorageHealth {
    problem.withLock { $0 }.map { .unhealthy(reason: $0) } ?? readers.current
  }

  /// How far the clock is behind the time of what was decided last, beyond what is nothing unusual; nil when it is not.
  ///
  /// The clock was set back then, or was wrong before. The pool's time stands still until the clock has caught up:
  /// no hold ends, and new ones have to end later than that.
  var clockLag: Duration? {
    let lag = Timestamp(microseconds: poolTime.load(ordering: .relaxed)) - clock.now()
    return lag > ServiceLimits.clockTolerance ? lag : nil
  }

  /// Reads the store for the first time; on the thread that then calls `run`, or before it begins.
  func open() throws {
    adopt(try load())
  }

  private func load() throws -> LivePool {
    try LivePool(
      path: path, salesInMemory: salesInMemory, holdCaps: holdCaps, configure: configure)
  }

  func run() {
    live?.adopt()
    while true {
      let jobs = queue.take(batchLimit)
      if jobs.isEmpty, queue.isClosed, queue.count == 0 { break }
      if jobs.isEmpty { queue.wait(for: idleSpan()) }
      if live == nil, schedule.next.isPast { recover() }
      step(jobs)
    }
    finish()
  }

  /// One round: decides, commits and answers `jobs`. A simulation plays round after round by itself.
  func step(_ jobs: [any WriterJob]) {
    tellHealth()
    perform(jobs)
    tellClock()
  }

  // MARK: A batch

  private func perform(_ jobs: [any WriterJob]) {
    guard let live, readers.current.isHealthy else {
      for job in jobs { job.answer(.storeUnavailable) }
      return
    }
    // Whoever asks for a tick wants to see the sweep, too.
    let isIdle = jobs.allSatisfy { $0 is TickJob }
    live.begin(at: clock.now())
    poolTime.store(live.pool.now.microseconds, ordering: .relaxed)
    for job in jobs { job.prefetch(live) }
    for job in jobs { job.decide(live) }
    let decidedAt = monotonicNanoseconds()
    do throws(StorageError) {
      let committed = try live.commit(isIdle: isIdle)
      publish(committed, live)
      if !isIdle {
        let now = monotonicNanoseconds()
        let count = jobs.reduce(0) { $0 + $1.commandCount }
        batchLimit = ServiceLimits.batchLimit(
          after: count, decidedIn: decidedAt - live.beganAt, committedIn: now - decidedAt)
        metrics.batches.observe(Double(count))
        metrics.storage.committed(
          writes: committed.rowCount, in: .nanoseconds(now - live.beganAt))
      }
    } catch {
      giveUp(because: error)
      for job in jobs { job.answer(.storeUnavailable) }
      return
    }
    answer(jobs)
  }

  /// Gives each thread that waits its own jobs in one go.
  private func answer(_ jobs: [any WriterJob]) {
    var groups: [(home: any HandlerThread, jobs: [any WriterJob])] = []
    for job in jobs {
      guard let home = job.home else {
        job.answer(nil)
        continue
      }
      if let group = groups.firstIndex(where: { $0.home === home }) {
        groups[group].jobs.append(job)
      } else {
        groups.append((home, [job]))
      }
    }
    for (home, jobs) in groups {
      home.enqueue(jobs)
    }
  }

  private func publish(_ committed: LivePool.Committed, _ live: LivePool) {
    let changes = committed.changes
    if live.oversold > 0 { metrics.oversold.increment(by: Double(live.oversold)) }
    let isAhead = shownTime > live.pool.now
    shownTime = live.pool.now
    guard
      committed.rowCount > 0 || changes.hasCatalog || !changes.forgottenHolds.isEmpty
        || !changes.turned.isEmpty || !committed.unloaded.isEmpty || isAhead
    else { return }
    // What left memory is read from the disk, where it is as the batch left it.
    tell(view.publish(changes, unloaded: committed.unloaded, live.pool), live.pool)
    lastCommitTime = max(lastCommitTime, clock.now())
    feed.append(Self.feedChanges(changes, live.pool, at: lastCommitTime))
    if isAhead { showAnew(live) }
  }

  /// The clock was set back since the start: what readers saw by its rules of then may be different for any SKU.
  private func showAnew(_ live: LivePool) {
    view.reset(to: live.pool, live.saleNumbers, hasUnloadedSales: live.hasUnloadedSales)
    feed.append([
      AvailabilityFeed.Change(
        sequence: live.pool.sequence, commitTime: lastCommitTime, sku: nil, isRule: true)
    ])
  }

  /// Says which SKUs have come down to their reorder points; of a batch, not more than can be read.
  private func tell(_ due: [ReorderPoint.Standing], _ pool: Pool) {
    guard !due.isEmpty else { return }
    metrics.reorders.increment(by: Double(due.count))
    for standing in due.prefix(ServiceLimits.toldReorders) {
      let scope = standing.point.scope
      log.info(
        "more is to be ordered",
        [
          "sku": pool.record(of: scope.sku).sku.text,
          "location": scope.location.map { pool.record(of: $0).location.text } ?? "",
          "available": standing.available, "incoming": standing.incoming,
          "point": standing.point.units ?? 0,
        ])
    }
  }

  /// The batch's changes of availability in the order of the ledger.
  static func feedChanges(
    _ changes: Changes, _ pool: Pool, at time: Timestamp
  ) -> [AvailabilityFeed.Change] {
    let created = Set(changes.setSKUs)
    var found = changes.skus.map { sku in
      AvailabilityFeed.Change(
        sequence: pool.sequence(of: sku), commitTime: time, sku: sku,
        // A bundle moves with a component, whose place in the ledger is not its own.
        isRule: pool.bundles.components(of: sku) != nil)
    }
    // What has no place of its own in the ledger comes last, at the ledger's end.
    for index in found.indices where found[index].sku.map(created.contains) ?? false {
      found[index].sequence = pool.sequence
      found[index].isRule = true
    }
    for sku in changes.turned {
      found.append(
        AvailabilityFeed.Change(
          sequence: pool.sequence, commitTime: time, sku: sku, isRule: true))
    }
    for sku in pool.bundlesChanged(by: changes) {
      found.append(
        AvailabilityFeed.Change(
          sequence: pool.sequence, commitTime: time, sku: sku, isRule: true))
    }
    return found.sorted { $0.sequence < $1.sequence }
  }

  /// How long to wait for a command before time or the sweep is next.
  private func idleSpan() -> Duration? {
    guard let live else { return schedule.next.remaining }
    // The readers' store wakes the writer once it is well.
    guard readers.current.isHealthy else { return nil }
    var span: Duration?
    if let moment = live.pool.nextMoment { span = max(.zero, moment - clock.now()) }
    if !live.isSwept {
      span = min(span ?? ServiceLimits.idleSweepDelay, ServiceLimits.idleSweepDelay)
    }
    return span
  }

  // MARK: Failure

  private func giveUp(because error: StorageError) {
    if let damage = live?.damage { readers.found("\(damage); \(BadRow.remedy)") }
    live?.close()
    live = nil
    stop("\(error)")
  }

  private func stop(_ reason: String) {
    problem.withLock { $0 = reason }
    schedule.failed()
    tellHealth()
  }

  private func tellClock() {
    let lag = clockLag
    guard (lag != nil) != toldLag else { return }
    toldLag = lag != nil
    if let lag {
      log.warning("the clock is behind the ledger", ["seconds": lag.inSeconds])
    } else {
      log.info("the clock has caught up with the ledger")
    }
  }

  private func tellHealth() {
    let now = health
    guard now != toldHealth else { return }
    toldHealth = now
    metrics.storage.healthChanged(to: now, path: path)
  }

  /// Reads what is durable, as after a restart, and takes commands again once a write works.
  func recover() {
    var opened: LivePool?
    do {
      let fresh = try load()
      opened = fresh
      try fresh.tryWriting()
      adopt(fresh)
      problem.withLock { $0 = nil }
      schedule.recovered()
      metrics.recoveries.increment()
    } catch {
      opened?.close()
      stop("\(error)")
    }
  }

  private func adopt(_ opened: LivePool) {
    live = opened
    shownTime = clock.now()
    view.reset(
      to: opened.pool, opened.saleNumbers, hasUnloadedSales: opened.hasUnloadedSales,
      at: shownTime)
    feed.reset(at: opened.pool.sequence)
    metrics.sequence.set(Double(opened.pool.sequence))
    poolTime.store(opened.pool.now.microseconds, ordering: .relaxed)
    log.info(
      "the pool is loaded",
      ["sequence": opened.pool.sequence, "skus": opened.pool.skuCount])
    tellClock()
  }

  /// Sweeps what is left, so that the next start has nothing to replay.
  func finish() {
    guard let live else { return }
    do throws(StorageError) {
      while !live.isSwept, readers.current.isHealthy {
        live.begin(at: clock.now())
        _ = try live.commit(isIdle: true)
      }
    } catch {
      // All of it is in the ledger; the next start only has more to read.
      log.warning("the sweep at the end failed", ["reason": "\(error)"])
    }
    live.close()
    self.live = nil
  }
}
