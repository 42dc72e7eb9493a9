internal import Primitives

/// Finds what answers a path, runs it, and turns whatever it throws into one `RPCError`. All transports share it.
public struct Dispatcher: Sendable {
  public let services: [ServiceDefinition]
  public let observer: any RPCObserver
  private let methods: [String: MethodHandler]
  private let serviceNames: Set<String>
  private let exactRoutes: [String: [HTTPRoute]]
  private let stemRoutes: [HTTPRoute]

  public init(
    services: [any RPCService], routes: [HTTPRoute] = [],
    observer: any RPCObserver = SilentObserver()
  ) {
    self.services = services.map(\.definition)
    self.observer = observer
    var methods: [String: MethodHandler] = [:]
    for service in self.services {
      for method in service.methods {
        precondition(methods[method.descriptor.path] == nil, "\(method.descriptor.path) twice")
        methods[method.descriptor.path] = method
      }
    }
    self.methods = methods
    serviceNames = Set(self.services.map(\.name))
    exactRoutes = Dictionary(grouping: routes.filter { !$0.path.hasSuffix("/*") }, by: \.path)
    stemRoutes = routes.filter { $0.path.hasSuffix("/*") }
      .sorted { $0.path.utf8.count > $1.path.utf8.count }
  }

  /// The method of a gRPC path.
  ///
  /// - Throws: UNIMPLEMENTED, saying whether the service or the method is unknown.
  public func method(path: String) throws(RPCError) -> MethodHandler {
    if let found = methods[path] { return found }
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard parts.count == 2, serviceNames.contains(String(parts[0])) else {
      throw RPCError(.unimplemented, "SERVICE_UNKNOWN", "This server has no service of that name.")
    }
    throw RPCError(.unimplemented, "METHOD_UNKNOWN", "The service has no method of that name.")
  }

  /// Whether a path names a method, whatever the HTTP method.
  public func knows(path: String) -> MethodHandler? { methods[path] }

  /// The routes of a path, and what a stem leaves over of it.
  public func routes(path: String) -> (routes: [HTTPRoute], suffix: String) {
    if let found = exactRoutes[path] { return (found, "") }
    for route in stemRoutes where path.hasPrefix(route.path.dropLast()) {
      let stem = route.path
      return (
        stemRoutes.filter { $0.path == stem }, String(path.dropFirst(stem.utf8.count - 1))
      )
    }
    return ([], "")
  }

  /// Runs a unary handler; every failure comes out as an `RPCError` with the service's domain.
  public func unary(
    _ handler: MethodHandler, _ message: [UInt8], codec: MessageCodec, context: ServerContext
  ) async -> Result<[UInt8], RPCError> {
    guard case .unary(let handle) = handler.body else {
      return .failure(RPCError(.internalError, "", "The method is not unary."))
    }
    let start = monotonicNanoseconds()
    observer.callStarted(context.method)
    do {
      let response = try await handle(message, codec, context)
      ended(context.method, .ok, since: start)
      return .success(response)
    } catch {
      let failure = rpcError(error, context: context)
      ended(context.method, failure.code, since: start)
      return .failure(failure)
    }
  }

  /// Runs a streaming handler to its end; nil when it ended well.
  public func streaming(_ handler: MethodHandler, _ call: any ServerCall) async -> RPCError? {
    let context = call.context
    let start = monotonicNanoseconds()
    observer.callStarted(context.method)
    do {
      switch handler.body {
      case .streaming(let handle):
        try await handle(call)
      case .unary(let handle):
        guard let message = try await call.nextMessage() else {
          throw RPCError(
            .unimplemented, "MESSAGE_MISSING", "The call ended before its message came.")
        }
        try await call.send(try await handle(message, .proto, context))
      }
      ended(context.method, .ok, since: start)
      return nil
    } catch {
      let failure = rpcError(error, context: context)
      ended(context.method, failure.code, since: start)
      return failure
    }
  }

  private func ended(_ method: MethodDescriptor, _ code: RPCCode, since start: Int64) {
    observer.callEnded(
      method, code: code, duration: .nanoseconds(monotonicNanoseconds() - start))
  }

  /// What the caller sees of an error. One that no table knows is logged with a reference, and only that is sent.
  private func rpcError(_ error: any Error, context: ServerContext) -> RPCError {
    if let known = error as? any RPCErrorConvertible, known.rpcError.code != .internalError {
      var failure = known.rpcError
      if failure.domain.isEmpty { failure.domain = context.method.errorDomain }
      return failure
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
