internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives
internal import StorageCore

extension Transaction {
  /// Tells of an event that was stored now and that somebody should look at: once for each account and kind of
  /// trouble, however many come.
  func raiseAlert(about incoming: IncomingEvent, _ inboxID: Int64, _ now: Timestamp) throws {
    let account = incoming.accountID
    switch incoming.event.kind {
    case .order, .return, .other: return
    case .unknown:
      try raise(
        .eventUnknown, about: incoming.event.topic, account: account,
        "\(account) sends events of the code \(incoming.event.topic), which nobody knows; the newest is event "
          + "\(inboxID).", now: now)
    case .deauthorised:
      try raise(
        .accountSuspended, about: account.text, account: account,
        AccountSession.suspension(of: account, AccountSession.deauthorised), now: now)
    case .unreadable:
      try raise(
        .eventUnreadable, about: account.text, account: account,
        "\(account) sends events that cannot be read; the newest is event \(inboxID): \(incoming.problem)",
        now: now)
    }
  }
}
