internal import Kit
internal import PoolDomain
internal import Primitives
internal import Protobuf
internal import RPCCore

/// What a caller waits for. The writer decides it, and answers when what it decided is durable.
protocol WriterJob: HandlerWork {
  /// How many commands it is.
  var commandCount: Int { get }
  /// Where its caller's handler runs, and it is answered; nil when the writer answers it.
  var home: (any HandlerThread)? { get }
  /// Begins to fetch what `decide` looks up. The writer does it for all jobs of a batch before it decides the first.
  func prefetch(_ live: LivePool)
  func decide(_ live: LivePool)
  /// - Parameter failure: why the batch came to nothing; nil when it is durable.
  func answer(_ failure: PoolError?)
}

extension WriterJob {
  var commandCount: Int { 1 }
  var home: (any HandlerThread)? { nil }
  func prefetch(_ live: LivePool) {}
  /// At home, once it is durable.
  func run() { answer(nil) }
}

/// The hashes by which a command finds what it is about; worked out by the caller's thread.
struct LookUps: Sendable {
  /// In the pool's table of sales.
  var sale: Int?
  /// In the pool's table of holds.
  var hold: Int?
  /// Among the sales on disk.
  var storedSale: UInt64?

  init(_ command: Command) {
    if let order = command.orderID {
      sale = order.hash
      storedSale = SaleKey.hash(of: order)
    }
    hold = command.holdID?.hash
  }
}

/// What a command came to, with what stood when it was decided.
struct Outcome: Sendable {
  let reply: Reply
  let sequence: Int64
  let now: Timestamp
  let placements: [PoolDomain.Placement]

  init(_ reply: Reply, _ pool: Pool) {
    self.reply = reply
    sequence = pool.sequence
    now = pool.now
    placements = pool.placements
  }
}

/// What the writer hands back: a response, or what its caller makes one of.
enum Decided<Response: Message>: Sendable {
  case response(Response)
  case outcome(Outcome)
}

/// One command, and how its caller hears of it; an object, since a copy would count itself in at all that is in it.
///
/// `@unchecked Sendable`: `result` is the writer's until it hands the job over, then the thread's that answers it.
final class Decision<Response: Message>: @unchecked Sendable {
  /// A request ID with the hash of the whole request.
  struct Request: Sendable {
    var id: RequestID
    var key: RequestKey
    var bodyHash: [UInt8]

    /// Nil for a request that names no ID.
    init?(_ id: String, _ message: some Message) {
      guard !id.isEmpty else { return nil }
      // The method is part of what was asked: the same fields of another method are another request.
      let name = Array(type(of: message).descriptor.fullName.utf8)
      let hash = SHA256.hash([name, message.serialized()])
      self.id = RequestID(trusted: id)
      key = RequestKey(id)
      bodyHash = Array(hash.prefix(16))
    }
  }

  struct Caller: Sendable {
    let answer: Answer<Response>
    /// What its response is made with.
    let view: ReadModel
  }

  let command: Command
  let lookUps: LookUps
  let request: Request?
  let deadline: Deadline
  /// Who is answered when this is a job of its own.
  private let caller: Caller?
  private var result: Result<Decided<Response>, PoolError>?
  private let respond: @Sendable (Reply, Pool) -> Response
  /// The same on the caller's thread, for what the ledger need not remember; nil when only the pool knows enough.
  private let respondLater: (@Sendable (Outcome, ReaderNames) -> Response)?

  init(
    _ command: Command, _ request: Request?, until deadline: Deadline,
    respond: @escaping @Sendable (Reply, Pool) -> Response,
    later respondLater: (@Sendable (Outcome, ReaderNames) -> Response)? = nil,
    for caller: Caller? = nil
  ) {
    self.command = command
    self.caller = caller
    lookUps = LookUps(command)
    self.request = request
    self.deadline = deadline
    self.respond = respond
    self.respondLater = respondLater
  }

  func decide(_ live: LivePool) { result = decided(live) }

  func answer(_ failure: PoolError?) {
    guard let caller else { preconditionFailure("it is a job of its own") }
    // Taken out and not copied: a copy counts itself in at all that is in it.
    guard failure == nil, let result = result.take() else {
      return caller.answer(.failure(failure ?? .storeUnavailable))
    }
    switch result {
    case .success(let decided): caller.answer(.success(response(decided, caller.view)))
    case .failure(let error): caller.answer(.failure(error))
    }
    caller.view.settle()
  }

  func decided(_ live: LivePool) -> Result<Decided<Response>, PoolError> {
    do throws(PoolError) {
      guard !deadline.isPast(at: live.beganAt) else { throw .deadlinePassed }
      if let request, let known = try live.knownRow(of: request.key, request.id, command) {
        return .success(.response(try replay(known, request)))
      }
      try live.prepare(command, isStored: live.isStored(lookUps.storedSale))
      let reply = try live.pool.apply(command)
      if request == nil, respondLater != nil {
        live.record(nil)
        return .success(.outcome(Outcome(reply, live.pool)))
      }
      let response = respond(reply, live.pool)
      live.record(
        request.map { ($0.id, $0.key, $0.bodyHash, response.serialized()) },
        isKept: command.isRememberedForEver)
      return .success(.response(response))
    } catch {
      return .failure(error)
    }
  }

  /// The response, once what was decided is published.
  func response(_ answer: consuming Decided<Response>, _ view: ReadModel) -> Response {
    switch consume answer {
    case .response(let response): return response
    case .outcome(let outcome):
      guard let respondLater else { preconditionFailure("the writer makes the response") }
      return respondLater(outcome, view.read { ReaderNames($0) })
    }
  }

  private func replay(_ row: LedgerRow, _ request: Request) throws(PoolError) -> Response {
    guard row.bodyHash == request.bodyHash else { throw .requestIDReused(request.id) }
    do {
      return try Response(serialized: row.response)
    } catch {
      // Our own bytes, sealed by the row's checksum: only another program's version can be the
      // reason.
      throw .storeUnavailable
    }
  }
}

/// Commands of one caller that are decided each on its own, and committed together; mostly it is one.
///
/// The closures are made where the response's type is known, so that nothing about it is looked up on
/// the writer's thread.
///
/// `@unchecked Sendable`: the handler makes it and hands it over with the queue's lock to the writer, which hands it
/// back with the lock of its home.
final class CommandJob: WriterJob, @unchecked Sendable {
  /// What one closure leaves to the other.
  private final class Shared<Value> {
    var value: Value

    init(_ value: Value) {
      self.value = value
    }
  }

  let commandCount: Int
  let home = HandlerThreads.current
  /// Of a single command; many fetch theirs themselves.
  private let lookUps: LookUps?
  private let decideAll: (LivePool) -> Void
  private let answerAll: (PoolError?) -> Void

  /// Each closure holds the decision and nothing else, so that it is no object of its own.
  init<Response: Message>(_ decision: Decision<Response>) {
    commandCount = 1
    lookUps = decision.lookUps
    decideAll = { decision.decide($0) }
    answerAll = { decision.answer($0) }
  }

  /// - Parameter continuation: resumed once, since the writer answers each job of a batch, and who could not queue the
  ///   job answers it himself.
  init<Response: Message>(
    _ decisions: [Decision<Response>],
    _ continuation: UnsafeContinuation<[Result<Decided<Response>, PoolError>], any Error>
  ) {
    commandCount = decisions.count
    lookUps = nil
    let waiting = Shared(decisions)
    let shared = Shared<[Result<Decided<Response>, PoolError>]>([])
    decideAll = { live in
      // The caller, who waits, has them as well, and so frees them on its own thread.
      let decisions = waiting.value
      waiting.value = []
      shared.value.reserveCapacity(decisions.count)
      decisions.withUnsafeBufferPointer { decisions in
        for number in decisions.indices {
          // A little ahead of its use, so that it is still in the processor's cache then.
          let ahead = number + ServiceLimits.lookedAhead
          if ahead < decisions.count { live.prefetch(decisions[ahead].lookUps) }
          shared.value.append(decisions[number].decided(live))
        }
      }
    }
    answerAll = { failure in
      if let failure {
        continuation.resume(throwing: failure)
      } else {
        continuation.resume(returning: shared.value)
      }
    }
  }

  func prefetch(_ live: LivePool) {
    if let lookUps { live.prefetch(lookUps) }
  }

  func decide(_ live: LivePool) { decideAll(live) }

  func answer(_ failure: PoolError?) { answerAll(failure) }
}

/// Makes the writer look at the clock and sweep: for whoever does not want to wait for its own
/// schedule.
final class TickJob: WriterJob {
  private let continuation: CheckedContinuation<Void, Never>

  init(_ continuation: CheckedContinuation<Void, Never>) {
    self.continuation = continuation
  }

  func decide(_ live: LivePool) {}

  func answer(_ failure: PoolError?) {
    continuation.resume()
  }
}
