internal import Primitives
internal import RPCCore
internal import RPCHTTP2
internal import StorageCore

/// A service whose store another process has: its port is open and says so, until the store is free.
///
/// The lock of a store ends with its process, however that ends, so to look again and again is all that a takeover needs.
/// A look is the try to build the service, which opens its store before it does anything else.
struct Standby: Sendable {
  /// It was told to end before the store was free.
  struct Ended: Error {}

  /// Between two looks at the store.
  static let pause = Duration.milliseconds(100)
  /// How long the connections of the time before may take to end.
  static let farewell = Duration.seconds(1)

  private let log: Log
  private let isStandingBy: Gauge
  private let readiness = Readiness(databases: [], checks: [])
  private let server: RPCServer
  private let began = monotonicNanoseconds()
  /// The port, for the service's own server.
  var listener: Listener { server.listener }

  /// Opens the port.
  ///
  /// - Parameters:
  ///   - holder: who has the store: `process 17`.
  ///   - common: what the server has in common with the service's own.
  init(
    behind holder: String, _ common: ServerConfiguration, _ settings: Settings, _ log: Log,
    _ isStandingBy: Gauge
  ) throws {
    self.log = log
    self.isStandingBy = isStandingBy
    readiness.enter(.standingBy(behind: holder, asOf: began))
    var configuration = common
    configuration.services = [HealthService(others: .notServing)]
    configuration.routes += readiness.routes()
    configuration.refusal = .standingBy
    configuration.loopCount = 1
    server = try RunningService.server(configuration, settings)
    server.start()
    isStandingBy.set(1)
    log.info(
      "standing by", ["address": server.address, "behind": holder, "version": Version.text])
  }

  /// Builds the service as soon as its store is free.
  ///
  /// - Throws: `Ended` when `isStopping` says so before; what keeps the service from being built when the store is free.
  func takeOver(
    unless isStopping: @Sendable () -> Bool,
    _ make: @Sendable () async throws -> ServiceParts
  ) async throws -> ServiceParts {
    do {
      while true {
        try await Task.sleep(for: Self.pause)
        if isStopping() { throw Ended() }
        let look = monotonicNanoseconds()
        do {
          return try await make()
        } catch StorageError.inUse(_, let holder) {
          readiness.enter(.standingBy(behind: holder, asOf: look))
        }
      }
    } catch {
      await server.drain(within: Self.farewell)
      if error is Ended { log.info("stopped") }
      throw error
    }
  }

  /// Takes no new connection: they wait for the service's own server.
  func passOn() async { await server.passOn() }

  /// The service's own server has the port: ends what came before.
  func end() async {
    isStandingBy.set(0)
    if case .standingBy(let holder, let look) = readiness.current {
      let now = monotonicNanoseconds()
      log.info(
        "took over",
        [
          "from": holder, "seconds": Duration.nanoseconds(now - look).inSeconds,
          "stood_by_seconds": Duration.nanoseconds(now - began).inSeconds,
        ])
    }
    await server.drain(within: Self.farewell)
  }
}
