/// Finds what answers a path. All transports share it.
public struct Dispatcher: Sendable {
  public let services: [ServiceDefinition]
  public let observer: any RPCObserver
  private let methods: [String: ServedMethod]
  private let serviceNames: Set<String>
  private let exactRoutes: [String: [HTTPRoute]]
  private let stemRoutes: [HTTPRoute]
  /// What a call or a request is told that nothing here answers; nil: that there is no such thing.
  let refusal: RPCError?

  public init(
    services: [any RPCService], routes: [HTTPRoute] = [],
    observer: any RPCObserver = SilentObserver(), authorizer: (any RPCAuthorizer)? = nil,
    refusal: RPCError? = nil
  ) {
    self.refusal = refusal
    self.services = services.map(\.definition)
    self.observer = observer
    var methods: [String: ServedMethod] = [:]
    for (service, definition) in zip(services, self.services) {
      var direct = Dictionary(
        uniqueKeysWithValues: service.directMethods.map { ($0.descriptor.path, $0) })
      defer { precondition(direct.isEmpty, "\(direct.keys) of no method of the service") }
      for method in definition.methods {
        let method = direct.removeValue(forKey: method.descriptor.path) ?? method
        precondition(methods[method.descriptor.path] == nil, "\(method.descriptor.path) twice")
        methods[method.descriptor.path] = ServedMethod(method, observer, authorizer)
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
  /// - Throws: UNIMPLEMENTED, saying whether the service or the method is unknown, or the server's refusal.
  public func method(path: String) throws(RPCError) -> ServedMethod {
    if let found = methods[path] { return found }
    if let refusal { throw refusal }
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard parts.count == 2, serviceNames.contains(String(parts[0])) else {
      throw RPCError(.unimplemented, "SERVICE_UNKNOWN", "This server has no service of that name.")
    }
    throw RPCError(.unimplemented, "METHOD_UNKNOWN", "The service has no method of that name.")
  }

  /// Tells the observer what a caller did wrong in a call of no method.
  public func noted(_ error: RPCError, peer: String) -> RPCError {
    observer.noted(error, method: nil, peer: peer)
  }

  /// Whether a path names a method, whatever the HTTP method.
  public func knows(path: String) -> ServedMethod? { methods[path] }

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
}
