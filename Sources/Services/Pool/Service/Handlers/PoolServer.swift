public import Kit
public import PoolAPI
public import PoolDomain
public import Primitives
internal import Protobuf
internal import RPCCore
public import StorageCore
internal import StorageSQLite
internal import Synchronization

/// The pool's service: checks requests at its edge, hands commands to the writer, and answers reads
/// from what is durable.
public final class PoolServer: PoolServiceHandler {
  let clock: any WallClock
  let view: ReadModel
  let feed: AvailabilityFeed
  let writer: Writer
  /// Reads beside the writer; holds the store's lock as long as the service lives.
  let database: any Database
  private let metrics: PoolMetrics
  let audit: LedgerAudit
  /// Whether an archive is being made.
  let isArchiving = Atomic(false)
  /// The writer's; none where somebody steps the writer by hand.
  private let thread: Worker?

  /// Opens or makes the store at `path`, reads it, and begins to take commands.
  ///
  /// - Parameters:
  ///   - salesInMemory: the number beyond which sales that are on disk leave memory.
  ///   - holdCaps: how much may be set aside.
  /// - Throws: `StorageError` when the store cannot be opened, is in use, or is damaged.
  public convenience init(
    path: String, salesInMemory: Int, holdCaps: HoldCaps = HoldCaps(),
    clock: any WallClock = SystemClock(),
    metrics: Metrics, log: Log, observer: any StorageObserver
  ) throws {
    try self.init(
      path: path, salesInMemory: salesInMemory, holdCaps: holdCaps, clock: clock,
      metrics: metrics, log: log, observer: observer
    ) { (_: PoolStore) throws(StorageError) in }
  }

  init(
    path: String, salesInMemory: Int, holdCaps: HoldCaps = HoldCaps(), clock: any WallClock,
    metrics: Metrics, log: Log, observer: any StorageObserver, configure: @escaping Writer.Configure
  ) throws {
    let queue = JobQueue<any WriterJob>(
      capacity: ServiceLimits.queuedCommands, consumers: 1, weight: \.commandCount)
    let readers = ReaderHealth { queue.wakeUp() }
    // First: a store in use leaves nothing behind, and the start may be tried again.
    do throws(StorageError) {
      database = GuardedDatabase(
        try SQLiteDatabase(path: path, migrations: Schema.migrations, observer: readers), readers)
    } catch {
      throw StorageError(atStart: error)
    }
    let view = ReadModel()
    let feed = AvailabilityFeed()
    let poolMetrics = PoolMetrics(metrics, storage: observer) { queue.count }
    metrics.gauge("onepool_pool_reorders_due", "Reorder points that stock is at or under.") {
      Double(view.dueReorderCount)
    }
    let writer = Writer(
      path: path, queue: queue, readers: readers, clock: clock, view: view, feed: feed,
      metrics: poolMetrics, log: log, salesInMemory: salesInMemory, holdCaps: holdCaps,
      configure: configure)
    try writer.open()
    self.clock = clock
    self.view = view
    self.feed = feed
    self.writer = writer
    self.metrics = poolMetrics
    audit = LedgerAudit(
      view: view, database: database, readers: readers, metrics: poolMetrics, log: log)
    thread = Worker.start { writer.run() }
  }

  /// The same without threads: whoever made the parts steps the writer, and its database reads at once.
  init(stepping writer: Writer, database: any Database) {
    clock = writer.clock
    view = writer.view
    feed = writer.feed
    metrics = writer.metrics
    audit = LedgerAudit(
      view: view, database: database, readers: writer.readers, metrics: metrics, log: writer.log)
    thread = nil
    self.writer = writer
    self.database = GuardedDatabase(database, writer.readers)
  }

  deinit {
    writer.queue.close()
  }

  /// What is wrong with the store, for `/healthz` and `/readyz`.
  public var check: HealthCheck {
    HealthCheck("pool_store") { [writer] in
      writer.health.isHealthy ? nil : "takes no writes; the log says why"
    }
  }

  /// What an operator must know of the machine's clock, for `/healthz`: commands are taken all the same.
  public var clockCheck: HealthCheck {
    HealthCheck("pool_clock", isAdvice: true) { [writer] in
      writer.clockLag.map { "the clock is behind the ledger by \(Int($0.inSeconds)) s" }
    }
  }

  /// Proves the ledger again and again, until it is cancelled or finds that something is wrong; nothing
  /// is written any more then.
  public func auditLedger(every pause: Duration) async throws {
    try await audit.run(every: pause)
  }

  /// Decides what still waits, sweeps, and lets go of the store.
  public func close() async {
    writer.queue.close()
    await thread?.ended()
    await database.close()
  }

  /// Makes the writer look at the clock now: holds whose time is over end.
  func tick() async {
    await withCheckedContinuation { continuation in
      let job = TickJob(continuation)
      if writer.queue.push(job) != .taken { job.answer(nil) }
    }
  }

  /// Hands a command to the writer and waits until it is durable.
  func perform<Response: Message>(
    _ command: Command, for request: some Message, id: String, _ context: ServerContext,
    respond: @escaping @Sendable (Reply, Pool) -> Response
  ) async throws -> Response {
    try await Answer.wait {
      try submit(command, for: request, id: id, context, respond: respond, answer: $0)
    }
  }

  /// Hands a command to the writer, which answers once it is durable.
  ///
  /// - Parameter later: makes the response on the caller's thread where the ledger need not remember it.
  func submit<Response: Message>(
    _ command: Command, for request: some Message, id: String, _ context: ServerContext,
    respond: @escaping @Sendable (Reply, Pool) -> Response,
    later: (@Sendable (Outcome, ReaderNames) -> Response)? = nil,
    answer: Answer<Response>
  ) throws {
    let decision = Decision(
      command, Decision<Response>.Request(id, request), until: context.deadline, respond: respond,
      later: later, for: Decision.Caller(answer: answer, view: view))
    try refuseWhileStopped()
    push(CommandJob(decision))
  }

  /// Hands commands to the writer, which decides each on its own, and waits until all are durable.
  func perform<Response: Message>(
    _ decisions: [Decision<Response>]
  ) async throws -> [Result<Decided<Response>, PoolError>] {
    try refuseWhileStopped()
    defer { view.settle() }
    return try await withUnsafeThrowingContinuation { push(CommandJob(decisions, $0)) }
  }

  private func refuseWhileStopped() throws {
    if let refusal = writer.readers.refusal { throw refusal }
    guard writer.health.isHealthy else { throw PoolError.storeUnavailable }
  }

  private func push(_ job: some WriterJob) {
    switch writer.queue.push(job) {
    case .taken: break
    case .full:
      metrics.refused.increment()
      job.answer(.queueFull)
    case .closed: job.answer(.storeUnavailable)
    }
  }
}
