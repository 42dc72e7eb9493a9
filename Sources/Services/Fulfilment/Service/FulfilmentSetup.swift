public import Kit
internal import PoolAPI
internal import StorageSQLite

/// Puts the service together.
public enum FulfilmentSetup {
  public static let settings: [any AnySetting] = [CommonSettings.pool]

  public static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let store = try SQLiteDatabase(
      path: context.storePath, migrations: FulfilmentMigrations.all,
      observer: context.storageObserver)
    let pool = PoolServiceClient(try context.client(of: CommonSettings.pool))
    let outboxMetrics = OutboxMetrics(metrics: context.metrics, log: context.log)
    let handler = FulfilmentHandler(
      database: store, pool: pool, observe: outboxMetrics.observe)
    return ServiceParts(
      services: [handler], databases: [store],
      background: [
        ("outbox", { await handler.outbox.run() }),
        ("pickups", { try await handler.keepPickups() }),
      ])
  }
}
