internal import GatewayAPI
internal import GatewayDomain
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func getLag(_ request: GetLagRequest, context: ServerContext) async throws -> GetLagResponse {
    let (known, hooks) = await gateway.lag.all()
    let accounts = known.sorted { $0.key < $1.key }.map { (id: $0.key.text, lag: $0.value) }
    var total = LatencyRecord()
    for account in accounts { total.add(account.lag.acknowledged) }
    let now = store.clock.now()
    return GetLagResponse(
      total: LagSummary(total, account: ""),
      accounts: accounts.filter { $0.lag.acknowledged.count > 0 }.map {
        LagSummary($0.lag.acknowledged, account: $0.id)
      }, webhook: LagSummary(hooks, account: ""),
      readBacks: accounts.filter { $0.lag.readBack.count > 0 }.map {
        LagSummary($0.lag.readBack, account: $0.id)
      }, budgets: accounts.map { GatewayAPI.LagBudget($0.lag.budget, account: $0.id, now: now) })
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

extension GatewayAPI.LagBudget {
  init(_ budget: GatewayDomain.LagBudget, account: String, now: Timestamp) {
    let (all, late) = budget.counts(now: now)
    self.init(
      accountID: account, target: budget.goal.target, objective: budget.goal.objective,
      count: Int64(all), lateCount: Int64(late), left: budget.left(now: now))
  }
}

extension LagSummary {
  /// Nil without any.
  init?(_ spans: RecentSpans, account: String) {
    guard spans.count > 0 else { return nil }
    self.init(
      accountID: account, count: Int64(spans.count), p50: spans.quantile(0.5),
      p95: spans.quantile(0.95), p99: spans.quantile(0.99), maximum: spans.maximum)
  }

  init(_ record: LatencyRecord, account: String) {
    self.init(
      accountID: account, count: Int64(record.count), p50: record.quantile(0.5),
      p95: record.quantile(0.95), p99: record.quantile(0.99), maximum: record.maximum)
  }
}
