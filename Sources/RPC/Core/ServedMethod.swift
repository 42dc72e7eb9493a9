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
    if case .direct(let handle) = body {
      return await withUnsafeContinuation {
        run(
          handle, message, codec: codec, framed: framed, context: context,
          for: WaitingTask(continuation: $0))
      }
    }
    guard case .unary(let handle) = body else {
      return .failure(RPCError(.internalError, "", "The method is not unary."))
    }
    let start = monotonicNanoseconds()
    calls.callStarted()
    do {
      let response = try await ServerContext.$current.withValue(context) {
        try await handle(message, codec, framed, context)
      }
      ended(context, .ok, since: start)
      return .success(response)
    } catch {
      let failure = rpcError(error, context: context)
      ended(context, failure.code, since: start)
      return .failure(failure)
    }
  }

  /// Runs a direct handler without a task.
  ///
  /// - Parameter caller: told once, on any thread, what the call came to.
  package func run(
    _ handle: MethodHandler.Direct, _ message: [UInt8], codec: MessageCodec, framed: Bool,
    context: ServerContext, for caller: any DirectCaller
  ) {
    calls.callStarted()
    handle(message, DirectCall(self, context, codec, isFramed: framed, caller))
  }

  /// A task that waits for a direct handler's answer.
  private struct WaitingTask: DirectCaller {
    let continuation: UnsafeContinuation<Result<[UInt8], RPCError>, Never>

    func answered(_ result: Result<[UInt8], RPCError>) { continuation.resume(returning: result) }
  }

  /// Of a unary method that is called as a stream of one message each way.
  private func streamOfOne(_ call: any ServerCall) async -> RPCError? {
    let context = call.context
    do {
      guard let message = try await call.nextMessage() else {
        return refused(
          RPCError(.unimplemented, "MESSAGE_MISSING", "The call ended before its message came."),
          peer: context.peer, context: context)
      }
      switch await unary(message, codec: call.codec, context: context) {
      case .success(let answer): try await call.send(answer)
      case .failure(let error): return error
      }
      return nil
    } catch {
      return failure(of: call, error)
    }
  }

  /// Runs a streaming handler to its end; nil when it ended well.
  public func streaming(_ call: any ServerCall) async -> RPCError? {
    guard case .streaming(let handle) = body else { return await streamOfOne(call) }
    let context = call.context
    let start = monotonicNanoseconds()
    calls.callStarted()
    do {
      try await ServerContext.$current.withValue(context) { try await handle(call) }
      ended(context, .ok, since: start)
      return nil
    } catch {
      let failure = failure(of: call, error)
      ended(context, failure.code, since: start)
      return failure
    }
  }

  private func failure(of call: any ServerCall, _ error: any Error) -> RPCError {
    call.fault.map { noted($0, peer: call.context.peer) } ?? rpcError(error, context: call.context)
  }

  func ended(_ context: ServerContext, _ code: RPCCode, since start: Int64) {
    calls.callEnded(
      context, code: code, duration: .nanoseconds(monotonicNanoseconds() - start))
  }

  /// What the caller sees of an error. One that no table knows is logged with a reference, and only that is sent.
  func rpcError(_ error: any Error, context: ServerContext) -> RPCError {
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
