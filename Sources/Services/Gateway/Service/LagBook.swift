internal import GatewayDomain
internal import Primitives

/// How long pushes and webhooks took: since the gateway started, and of late.
actor LagBook {
  /// What is known of one account.
  struct AccountLag: Sendable {
    /// From the pool's commit to the channel's acknowledgement.
    var acknowledged = LatencyRecord()
    /// From the pool's commit until the channel was seen to show the number.
    var readBack = LatencyRecord()
    var budget: LagBudget
  }

  private struct Recent {
    var channel: ChannelID
    /// Since the last time that there were enough.
    var record = LatencyRecord()
    /// What 95 of 100 pushes did not exceed then.
    var lag: Duration?
  }

  private let goal: LagBudget.Goal
  private let clock: any WallClock
  private var accounts: [AccountID: AccountLag] = [:]
  private var recent: [AccountID: Recent] = [:]
  private var hooks = LatencyRecord()

  init(goal: LagBudget.Goal, clock: any WallClock) {
    self.goal = goal
    self.clock = clock
  }

  func addPush(_ span: Duration, account: AccountID, channel: ChannelID) {
    accounts[account, default: fresh].acknowledged.add(span)
    accounts[account]?.budget.add(span, now: clock.now())
    recent[account, default: Recent(channel: channel)].record.add(span)
  }

  func addReadBack(_ span: Duration, account: AccountID) {
    accounts[account, default: fresh].readBack.add(span)
  }

  func addHook(_ span: Duration) { hooks.add(span) }

  func all() -> (accounts: [AccountID: AccountLag], hooks: LatencyRecord) { (accounts, hooks) }

  private var fresh: AccountLag { AccountLag(budget: LagBudget(goal)) }

  /// The lag of each channel: that of its slowest account. An account with few pushes since the last time keeps what it had.
  func channelLags() -> [ChannelID: Duration] {
    var lags: [ChannelID: Duration] = [:]
    for account in recent.keys {
      if let record = recent[account]?.record, record.count >= GatewayLimits.lagPushes {
        recent[account]?.lag = record.quantile(0.95)
        recent[account]?.record = LatencyRecord()
      }
      guard let known = recent[account], let lag = known.lag else { continue }
      lags[known.channel] = max(lags[known.channel] ?? .zero, lag)
    }
    return lags
  }
}
