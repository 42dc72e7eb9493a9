internal import Kit
internal import PoolService

await ServiceRunner.run(
  name: "pool", about: "the one writer of stock levels", listen: "127.0.0.1:7001",
  settings: [
    PoolSettings.salesInMemory, PoolSettings.auditPause, PoolSettings.holdsOfOwner,
    PoolSettings.heldUnitsOfOwner, PoolSettings.heldPercent,
  ]
) { context in
  let server = try PoolServer(
    path: context.storePath, salesInMemory: context.settings[PoolSettings.salesInMemory],
    holdCaps: PoolSettings.holdCaps(context.settings), metrics: context.metrics, log: context.log,
    observer: context.storageObserver)
  let pause = context.settings[PoolSettings.auditPause]
  return ServiceParts(
    services: server.services,
    background: [("ledger_audit", { try await server.auditLedger(every: pause) })],
    checks: [server.check, server.clockCheck],
    onDrain: [{ await server.close() }])
}
