internal import GatewayDomain
internal import Primitives

/// How long pushes and webhooks took: since the gateway started, and of late.
actor LagBook {
  private struct Recent {
    var channel: ChannelID
    /// Since the last time that there were enough.
    var record = LatencyRecord()
    /// What 95 of 100 pushes did not exceed then.
    var lag: Duration?
  }

  private var accounts: [String: LatencyRecord] = [:]
  private var recent: [AccountID: Recent] = [:]
  private var hooks = LatencyRecord()

  func addPush(_ span: Duration, account: AccountID, channel: ChannelID) {
    accounts[account.text, default: LatencyRecord()].add(span)
    recent[account, default: Recent(channel: channel)].record.add(span)
  }

  func addHook(_ span: Duration) { hooks.add(span) }

  func all() -> (accounts: [String: LatencyRecord], hooks: LatencyRecord) { (accounts, hooks) }

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
