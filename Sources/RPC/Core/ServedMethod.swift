public import Primitives

/// A method as a server offers it: runs its handler, and turns whatever it throws into one `RPCError`.
public final class ServedMethod: Sendable {
  public let descriptor: MethodDescriptor
  public let body: MethodHandler.Body
  /// Whether it is answered however busy the server is.
  public let isAlwaysAdmitted: Bool
  private let observer: any RPCObserver
  private let calls: any MethodObserver
  private let authorizer: (any RPCAuthorizer)?

  init(
    _ handler: MethodHandler, _ observer: any RPCObserver, _ authorizer: (any RPCAuthorizer)?
  ) {
    descriptor = handler.descriptor
    body = handler.body
    isAlwaysAdmitted = handler.descriptor.service == "grpc.health.v1.Health"
    self.observer = observer
    calls = observer.calls(of: handler.descriptor)
    self.authorizer = authorizer
  }

  /// Lets a call in, or does not: all transports ask here, before the handler and before the call's message.
  ///
  /// - Returns: what the handler gets to know of the call.
  /// - Throws: UNAUTHENTICATED or PERMISSION_DENIED, as the server's authorizer says. Whoever asked passes it to `refused`.
  public func admit(
    metadata: Metadata, deadline: Deadline, peer: String = "in-process", identity: [String] = []
  ) throws(RPCError) -> ServerContext {
    let context = ServerContext(
      method: descriptor, metadata: metadata, deadline: deadline, peer: peer, identity: identity)
    guard let authorizer else { return context }
    let caller = RPCCaller(identity: identity, authorization: metadata["authorization"])
    try authorizer.authorize(caller, to: descriptor)
    return context
  }

  /// Asks again for a stream that is open; nil while its caller may go on.
  public func revocation(of context: ServerContext) -> RPCError? {
    guard let authorizer else { return nil }
    let caller = RPCCaller(
      identity: context.identity, authorization: context.metadata["authorization"])
    do throws(RPCError) {
      try authorizer.authorize(caller, to: descriptor)
      return nil
    } catch {
      return error
    }
  }

  func watchAuthorizer(_ changed: @escaping @Sendable () -> Void) -> AuthorizerWatch {
    authorizer?.watch(changed) ?? AuthorizerWatch {}
  }

  /// Counts a call that ended before its handler began, and what its caller did wrong.
  ///
  /// - Parameter context: what is known of the call, when it got so far.
  /// - Returns: the error as the caller is told it.
  public func refused(_ error: RPCError, peer: String, context: ServerContext? = nil) -> RPCError {
    calls.callStarted()
    ended(
      context ?? ServerContext(method: descriptor, peer: peer), error.code,
      since: monotonicNanoseconds())
    return noted(error, peer: peer)
  }

  /// Tells the observer what a caller did wrong, once: from then on the error has a domain.
  public func noted(_ error: RPCError, peer: String) -> RPCError {
    observer.noted(error, method: descriptor, peer: peer)
  }

  /// A caller's mistake that is answered by HTTP's means.
  public func fault(_ fault: CallFault, peer: String) {
    observer.callFault(fault, method: descriptor, peer: peer)
  }

  /// Runs a unary handler; every failure comes out as an `RPCError` with the service's domain.
  ///
  /// - Parameter framed: whether gRPC's prefix stands in front of the answer's message.
  nonisolated(nonsending) public func unary(
    _ message: [UInt8], codec: MessageCodec, framed: Bool = false, context: ServerContext
  ) async -> Result<[UInt8], RPCError> {
    let start = monotonicNanoseconds()
    calls.callStarted()
    do {
      let response = try await ServerContext.$current.withValue(context) {
        try await respond(message, codec, framed, context)
      }
      ended(context, .ok, since: start)
      return .success(response)
    } catch {
      let failure = rpcError(error, context: context)
      ended(context, failure.code, since: start)
      return .failure(failure)
    }
  }

  nonisolated(nonsending) private func respond(
    _ message: [UInt8], _ codec: MessageCodec, _ framed: Bool, _ context: ServerContext
  ) async throws -> [UInt8] {
    switch body {
    case .unary(let handle):
      return try await handle(message, codec, framed, context)
    case .direct(let handle):
      return try await withUnsafeThrowingContinuation { continuation in
        handle(message, codec, framed, context) { continuation.resume(with: $0) }
      }
    case .streaming:
      throw RPCError(.unimplemented, "", "The method is not unary.")
    }
  }

  /// Runs a direct handler without a task.
  ///
  /// - Parameters:
  ///   - handle: the method's, behind gRPC's prefix as all that its caller sends and gets.
  ///   - done: told once, on any thread, what the call came to.
  public func run(
    _ handle: MethodHandler.Direct, _ message: [UInt8], context: ServerContext,
    _ done: @escaping @Sendable (Result<[UInt8], RPCError>) -> Void
  ) {
    let start = monotonicNanoseconds()
    calls.callStarted()
    handle(message, .proto, true, context) { result in
      switch result {
      case .success(let response):
        self.ended(context, .ok, since: start)
        done(.success(response))
      case .failure(let error):
        let failure = self.rpcError(error, context: context)
        self.ended(context, failure.code, since: start)
        done(.failure(failure))
      }
    }
  }

  /// Runs a streaming handler to its end; nil when it ended well.
  public func streaming(_ call: any ServerCall) async -> RPCError? {
    let context = call.context
    let start = monotonicNanoseconds()
    calls.callStarted()
    do {
      try await ServerContext.$current.withValue(context) {
        switch body {
        case .streaming(let handle):
          try await handle(call)
        case .unary, .direct:
          guard let message = try await call.nextMessage() else {
            throw RPCError(
              .unimplemented, "MESSAGE_MISSING", "The call ended before its message came.")
          }
          try await call.send(try await respond(message, call.codec, false, context))
        }
      }
      ended(context, .ok, since: start)
      return nil
    } catch {
      let failure =
        call.fault.map { noted($0, peer: context.peer) } ?? rpcError(error, context: context)
      ended(context, failure.code, since: start)
      return failure
    }
  }

  private func ended(_ context: ServerContext, _ code: RPCCode, since start: Int64) {
    calls.callEnded(
      context, code: code, duration: .nanoseconds(monotonicNanoseconds() - start))
  }

  /// What the caller sees of an error. One that no table knows is logged with a reference, and only that is sent.
  private func rpcError(_ error: any Error, context: ServerContext) -> RPCError {
    if let known = error as? any RPCErrorConvertible, known.rpcError.code != .internalError {
      let failure = known.rpcError
      // Said before the handler has seen the message, and of no other.
      switch CallFault(failure) {
      case .messageMalformed, .jsonMalformed, .messageMissing, .messageSurplus:
        return noted(failure, peer: context.peer)
      default: return failure.owned(by: context.method.errorDomain)
      }
    }
    if error is CancellationError {
      return context.deadline.isPast
        ? RPCError(.deadlineExceeded, "", "The call's deadline is over.")
        : RPCError(.cancelled, "", "The call was cancelled.")
    }
    let reference = String(UInt64.random(in: 1...UInt64.max), radix: 36)
    observer.internalError(error, method: context.method, reference: reference)
    return RPCError(
      .internalError, "INTERNAL_ERROR",
      "Something went wrong inside the service. Its log says more under \(reference).",
      ["reference": reference], domain: context.method.errorDomain)
  }
}
