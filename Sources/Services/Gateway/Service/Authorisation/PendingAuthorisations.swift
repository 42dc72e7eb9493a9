internal import Kit
internal import Primitives

/// Merchants who are on their way to their channels' pages. They are kept in memory: who comes back after a restart starts
/// anew, and no secret lies about for them.
actor PendingAuthorisations {
  struct Entry: Sendable {
    var connection: ConnectionRow
    var displayName: String
    var redirectURL: String
    var expireTime: Timestamp
  }

  private let clock: any WallClock
  private var entries: [String: Entry] = [:]

  init(clock: any WallClock) {
    self.clock = clock
  }

  /// Returns what stands for it on the way: nobody can guess it. One that was started before for the same account is over, and
  /// when there are too many, the oldest.
  func start(
    _ connection: ConnectionRow, _ displayName: String, redirectURL: String
  ) -> (state: String, expireTime: Timestamp) {
    let now = clock.now()
    entries = entries.filter {
      $0.value.expireTime > now
        && $0.value.connection.account.accountID != connection.account.accountID
    }
    if entries.count >= GatewayLimits.authorisationsAtOnce,
      let oldest = entries.min(by: { $0.value.expireTime < $1.value.expireTime })
    {
      entries[oldest.key] = nil
    }
    let state = Hex.encode(SecureRandom.bytes(GatewayLimits.authorisationStateBytes))
    let expireTime = now + GatewayLimits.authorisationLife
    entries[state] = Entry(
      connection: connection, displayName: displayName, redirectURL: redirectURL,
      expireTime: expireTime)
    return (state, expireTime)
  }

  /// What was started under `state` for the channel; good once, whatever comes of it.
  func take(_ state: String, of channelID: ChannelID) -> Entry? {
    guard let entry = entries[state], entry.connection.account.channelID == channelID else {
      return nil
    }
    entries[state] = nil
    return entry.expireTime > clock.now() ? entry : nil
  }
}
