internal import Synchronization

/// Bounds the handlers that run in a server at once. All loops and both HTTPs share it; it costs a call two relaxed
/// atomics.
public final class Admission: Sendable {
  private let limit: Int
  private let retryAfter: Duration
  private let running = Atomic<Int>(0)

  /// - Parameters:
  ///   - limit: handlers that run at once.
  ///   - retryAfter: when a call that was refused may come again.
  public init(limit: Int, retryAfter: Duration) {
    self.limit = limit
    self.retryAfter = retryAfter
  }

  /// Whether one more may run; `leave` when it has.
  public func enter(isOverloaded: Bool) -> Bool {
    if !isOverloaded, running.add(1, ordering: .relaxed).newValue <= limit { return true }
    if !isOverloaded { leave() }
    return false
  }

  public func leave() { running.subtract(1, ordering: .relaxed) }

  /// What a call that may not run is told, before its handler has seen it.
  public var refusal: RPCError {
    RPCError(
      .resourceExhausted, "SERVER_BUSY",
      "The server has as many calls as it can answer in time; try again later.",
      retryAfter: retryAfter, domain: RPCError.transportDomain)
  }
}

extension Dispatcher {
  /// Whether a request is one that admission counts. What only looks is always let in: probes, metrics, the console.
  public func counts(_ request: HTTPRequest) -> Bool {
    knows(path: request.path).map { !$0.isAlwaysAdmitted }
      ?? !["GET", "HEAD"].contains(request.method)
  }

  /// The answer to a request that is not let in.
  public func refuse(_ request: HTTPRequest, _ refusal: RPCError) -> HTTPResponse {
    guard let method = knows(path: request.path) else { return HTTPAnswers.failure(refusal) }
    let error = method.refused(refusal, peer: request.peer)
    guard case .streaming = method.body,
      let codec = ConnectStreamHead.codec(contentType: request.header("content-type") ?? "")
    else { return HTTPAnswers.failure(error) }
    return ConnectStreamHead.failure(error, codec)
  }
}
