internal import Kit
internal import PoolDomain
internal import Primitives
internal import Protobuf

/// What a caller waits for. The writer decides it, and answers when what it decided is durable.
protocol WriterJob: AnyObject, Sendable {
  /// How many commands it is.
  var commandCount: Int { get }
  func decide(_ live: LivePool)
  /// - Parameter failure: why the batch came to nothing; nil when it is durable.
  func answer(_ failure: PoolError?)
}

extension WriterJob {
  var commandCount: Int { 1 }
}

/// One command, and what its caller is to hear.
struct Decision<Response: Message> {
  /// A request ID with the hash of the whole request.
  struct Request {
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

  let command: Command
  let request: Request?
  let deadline: Deadline
  let respond: @Sendable (Reply, Pool) -> Response
  private(set) var result: Result<Response, PoolError> = .failure(.storeUnavailable)

  init(
    _ command: Command, _ request: Request?, until deadline: Deadline,
    respond: @escaping @Sendable (Reply, Pool) -> Response
  ) {
    self.command = command
    self.request = request
    self.deadline = deadline
    self.respond = respond
  }

  mutating func decide(_ live: LivePool) {
    do throws(PoolError) {
      guard !deadline.isPast else { throw .deadlinePassed }
      if let request, let known = try live.knownRow(of: request.key, request.id, command) {
        result = .success(try replay(known, request))
        return
      }
      try live.prepare(command)
      let reply = try live.pool.apply(command)
      let response = respond(reply, live.pool)
      result = .success(response)
      live.record(
        request.map { ($0.id, $0.key, $0.bodyHash, response.serialized()) },
        isKept: command.isRememberedForEver)
    } catch {
      result = .failure(error)
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

/// One command of one caller.
///
/// `@unchecked Sendable`: the handler makes it and hands it over with the queue's lock; from then
/// on only the writer's thread uses it.
final class CommandJob<Response: Message>: WriterJob, @unchecked Sendable {
  private var decision: Decision<Response>
  private let continuation: CheckedContinuation<Response, any Error>

  init(_ decision: Decision<Response>, _ continuation: CheckedContinuation<Response, any Error>) {
    self.decision = decision
    self.continuation = continuation
  }

  func decide(_ live: LivePool) { decision.decide(live) }

  func answer(_ failure: PoolError?) {
    if let failure {
      continuation.resume(throwing: failure)
    } else {
      continuation.resume(with: decision.result.mapError { $0 as any Error })
    }
  }
}

/// Commands of one caller that are decided each on its own, and committed together.
///
/// `@unchecked Sendable`: as `CommandJob`.
final class CommandsJob<Response: Message>: WriterJob, @unchecked Sendable {
  private var decisions: [Decision<Response>]
  private let continuation: CheckedContinuation<[Result<Response, PoolError>], any Error>

  init(
    _ decisions: [Decision<Response>],
    _ continuation: CheckedContinuation<[Result<Response, PoolError>], any Error>
  ) {
    self.decisions = decisions
    self.continuation = continuation
  }

  var commandCount: Int { decisions.count }

  func decide(_ live: LivePool) {
    for index in decisions.indices { decisions[index].decide(live) }
  }

  func answer(_ failure: PoolError?) {
    if let failure {
      continuation.resume(throwing: failure)
    } else {
      continuation.resume(returning: decisions.map(\.result))
    }
  }
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
