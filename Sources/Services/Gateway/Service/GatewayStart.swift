public import Kit
internal import StorageSQLite

extension Gateway {
  /// Builds the gateway of a process.
  public static func parts(
    _ context: ServiceContext, registry: AdapterRegistry
  ) async throws -> ServiceParts {
    let database = try SQLiteDatabase(
      path: context.storePath, migrations: GatewayMigrations.all,
      observer: context.storageObserver)
    let peers = Peers(
      pool: try context.client(of: CommonSettings.pool),
      mapping: try context.client(of: CommonSettings.mapping),
      fulfilment: try context.client(of: CommonSettings.fulfilment),
      returns: try context.client(of: CommonSettings.returns))
    let gateway = Gateway(
      GatewayConfiguration(
        database: database, box: try context.secretBox(), registry: registry, peers: peers,
        http: URLSessionHTTP(), publicURL: context.settings[GatewaySettings.publicURL],
        metrics: context.metrics, log: context.log, background: context.background,
        zones: context.settings[GatewaySettings.zones]))
    try await gateway.start()
    return ServiceParts(
      services: gateway.services, routes: gateway.routes, databases: [database])
  }
}
