internal import Glibc
internal import Primitives
internal import RPCCore
internal import RPCHTTP2

/// A service between its start and its end.
struct RunningService: Sendable {
  private let context: ServiceContext
  private let parts: ServiceParts
  private let server: RPCServer
  private let security: ServiceSecurity
  private let readiness: Readiness
  private let health: HealthService
  /// `127.0.0.1:7001`, with the port that was free when 0 was asked for.
  var address: String { server.address }

  /// Builds the service, takes its port, and serves.
  init(
    name: String, settings: Settings,
    _ make: @Sendable (ServiceContext) async throws -> ServiceParts
  ) async throws {
    let log = Log(
      level: settings[CommonSettings.logLevel], format: settings[CommonSettings.logFormat]
    ).with(["service": name])
    let metrics = Metrics()
    ProcessMetrics.register(in: metrics)
    security = try ServiceSecurity(settings)
    context = ServiceContext(
      name: name, settings: settings, log: log, metrics: metrics, credentials: security.client)
    parts = try await make(context)
    let readiness = Readiness(databases: parts.databases, checks: parts.checks)
    self.readiness = readiness
    health = HealthService()
    let services: [any RPCService] = parts.services + [health]
    let reflection = ReflectionService(services)
    let configuration = ServerConfiguration(
      address: settings[CommonSettings.listen].description,
      services: services + [reflection, ReflectionServiceV1Alpha(reflection)],
      routes: parts.routes + readiness.routes() + [Self.metricsRoute(metrics)],
      observer: RPCMetrics(
        metrics: metrics, log: log,
        accessLog: AccessLog(log, share: settings[CommonSettings.accessLog])),
      tls: security.server, authorizer: security.policy, trustsNetwork: security.trustsNetwork,
      loopCount: settings[CommonSettings.loops])
    server = try Self.server(configuration, settings)
    await startLoops()
    server.start()
    readiness.enter(.serving)
    await publishHealth()
    for name in settings.unknownNames {
      log.warning("a variable that nothing reads", ["name": name])
    }
    log.info(
      "serving",
      ["address": server.address, "version": Version.text, "process": Int(getpid())])
  }

  private static func server(
    _ configuration: ServerConfiguration, _ settings: Settings
  ) throws -> RPCServer {
    do {
      return try RPCServer(configuration)
    } catch TransportError.unprotected(let address) {
      throw settings.refusal(
        "\(CommonSettings.listen.name) is \(address), which others can reach: set "
          + "\(CommonSettings.accessPolicy.name), or \(CommonSettings.trustedNetwork.name)=true "
          + "where everybody may call")
    }
  }

  private func startLoops() async {
    for loop in parts.background { await context.background.start(loop.name, loop.run) }
    if security.hasFiles {
      await context.background.start("security") {
        while true {
          try await Task.sleep(for: .seconds(1))
          security.follow(context.log)
        }
      }
    }
    await context.background.start("health") {
      while true {
        try await Task.sleep(for: .seconds(1))
        await publishHealth()
      }
    }
  }

  /// Tells gRPC's health service what `/readyz` would say.
  private func publishHealth() async {
    let isReady = await readiness.obstacles().isEmpty
    health.set(serving: isReady)
    for service in parts.services { health.set(service.definition.name, serving: isReady) }
  }

  /// Takes no more work, lets what was begun end, and closes everything, in the order in which it depends.
  func drain(because signal: Int32) async {
    let span = context.settings[CommonSettings.drain]
    context.log.info(
      "draining",
      ["signal": signal == SIGINT ? "SIGINT" : "SIGTERM", "seconds": span.inSeconds])
    let watchdog = Task {
      guard (try? await Task.sleep(for: span + ServiceRunner.closingTime)) != nil else { return }
      context.log.error("the service does not end by itself and is ended")
      exit(1)
    }
    readiness.enter(.draining)
    await publishHealth()
    async let loops: Void = context.background.stop()
    await server.drain(within: span)
    await loops
    for close in parts.onDrain { await close() }
    for database in parts.databases { await database.close() }
    watchdog.cancel()
    context.log.info("stopped")
  }

  private static func metricsRoute(_ metrics: Metrics) -> HTTPRoute {
    HTTPRoute("GET", "/metrics", maximumBodyBytes: 0) { _ in
      HTTPResponse(
        status: 200, headers: [("content-type", Metrics.contentType)],
        body: Array(metrics.exposition().utf8))
    }
  }
}
