internal import GatewayAPI
internal import GatewayDomain
internal import RPCCore

extension GatewayHandler {
  func getLag(_ request: GetLagRequest, context: ServerContext) async throws -> GetLagResponse {
    let (accounts, hooks) = await gateway.lag.all()
    var total = LatencyRecord()
    for record in accounts.values { total.add(record) }
    return GetLagResponse(
      total: LagSummary(total, account: ""),
      accounts: accounts.sorted { $0.key < $1.key }.map { LagSummary($0.value, account: $0.key) },
      webhook: LagSummary(hooks, account: ""))
  }

  func getBacklog(
    _ request: GetBacklogRequest, context: ServerContext
  ) async throws -> GetBacklogResponse {
    let counts = try await store.counts()
    // Until all is known that numbers are worked out from, nobody can say that nothing waits.
    var pending = await gateway.planner.isReady ? 0 : 1
    var dead = 0
    for pusher in await gateway.planner.allPushers {
      let some = await pusher.counts()
      pending += some.pending
      dead += some.dead
    }
    return GetBacklogResponse(
      inboxCount: counts.waiting, pushCount: Int64(pending), deadCount: counts.dead + Int64(dead),
      quarantinedCount: counts.quarantined, poolSequence: await gateway.planner.sequence,
      noticeCount: counts.notices)
  }
}

extension LagSummary {
  init(_ record: LatencyRecord, account: String) {
    self.init(
      accountID: account, count: Int64(record.count), p50: record.quantile(0.5),
      p95: record.quantile(0.95), p99: record.quantile(0.99), maximum: record.maximum)
  }
}
