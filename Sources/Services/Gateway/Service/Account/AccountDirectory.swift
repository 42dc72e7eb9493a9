internal import ChannelAdapter
internal import Primitives

/// The connected accounts, in memory.
actor AccountDirectory {
  private var sessions: [AccountID: AccountSession] = [:]
  private var byShop: [String: AccountSession] = [:]

  /// The account's session, and whether it is a new one, made from `connection`.
  func connect(
    _ connection: ConnectionRow, _ adapter: any ChannelAdapter,
    _ surroundings: AccountSession.Surroundings
  ) -> (session: AccountSession, isNew: Bool) {
    let account = connection.account
    if let session = sessions[account.accountID] { return (session, false) }
    let session = AccountSession(connection, adapter: adapter, surroundings)
    sessions[account.accountID] = session
    byShop[Self.key(session.channelID, account.externalID)] = session
    return (session, true)
  }

  func session(_ accountID: AccountID) -> AccountSession? { sessions[accountID] }

  func session(_ channelID: ChannelID, shop: String) -> AccountSession? {
    byShop[Self.key(channelID, shop)]
  }

  func sessions(of channelID: ChannelID) -> [AccountSession] {
    all().filter { $0.channelID == channelID }
  }

  /// In the order of their accounts.
  func all() -> [AccountSession] { sessions.values.sorted { $0.accountID < $1.accountID } }

  private static func key(_ channelID: ChannelID, _ shop: String) -> String {
    "\(channelID)\n\(shop.lowercased())"
  }
}
