public import Kit
internal import StorageSQLite

/// Puts the service together.
public enum MappingSetup {
  public static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let store = try SQLiteDatabase(
      path: context.storePath, migrations: MappingMigrations.all,
      observer: context.storageObserver)
    return ServiceParts(services: [MappingHandler(database: store)], databases: [store])
  }
}
