public import Primitives
public import StorageCore

/// Tells a peer what a store has decided: surely, in order for each key, and once in effect.
///
/// The message is written in the transaction of the decision (`transaction.queue`), and deleted when the
/// peer has answered. A crash or a lost answer between the two makes it go out again, with the same
/// bytes, so the request must carry a request ID that the peer knows repeats by.
///
/// Nothing is ever given up: what the peer refuses is tried again at a slow pace, and reported each time; unless its
/// owner takes the decision back (`TakeBack`).
public final class Outbox: Sendable {
  public typealias Deliver = @Sendable (OutboxMessage, Deadline) async -> OutboxOutcome
  public typealias Observe = @Sendable (OutboxMessage, OutboxOutcome) -> Void
  /// Undoes what a message tells of, since the peer's refusal of that kind is its last word. The message is deleted in
  /// the same transaction. Returns what is to be done once it is durable, or nil to have the message tried again.
  public typealias TakeBack =
    @Sendable (OutboxMessage, OutboxOutcome, any Transaction) throws -> (@Sendable () -> Void)?

  private let database: any Database
  private let clock: any WallClock
  private let deliver: Deliver
  private let backoff: Backoff
  private let observe: Observe
  private let takeBack: TakeBack
  private let signal = FeedSignal()
  private let lanes = OutboxLanes()

  /// - Parameters:
  ///   - backoff: the pauses between tries that did not reach the peer.
  ///   - deliver: makes the call; it must end by the deadline that it gets.
  ///   - observe: hears of each try, for log and metrics.
  ///   - takeBack: asked of each refusal.
  public init(
    database: any Database, clock: any WallClock = SystemClock(),
    backoff: Backoff = Backoff(first: OutboxLimits.firstRetry, longest: OutboxLimits.lastRetry),
    observe: @escaping Observe = { _, _ in },
    takeBack: @escaping TakeBack = { _, _, _ in nil }, deliver: @escaping Deliver
  ) {
    self.database = database
    self.clock = clock
    self.backoff = backoff
    self.observe = observe
    self.takeBack = takeBack
    self.deliver = deliver
  }

  /// Tells the worker that something was queued.
  public func wake() {
    signal.raise()
  }

  /// Delivers what waits under `keys` now, whatever its next try was set to.
  ///
  /// - Returns: `.delivered` when nothing waits under them any more, or the first thing that went wrong.
  public func deliver(_ keys: [String], until deadline: Deadline) async -> OutboxOutcome {
    await withTaskGroup(of: OutboxOutcome.self) { group in
      var worst = OutboxOutcome.delivered
      for (index, key) in keys.enumerated() {
        if index >= OutboxLimits.lanes, let outcome = await group.next(), worst.isDelivered {
          worst = outcome
        }
        group.addTask { await self.deliver(key, until: deadline) }
      }
      for await outcome in group where worst.isDelivered { worst = outcome }
      return worst
    }
  }

  /// Delivers what is due, until the task is cancelled.
  public func run() async {
    while !Task.isCancelled {
      let seen = signal.latest
      do {
        // A store that cannot tick off would have the same message sent again and again.
        guard database.health.isHealthy else {
          try await Task.sleep(for: OutboxLimits.storePause)
          continue
        }
        let due = try await dueKeys()
        if due.isEmpty {
          await signal.wait(past: seen, atMost: try await untilNext())
        } else {
          _ = await deliver(due, until: .never)
        }
      } catch {
        // The store reports its own state; here it only matters not to ask it without a pause.
        try? await Task.sleep(for: OutboxLimits.storePause)
      }
    }
  }

  /// Messages that wait, and those of them that the peer refused at their last try.
  public func counts() async throws -> (waiting: Int64, refused: Int64) {
    try await database.read(until: .after(OutboxLimits.attempt)) { transaction in
      let waiting = try transaction.int64("SELECT COUNT(*) FROM outbox") ?? 0
      let refused = try transaction.int64("SELECT COUNT(*) FROM outbox WHERE refused = 1") ?? 0
      return (waiting, refused)
    }
  }

  private func deliver(_ key: String, until deadline: Deadline) async -> OutboxOutcome {
    guard await lanes.enter(key) else { return .failed("cancelled") }
    defer { lanes.leave(key) }
    do {
      while let message = try await head(key, until: deadline) {
        let outcome = await deliver(message, min(deadline, .after(OutboxLimits.attempt)))
        observe(message, outcome)
        try await settle(message, outcome)
        guard outcome.isDelivered else { return outcome }
      }
      return .delivered
    } catch {
      // What was told but not ticked off goes out again: the peer knows it by its request ID.
      return .failed("the store did not answer")
    }
  }

  private func head(_ key: String, until deadline: Deadline) async throws -> OutboxMessage? {
    try await database.read(until: deadline) { transaction in
      try transaction.first(
        """
        SELECT id, key, kind, body, create_time, attempt_count FROM outbox
        WHERE key = ? ORDER BY id LIMIT 1
        """,
        [.text(key)]
      ) {
        OutboxMessage(
          id: $0.int64(0), key: $0.text(1), kind: $0.text(2), body: $0.bytes(3),
          createTime: $0.time(4), attemptCount: $0.int(5))
      }
    }
  }

  /// Ticks a message off, or sets when its key is tried again.
  private func settle(_ message: OutboxMessage, _ outcome: OutboxOutcome) async throws {
    let now = clock.now()
    // Not the caller's deadline: an answer that came must be kept.
    let next: (@Sendable () -> Void)? = try await database.write(
      until: .after(OutboxLimits.attempt)
    ) { [backoff, takeBack] transaction in
      switch outcome {
      case .delivered:
        try transaction.execute("DELETE FROM outbox WHERE id = ?", [.integer(message.id)])
      case .failed(let reason), .refused(let reason):
        let refused = outcome == .refused(reason)
        if refused, let next = try takeBack(message, outcome, transaction) {
          try transaction.execute("DELETE FROM outbox WHERE id = ?", [.integer(message.id)])
          return next
        }
        try transaction.execute(
          """
          UPDATE outbox SET attempt_count = attempt_count + 1, refused = ?, last_error = ?
          WHERE id = ?
          """,
          [
            .bool(refused), .text(String(reason.prefix(OutboxLimits.errorCharacters))),
            .integer(message.id),
          ])
        let pause =
          refused
          ? OutboxLimits.refusedRetry : backoff.pause(attempt: message.attemptCount + 1)
        try transaction.execute(
          "UPDATE outbox SET next_time = ? WHERE key = ?", [.time(now + pause), .text(message.key)])
      }
      return nil
    }
    next?()
  }

  private func dueKeys() async throws -> [String] {
    let now = clock.now()
    return try await database.read(until: .after(OutboxLimits.attempt)) { transaction in
      try transaction.rows(
        """
        SELECT key FROM outbox WHERE next_time <= ?
        GROUP BY key ORDER BY MIN(next_time), MIN(id) LIMIT ?
        """,
        [.time(now), .int(OutboxLimits.keysTaken)]
      ) { $0.text(0) }
    }
  }

  private func untilNext() async throws -> Duration {
    let next = try await database.read(until: .after(OutboxLimits.attempt)) { transaction in
      try transaction.int64("SELECT MIN(next_time) FROM outbox")
    }
    guard let next else { return OutboxLimits.idle }
    return min(OutboxLimits.idle, Timestamp(microseconds: next) - clock.now())
  }
}

extension Transaction {
  /// Queues a message in the transaction of what it tells.
  public func queue(key: String, kind: String, body: [UInt8], now: Timestamp) throws {
    let id = try advance("outbox")
    try execute(
      """
      INSERT INTO outbox
        (id, key, kind, body, create_time, next_time, attempt_count, refused, last_error)
      VALUES (?, ?, ?, ?, ?, ?, 0, 0, '')
      """,
      [.integer(id), .text(key), .text(kind), .blob(body), .time(now), .time(now)])
  }
}

extension Migration {
  /// The table behind `Outbox`; needs `Migration.feeds`.
  public static func outbox(_ number: Int) -> Migration {
    Migration(
      number, "outbox",
      """
      CREATE TABLE outbox (
        id BIGINT NOT NULL PRIMARY KEY,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        body BLOB NOT NULL,
        create_time BIGINT NOT NULL,
        next_time BIGINT NOT NULL,
        attempt_count BIGINT NOT NULL,
        refused BIGINT NOT NULL,
        last_error TEXT NOT NULL
      );
      CREATE INDEX outbox_by_key ON outbox (key, id);
      CREATE INDEX outbox_by_next_time ON outbox (next_time, key);
      """)
  }
}
