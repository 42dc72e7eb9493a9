import Kit
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Synchronization
import Testing

/// Goal: what a store has decided reaches the peer, in order for each key, and once in effect.
@Suite struct OutboxTests {
  private static let migrations: [Migration] = [.feeds(1), .outbox(2)]
  private static let soon = Backoff(
    first: .milliseconds(1), longest: .milliseconds(2), shortest: .milliseconds(1))

  /// Method: a peer that fails, or acts and loses its answer, at random; it knows repeats by the message's ID.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func everythingArrivesInOrderAndOnce(seed: UInt64) async throws {
    let folder = try KitFolder()
    let database = try SQLiteDatabase(
      path: folder.file("outbox.db"), migrations: Self.migrations)
    let peer = Peer(seed: seed)
    let outbox = Outbox(database: database, backoff: Self.soon) { message, _ in
      peer.take(message)
    }
    let worker = Task { await outbox.run() }
    for index in 0..<60 {
      try await database.write(until: .never) { transaction in
        try transaction.queue(
          key: "key-\(index % 7)", kind: "Tell", body: Array("\(index)".utf8),
          now: SystemClock().now())
      }
      outbox.wake()
    }
    while peer.effects.latest < 60 { await peer.effects.wait(past: peer.effects.latest) }
    while try await outbox.counts().waiting > 0 { await Task.yield() }
    worker.cancel()
    await worker.value
    for (key, bodies) in peer.told {
      #expect(bodies == bodies.sorted(), "\(key), seed \(seed)")
    }
    #expect(peer.told.values.reduce(0) { $0 + $1.count } == 60, "seed \(seed)")
  }

  /// Method: the worker and a call go for the same key at once.
  @Test func oneLaneForEachKey() async throws {
    let folder = try KitFolder()
    let database = try SQLiteDatabase(
      path: folder.file("outbox.db"), migrations: Self.migrations)
    let calls = Mutex(0)
    let running = Mutex(0)
    let outbox = Outbox(database: database) { _, _ in
      let before = running.withLock { running in
        running += 1
        return running
      }
      #expect(before == 1)
      for _ in 0..<20 { await Task.yield() }
      running.withLock { $0 -= 1 }
      calls.withLock { $0 += 1 }
      return .delivered
    }
    for _ in 0..<5 { try await Self.queue("key", in: database) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<10 {
        group.addTask {
          let outcome = await outbox.deliver(["key"], until: .after(.seconds(10)))
          #expect(outcome == .delivered)
        }
      }
    }
    #expect(calls.withLock { $0 } == 5)
  }

  /// Method: the clock stands still, so only a call or a later time may try again.
  @Test func whatWasNotDeliveredWaitsForItsTime() async throws {
    let folder = try KitFolder()
    let clock = ManualClock()
    let path = folder.file("outbox.db")
    var database = try SQLiteDatabase(path: path, migrations: Self.migrations)
    let answer = Mutex(OutboxOutcome.failed("down"))
    let heard = Mutex<[OutboxOutcome]>([])
    func outbox() -> Outbox {
      Outbox(database: database, clock: clock) { _, outcome in
        heard.withLock { $0.append(outcome) }
      } deliver: { _, _ in
        answer.withLock { $0 }
      }
    }
    try await Self.queue("key", in: database, now: clock.now())
    #expect(await outbox().deliver(["key"], until: .after(.seconds(5))) == .failed("down"))
    #expect(try await outbox().counts() == (1, 0))
    answer.withLock { $0 = .refused("no such order") }
    #expect(
      await outbox().deliver(["key"], until: .after(.seconds(5))) == .refused("no such order"))
    #expect(try await outbox().counts() == (1, 1))
    await database.close()
    // After a restart the worker takes it up when it is due.
    database = try SQLiteDatabase(path: path, migrations: Self.migrations)
    answer.withLock { $0 = .delivered }
    clock.advance(by: OutboxLimits.refusedRetry)
    let restarted = outbox()
    let worker = Task { await restarted.run() }
    while try await restarted.counts().waiting > 0 { await Task.yield() }
    worker.cancel()
    await worker.value
    #expect(heard.withLock { $0 } == [.failed("down"), .refused("no such order"), .delivered])
  }

  /// Goal: a refusal that its owner takes as the last word is forgotten in the transaction that undoes the decision; any
  /// other is tried again, and what was not a refusal is never asked about. Method: the counter of the feeds is what it undoes.
  @Test func refusalThatIsTakenBackIsForgotten() async throws {
    let folder = try KitFolder()
    let database = try SQLiteDatabase(
      path: folder.file("outbox.db"), migrations: Self.migrations)
    let answer = Mutex(OutboxOutcome.failed("final"))
    let durable = FeedSignal()
    let outbox = Outbox(
      database: database,
      takeBack: { _, outcome, transaction in
        guard outcome == .refused("final") else { return nil }
        let count = try transaction.advance("undone")
        return { durable.raise(to: count) }
      },
      deliver: { _, _ in answer.withLock { $0 } })
    try await Self.queue("key", in: database)
    for outcome in [OutboxOutcome.failed("final"), .refused("not now")] {
      answer.withLock { $0 = outcome }
      #expect(await outbox.deliver(["key"], until: .after(.seconds(5))) == outcome)
      #expect(try await outbox.counts().waiting == 1 && durable.latest == 0)
    }
    answer.withLock { $0 = .refused("final") }
    #expect(await outbox.deliver(["key"], until: .after(.seconds(5))) == .refused("final"))
    #expect(try await outbox.counts().waiting == 0 && durable.latest == 1)
    #expect(await outbox.deliver(["key"], until: .after(.seconds(5))) == .delivered)
  }

  @Test func cancelledCallLeavesTheMessage() async throws {
    let folder = try KitFolder()
    let database = try SQLiteDatabase(
      path: folder.file("outbox.db"), migrations: Self.migrations)
    let outbox = Outbox(database: database) { _, _ in .delivered }
    try await Self.queue("key", in: database)
    let call = Task {
      while !Task.isCancelled { await Task.yield() }
      return await outbox.deliver(["key"], until: .after(.seconds(5)))
    }
    call.cancel()
    #expect(await !call.value.isDelivered)
    #expect(await outbox.deliver(["key"], until: .after(.seconds(5))) == .delivered)
  }

  @Test func errorsThatTimeMayHealAreNotRefusals() {
    for code in RPCCode.allCases where code != .ok {
      let outcome = OutboxOutcome(RPCError(code, "REASON", "text"))
      switch code {
      case .unavailable, .deadlineExceeded, .cancelled, .resourceExhausted, .aborted, .unknown,
        .internalError:
        #expect(outcome == .failed("\(code.name)/REASON: text"))
      default:
        #expect(outcome == .refused("\(code.name)/REASON: text"))
      }
    }
  }

  @Test func requestIDFollowsFromTheRequest() {
    let id = OutboxRequestID.derived("Ship", [1, 2])
    #expect(id == OutboxRequestID.derived("Ship", [1, 2]))
    #expect(id != OutboxRequestID.derived("Cancel", [1, 2]))
    #expect(id != OutboxRequestID.derived("Ship", [1, 3]))
    #expect(id.utf8.count == 40)
  }

  private static func queue(
    _ key: String, in database: SQLiteDatabase, now: Timestamp = SystemClock().now()
  ) async throws {
    try await database.write(until: .never) { transaction in
      try transaction.queue(key: key, kind: "Tell", body: [1], now: now)
    }
  }

  /// Acts on each message once, whatever it answers.
  private final class Peer: Sendable {
    let effects = FeedSignal()
    private struct State {
      var random: SeededRandom
      var known: Set<Int64> = []
      var told: [String: [Int64]] = [:]
    }
    private let state: Mutex<State>
    var told: [String: [Int64]] { state.withLock { $0.told } }

    init(seed: UInt64) {
      state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    func take(_ message: OutboxMessage) -> OutboxOutcome {
      let (isNew, outcome) = state.withLock { state -> (Bool, OutboxOutcome) in
        let chance = Int.random(in: 0..<10, using: &state.random)
        if chance < 3 { return (false, .failed("not reached")) }
        let isNew = state.known.insert(message.id).inserted
        if isNew { state.told[message.key, default: []].append(message.id) }
        return (isNew, chance < 6 ? .failed("answer lost") : .delivered)
      }
      if isNew { effects.raise() }
      return outcome
    }
  }
}
