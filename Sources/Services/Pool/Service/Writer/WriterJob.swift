internal import PoolDomain
internal import Primitives
internal import Protobuf

/// What a caller waits for. The writer decides it, and answers when what it decided is durable.
protocol WriterJob: AnyObject, Sendable {
  func decide(_ live: LivePool)
  /// - Parameter failure: why the batch came to nothing; nil when it is durable.
  func answer(_ failure: PoolError?)
}

/// One command of one caller.
///
/// `@unchecked Sendable`: the handler makes it and hands it over with the queue's lock; from then
/// on only the writer's thread uses it.
final class CommandJob<Response: Message>: WriterJob, @unchecked Sendable {
  /// A request ID with the hash of the whole request.
  struct Request {
    var id: RequestID
    var key: RequestKey
    var bodyHash: [UInt8]
  }

  private let command: Command
  private let request: Request?
  private let deadline: Deadline
  private let respond: @Sendable (Reply, Pool) -> Response
  private let continuation: CheckedContinuation<Response, any Error>
  private var result: Result<Response, PoolError> = .failure(.storeUnavailable)

  init(
    _ command: Command, _ request: Request?, until deadline: Deadline,
    _ continuation: CheckedContinuation<Response, any Error>,
    respond: @escaping @Sendable (Reply, Pool) -> Response
  ) {
    self.command = command
    self.request = request
    self.deadline = deadline
    self.continuation = continuation
    self.respond = respond
  }

  func decide(_ live: LivePool) {
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

  func answer(_ failure: PoolError?) {
    if let failure {
      continuation.resume(throwing: failure)
    } else {
      continuation.resume(with: result.mapError { $0 as any Error })
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
