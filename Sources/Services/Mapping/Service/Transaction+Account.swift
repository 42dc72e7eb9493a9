internal import MappingDomain
internal import Primitives
internal import StorageCore

extension ReadTransaction {
  func knownChannel(_ id: ChannelID) throws -> Channel? {
    try first("SELECT channel_id, display_name FROM channel WHERE channel_id = ?", [.id(id)]) {
      Channel(id: $0.id(0), displayName: $0.text(1))
    }
  }

  func channels(after id: String, limit: Int) throws -> [Channel] {
    try rows(
      "SELECT channel_id, display_name FROM channel WHERE channel_id > ? ORDER BY channel_id LIMIT ?",
      [.text(id), .int(limit)]
    ) { Channel(id: $0.id(0), displayName: $0.text(1)) }
  }

  /// - Throws: `MappingError.accountUnknown`.
  func account(_ id: AccountID) throws -> StoredAccount {
    guard let account = try knownAccount(id) else { throw MappingError.accountUnknown(id) }
    return account
  }

  func knownAccount(_ id: AccountID) throws -> StoredAccount? {
    try accounts("WHERE account_id = ?", [.id(id)]).first
  }

  /// Who has a shop, by the shop's own ID.
  func account(on channel: ChannelID, externalID: String) throws -> StoredAccount? {
    try accounts(
      "WHERE channel_id = ? AND external_id = ?", [.id(channel), .text(externalID)]
    ).first
  }

  func accounts(on channel: ChannelID?, after id: String, limit: Int) throws -> [StoredAccount] {
    guard let channel else {
      return try accounts(
        "WHERE account_id > ? ORDER BY account_id LIMIT ?", [.text(id), .int(limit)])
    }
    return try accounts(
      "WHERE channel_id = ? AND account_id > ? ORDER BY account_id LIMIT ?",
      [.id(channel), .text(id), .int(limit)])
  }

  private func accounts(_ condition: String, _ values: [SQLValue]) throws -> [StoredAccount] {
    try rows(
      """
      SELECT account_id, channel_id, display_name, external_id, create_time, update_time, version
      FROM account \(condition)
      """, values
    ) {
      StoredAccount(
        account: Account(
          id: $0.id(0), channelID: $0.id(1), displayName: $0.text(2), externalID: $0.text(3)),
        version: $0.int64(6), createTime: $0.time(4), updateTime: $0.time(5))
    }
  }
}

extension Transaction {
  func save(_ channel: Channel) throws {
    try execute(
      """
      INSERT INTO channel (channel_id, display_name) VALUES (?, ?)
      ON CONFLICT (channel_id) DO UPDATE SET display_name = excluded.display_name
      """,
      [.id(channel.id), .text(channel.displayName)])
  }

  func save(_ stored: StoredAccount) throws {
    let account = stored.account
    try execute(
      """
      INSERT INTO account
        (account_id, channel_id, display_name, external_id, create_time, update_time, version)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (account_id) DO UPDATE SET display_name = excluded.display_name,
        external_id = excluded.external_id, update_time = excluded.update_time,
        version = excluded.version
      """,
      [
        .id(account.id), .id(account.channelID), .text(account.displayName),
        account.externalID.isEmpty ? .null : .text(account.externalID), .time(stored.createTime),
        .time(stored.updateTime), .integer(stored.version),
      ])
  }
}
