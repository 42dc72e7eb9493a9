public import RPCCore
public import StorageCore

/// What a service consists of, once it is built.
public struct ServiceParts: Sendable {
  public var services: [any RPCService]
  public var routes: [HTTPRoute]
  /// Their health shows in /healthz, /readyz and gRPC's health service; they are closed last.
  public var databases: [any Database]
  /// Loops to run as long as the service, by name.
  public var background: [(name: String, run: @Sendable () async throws -> Void)]
  public var checks: [HealthCheck]
  /// Run after the last call has ended and the loops have, before the databases close.
  public var onDrain: [@Sendable () async -> Void]

  public init(
    services: [any RPCService] = [], routes: [HTTPRoute] = [], databases: [any Database] = [],
    background: [(name: String, run: @Sendable () async throws -> Void)] = [],
    checks: [HealthCheck] = [], onDrain: [@Sendable () async -> Void] = []
  ) {
    self.services = services
    self.routes = routes
    self.databases = databases
    self.background = background
    self.checks = checks
    self.onDrain = onDrain
  }
}

/// One thing that must be well for the service to be ready, or that an operator must know of.
public struct HealthCheck: Sendable {
  public var name: String
  /// The service does its work all the same: it shows in /healthz only.
  public var isAdvice: Bool
  /// What is wrong, without a path or an address; nil when all is well. Must answer soon.
  public var problem: @Sendable () async -> String?

  public init(
    _ name: String, isAdvice: Bool = false, problem: @escaping @Sendable () async -> String?
  ) {
    self.name = name
    self.isAdvice = isAdvice
    self.problem = problem
  }
}
