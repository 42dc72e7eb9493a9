internal import Synchronization

/// `grpc.health.v1.Health`: whether a server and its services take calls (`doc/health-checking.md`).
public final class HealthService: HealthHandler {
  private struct State {
    var statuses: [String: HealthCheckResponse.ServingStatus] = ["": .notServing]
    var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher: UInt64 = 0
  }

  private let state = Mutex(State())
  /// How services stand that nothing was said of; nil: they are unknown.
  private let others: HealthCheckResponse.ServingStatus?

  public init(others: HealthCheckResponse.ServingStatus? = nil) {
    self.others = others
  }

  /// Says how a service stands; the empty name stands for the server.
  public func set(_ service: String = "", serving: Bool) {
    let watchers = state.withLock { state in
      state.statuses[service] = serving ? .serving : .notServing
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher.yield() }
  }

  private func status(_ service: String) -> HealthCheckResponse.ServingStatus? {
    state.withLock { $0.statuses[service] } ?? others
  }

  /// Checks come from every load balancer and client, again and again.
  public var directMethods: [MethodHandler] {
    [
      .direct(HealthMethods.check, HealthCheckRequest.self, HealthCheckResponse.self) {
        request, context, answer in answer(.success(try self.check(request, context: context)))
      }
    ]
  }

  public func check(
    _ request: HealthCheckRequest, context: ServerContext
  ) throws -> HealthCheckResponse {
    guard let status = status(request.service) else {
      throw RPCError(.notFound, "SERVICE_UNKNOWN", "This server has no service of that name.")
    }
    return HealthCheckResponse(status: status)
  }

  public func list(
    _ request: HealthListRequest, context: ServerContext
  ) async throws -> HealthListResponse {
    let statuses = state.withLock { $0.statuses }
    return HealthListResponse(statuses: statuses.mapValues { HealthCheckResponse(status: $0) })
  }

  public func watch(
    _ request: HealthCheckRequest, responses: ResponseWriter<HealthCheckResponse>,
    context: ServerContext
  ) async throws {
    // One signal is enough, however often it changed: the newest status is sent.
    let (signals, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = continuation
      return state.nextWatcher
    }
    defer { state.withLock { $0.watchers[id] = nil } }
    continuation.yield()
    var sent: HealthCheckResponse.ServingStatus?
    for await _ in signals {
      let current = status(request.service) ?? .serviceUnknown
      guard current != sent else { continue }
      sent = current
      try await responses.write(HealthCheckResponse(status: current))
    }
  }
}
