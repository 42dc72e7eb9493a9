internal import GatewayDomain
internal import Kit
internal import Primitives

/// Shows each account's lag on /metrics, and raises an alert where the error budget is used up.
struct LagWatch: Sendable {
  static let quantiles = [(share: 0.5, text: "0.5"), (0.95, "0.95"), (0.99, "0.99")]

  private let lag: LagBook
  private let alerts: AlertBook
  private let clock: any WallClock
  private let spans: Gauge
  private let budgets: Gauge

  init(lag: LagBook, alerts: AlertBook, clock: any WallClock, metrics: Metrics) {
    self.lag = lag
    self.alerts = alerts
    self.clock = clock
    spans = metrics.gauge(
      "onepool_gateway_lag_seconds",
      "What a share of pushes did not exceed, from the pool's commit to the channel's acknowledgement or until it was read back.",
      labels: ["account", "until", "quantile"])
    budgets = metrics.gauge(
      "onepool_gateway_lag_budget_left",
      "Share of the last hour's error budget that is left; below 0 when more was late than may be.",
      labels: ["account"])
  }

  func look() async {
    let now = clock.now()
    for (accountID, known) in await lag.all().accounts {
      for (until, record) in [("acknowledged", known.acknowledged), ("read_back", known.readBack)]
      where record.count > 0 {
        for (share, text) in Self.quantiles {
          spans.set(record.quantile(share).inSeconds, [accountID.text, until, text])
        }
      }
      let left = known.budget.left(now: now)
      budgets.set(left, [accountID.text])
      let (all, late) = known.budget.counts(now: now)
      if left < 0, all >= GatewayLimits.budgetPushes {
        let goal = known.budget.goal
        await alerts.raise(
          .lagOverBudget, about: accountID.text, account: accountID,
          "Of the last hour's \(all) pushes of \(accountID), \(late) took longer than "
            + "\(goal.target.inSeconds) s; \(goal.objective) of them may not.")
      } else if left >= 0 {
        await alerts.resolve(.lagOverBudget, about: accountID.text, account: accountID)
      }
    }
  }
}
