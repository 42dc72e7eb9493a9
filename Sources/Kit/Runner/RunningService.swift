internal import Glibc
internal import Primitives
internal import RPCCore
internal import RPCHTTP2
internal import StorageCore

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

  /// Builds the service, takes its port, and serves; where the settings say so, once its store is free.
  ///
  /// - Parameter isStopping: whether to wait for the store no more.
  /// - Throws: `Standby.Ended` when it was stopped before the store was free.
  init(
    name: String, settings: Settings, unless isStopping: @Sendable () -> Bool = { false },
    _ make: @Sendable (ServiceContext) async throws -> ServiceParts
  ) async throws {
    let log = Log(
      level: settings[CommonSettings.logLevel], format: settings[CommonSettings.logFormat]
    ).with(["service": name])
    let metrics = Metrics()
    ProcessMetrics.register(in: metrics)
    let isStandingBy = metrics.gauge(
      "onepool_standby", "1 while the process waits for a store that another one has, else 0.")
    security = try ServiceSecurity(settings)
    let context = ServiceContext(
      name: name, settings: settings, log: log, metrics: metrics, credentials: security.client)
    self.context = context
    var configuration = ServerConfiguration(
      address: settings[CommonSettings.listen].description, services: [],
      routes: [Self.metricsRoute(metrics)],
      observer: RPCMetrics(
        metrics: metrics, log: log,
        accessLog: AccessLog(log, share: settings[CommonSettings.accessLog])),
      tls: security.server, authorizer: security.policy, trustsNetwork: security.trustsNetwork,
      loopCount: settings[CommonSettings.loops])
    await Self.follow(security, context)
    var standby: Standby?
    do {
      parts = try await make(context)
    } catch StorageError.inUse(_, let holder) where settings[CommonSettings.standby] {
      let waiting = try Standby(behind: holder, configuration, settings, log, isStandingBy)
      parts = try await waiting.takeOver(unless: isStopping) { try await make(context) }
      standby = waiting
    }
    let readiness = Readiness(databases: parts.databases, checks: parts.checks)
    self.readiness = readiness
    health = HealthService()
    let services: [any RPCService] = parts.services + [health]
    let reflection = ReflectionService(services)
    configuration.services = services + [reflection, ReflectionServiceV1Alpha(reflection)]
    configuration.routes += parts.routes + readiness.routes()
    server = try Self.server(configuration, settings, on: standby?.listener)
    await startLoops()
    await standby?.passOn()
    server.start()
    readiness.enter(.serving)
    await publishHealth()
    await standby?.end()
    for name in settings.unknownNames {
      log.warning("a variable that nothing reads", ["name": name])
    }
    log.info(
      "serving",
      ["address": server.address, "version": Version.text, "process": Int(getpid())])
  }

  /// - Parameter listener: the port, where it is open already.
  static func server(
    _ configuration: ServerConfiguration, _ settings: Settings, on listener: Listener? = nil
  ) throws -> RPCServer {
    do {
      return try RPCServer(configuration, on: listener)
    } catch TransportError.unprotected(let address) {
      throw settings.refusal(
        "\(CommonSettings.listen.name) is \(address), which others can reach: set "
          + "\(CommonSettings.accessPolicy.name), or \(CommonSettings.trustedNetwork.name)=true "
          + "where everybody may call")
    }
  }

  private func startLoops() async {
    for loop in parts.background { await context.background.start(loop.name, loop.run) }
    await context.background.start("health") {
      while true {
        try await Task.sleep(for: .seconds(1))
        await publishHealth()
      }
    }
  }

  /// Certificates and policies are read anew from the start, which may take long where it waits for the store.
  private static func follow(_ security: ServiceSecurity, _ context: ServiceContext) async {
    guard security.hasFiles else { return }
    await context.background.start("security") {
      while true {
        try await Task.sleep(for: .seconds(1))
        security.follow(context.log)
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
