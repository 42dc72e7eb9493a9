internal import FulfilmentAPI
public import Kit
internal import PoolAPI
internal import StorageSQLite

/// Puts the service together.
public enum ReturnsSetup {
  public static let settings: [any AnySetting] = [CommonSettings.pool, CommonSettings.fulfilment]

  public static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let store = try SQLiteDatabase(
      path: context.storePath, migrations: ReturnsMigrations.all,
      observer: context.storageObserver)
    let pool = PoolServiceClient(try context.client(of: CommonSettings.pool))
    let fulfilment = FulfilmentServiceClient(try context.client(of: CommonSettings.fulfilment))
    let outboxMetrics = OutboxMetrics(metrics: context.metrics, log: context.log)
    let handler = ReturnsHandler(
      database: store, pool: pool, fulfilment: fulfilment, observe: outboxMetrics.observe)
    return ServiceParts(
      services: [handler], databases: [store],
      background: [("outbox", { await handler.outbox.run() })])
  }
}
