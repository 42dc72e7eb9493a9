internal import ChannelAdapter
internal import Foundation
internal import Kit
internal import Primitives
internal import StorageCore

/// How an account is reached, with its secrets in the clear: never logged, never sent.
struct ConnectionRow: Sendable, Equatable {
  var account: ChannelAccount
  /// 0 for the adapter's own figure.
  var callsPerSecond: Double
  var locationID: String
  var updateTime: Timestamp
  /// When it was connected first.
  var connectTime: Timestamp
}

extension ConnectionRow {
  /// What is known stays where `wanted` says nothing.
  func merged(with wanted: ConnectionRow) -> ConnectionRow {
    var merged = self
    merged.account.credentials.merge(wanted.account.credentials) { _, new in new }
    if !wanted.account.baseURL.isEmpty { merged.account.baseURL = wanted.account.baseURL }
    if !wanted.locationID.isEmpty { merged.locationID = wanted.locationID }
    merged.callsPerSecond = wanted.callsPerSecond
    merged.updateTime = max(wanted.updateTime, updateTime)
    return merged
  }
}

extension GatewayStore {
  func connections(_ keys: KeyRing) async throws -> [ConnectionRow] {
    try await read { transaction in
      let box = keys.box
      return try transaction.rows(
        """
        SELECT account_id, channel_id, external_id, base_url, calls_per_second, location_id,
          credentials, update_time, connect_time
        FROM connection ORDER BY account_id
        """
      ) { row in
        let accountID = row.id(0, as: AccountID.self)
        let sealed = try box.open(row.bytes(6), context: accountID.text)
        return ConnectionRow(
          account: ChannelAccount(
            accountID: accountID, channelID: row.id(1), externalID: row.text(2),
            baseURL: row.text(3), credentials: try Credentials.decode(sealed)),
          callsPerSecond: row.double(4), locationID: row.text(5), updateTime: row.time(7),
          connectTime: row.time(8))
      }
    }
  }

  func save(_ connection: ConnectionRow, _ keys: KeyRing) async throws {
    try await write { try $0.save(connection, keys) }
  }
}

extension Transaction {
  /// An older row never replaces a newer one: tokens may have been refreshed since it was read.
  func save(_ connection: ConnectionRow, _ keys: KeyRing) throws {
    let account = connection.account
    // Here and not before the transaction: after one that seals all anew, nothing comes with an older key.
    let sealed = keys.box.seal(
      try Credentials.encode(account.credentials), context: account.accountID.text)
    try execute(
      """
      INSERT INTO connection (account_id, channel_id, external_id, base_url, calls_per_second,
        location_id, credentials, update_time, connect_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (account_id) DO UPDATE SET base_url = excluded.base_url,
        calls_per_second = excluded.calls_per_second, location_id = excluded.location_id,
        credentials = excluded.credentials, update_time = excluded.update_time
      WHERE connection.update_time <= excluded.update_time
      """,
      [
        .id(account.accountID), .id(account.channelID), .text(account.externalID),
        .text(account.baseURL), .real(connection.callsPerSecond), .text(connection.locationID),
        .blob(sealed), .time(connection.updateTime), .time(connection.connectTime),
      ])
  }
}

extension Transaction {
  /// Seals all credentials anew, each as it is.
  ///
  /// - Returns: how many, and with what.
  func reseal(_ keys: KeyRing) throws -> (count: Int, box: SecretBox) {
    let box = keys.box
    let all = try rows("SELECT account_id, credentials FROM connection") {
      (accountID: $0.text(0), sealed: $0.bytes(1))
    }
    for (accountID, sealed) in all {
      let secret = try box.open(sealed, context: accountID)
      try execute(
        "UPDATE connection SET credentials = ? WHERE account_id = ?",
        [.blob(box.seal(secret, context: accountID)), .text(accountID)])
    }
    return (all.count, box)
  }
}

/// Credentials as one text, to be sealed.
enum Credentials {
  static func encode(_ credentials: [String: String]) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return [UInt8](try encoder.encode(credentials))
  }

  static func decode(_ bytes: [UInt8]) throws -> [String: String] {
    try JSONDecoder().decode([String: String].self, from: Data(bytes))
  }
}
