internal import Kit
internal import PoolService

await ServiceRunner.run(
  name: "pool", about: "the one writer of stock levels", listen: "127.0.0.1:7001",
  settings: [PoolSettings.salesInMemory]
) { context in
  let server = try PoolServer(
    path: context.storePath, salesInMemory: context.settings[PoolSettings.salesInMemory],
    metrics: context.metrics, log: context.log, observer: context.storageObserver)
  return ServiceParts(
    services: server.services, checks: [server.check, server.clockCheck],
    onDrain: [{ await server.close() }])
}
