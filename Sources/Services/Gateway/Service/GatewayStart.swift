internal import GatewayDomain
public import Kit
internal import StorageSQLite

extension Gateway {
  /// Builds the gateway of a process.
  public static func parts(
    _ context: ServiceContext, registry: AdapterRegistry
  ) async throws -> ServiceParts {
    let database = try SQLiteDatabase(
      path: context.storePath, migrations: GatewayMigrations.all,
      cacheKibibytes: GatewayLimits.storeCacheKibibytes, observer: context.storageObserver)
    let peers = Peers(
      pool: try context.client(of: CommonSettings.pool),
      mapping: try context.client(of: CommonSettings.mapping),
      fulfilment: try context.client(of: CommonSettings.fulfilment),
      returns: try context.client(of: CommonSettings.returns))
    var configuration = GatewayConfiguration(
      database: database, keys: try context.keyRing(context.settings[GatewaySettings.keys]),
      registry: registry, peers: peers,
      http: OutboundHTTP(), publicURL: context.settings[GatewaySettings.publicURL],
      metrics: context.metrics, log: context.log, background: context.background,
      zones: context.settings[GatewaySettings.zones])
    configuration.alertWebhook = try alertWebhook(context.settings)
    configuration.inboxAlertCount = context.settings[GatewaySettings.inboxAlert]
    configuration.lagGoal = LagBudget.Goal(
      target: context.settings[GatewaySettings.lagTarget],
      objective: context.settings[GatewaySettings.lagObjective])
    configuration.readBackShare = context.settings[GatewaySettings.readBackShare]
    configuration.reconcileSpan = context.settings[GatewaySettings.reconcileSpan]
    configuration.driftPolicies = context.settings[GatewaySettings.driftPolicies]
    configuration.inboxKept = .seconds(86_400) * context.settings[GatewaySettings.inboxDays]
    configuration.storeShare = StoreShare(
      maximumBytes: Int64(context.settings[GatewaySettings.storeBytes]),
      freeBytes: Int64(context.settings[GatewaySettings.freeDiskBytes]))
    configuration.storePath = context.storePath
    configuration.mirrorMode = context.settings[GatewaySettings.mirrorPromotions]
    let pollInterval = context.settings[GatewaySettings.pollInterval]
    configuration.pollInterval = pollInterval > .zero ? pollInterval : nil
    let gateway = Gateway(configuration)
    try await gateway.start()
    return ServiceParts(
      services: gateway.services, routes: gateway.routes, databases: [database])
  }

  /// It has a way out of its own, so that slow channels do not hold alerts of them up.
  private static func alertWebhook(_ settings: Settings) throws -> AlertWebhook? {
    guard let url = settings[GatewaySettings.alertURL] else { return nil }
    guard let secret = settings[GatewaySettings.alertSecret] else {
      throw StartFailure(
        "\(GatewaySettings.alertURL.name) needs \(GatewaySettings.alertSecret.name) to sign with")
    }
    return AlertWebhook(
      url: url, secret: secret, http: OutboundHTTP(),
      repeatAfter: settings[GatewaySettings.alertRepeat])
  }
}
