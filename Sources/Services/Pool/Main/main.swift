internal import Kit
internal import PoolService

await ServiceRunner.run(
  name: "pool", about: "the one writer of stock levels", listen: "127.0.0.1:7001"
) { context in
  let server = try PoolServer(
    path: context.storePath, metrics: context.metrics, log: context.log,
    observer: context.storageObserver)
  return ServiceParts(
    services: [server], checks: [server.check], onDrain: [{ await server.close() }])
}
