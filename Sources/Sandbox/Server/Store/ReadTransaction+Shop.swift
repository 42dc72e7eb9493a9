internal import Primitives
internal import StorageCore

extension ReadTransaction {
  func shop(_ key: Shop.Key) throws -> Shop? {
    try first(
      """
      SELECT hook_url, secrets, access_token, access_expire_time, previous_token,
        previous_expire_time, refresh_token, refresh_expire_time
      FROM shop WHERE channel = ? AND shop_id = ?
      """, key.values
    ) { row in
      Shop(
        key: key, hookURL: row.text(0), secrets: Self.secrets(row.text(1)),
        accessToken: row.text(2), accessExpireTime: row.time(3), previousToken: row.text(4),
        previousExpireTime: row.time(5), refreshToken: row.text(6), refreshExpireTime: row.time(7))
    }
  }

  func shopKeys() throws -> [Shop.Key] {
    try rows(
      "SELECT channel, shop_id FROM shop ORDER BY channel, shop_id LIMIT ?",
      [.integer(SandboxLimits.listedRows)]
    ) { row in Shop.Key(channel: Channel(rawValue: row.text(0)) ?? .shopee, shopID: row.text(1)) }
  }

  private static func secrets(_ text: String) -> [String: String] {
    var secrets: [String: String] = [:]
    for member in JSONValue(parsing: text)?.members ?? [] {
      secrets[member.name] = member.value.text
    }
    return secrets
  }
}

extension Shop.Key {
  /// What finds its rows: `channel = ? AND shop_id = ?`.
  var values: [SQLValue] { [.text(channel.rawValue), .text(shopID)] }
}

extension Transaction {
  func save(_ shop: Shop) throws {
    let secrets = JSONValue.object(
      shop.secrets.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) })
    try execute(
      """
      INSERT INTO shop (channel, shop_id, hook_url, secrets, access_token, access_expire_time,
        previous_token, previous_expire_time, refresh_token, refresh_expire_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (channel, shop_id) DO UPDATE SET hook_url = excluded.hook_url,
        secrets = excluded.secrets, access_token = excluded.access_token,
        access_expire_time = excluded.access_expire_time,
        previous_token = excluded.previous_token,
        previous_expire_time = excluded.previous_expire_time,
        refresh_token = excluded.refresh_token,
        refresh_expire_time = excluded.refresh_expire_time
      """,
      shop.key.values + [
        .text(shop.hookURL), .text(secrets.json), .text(shop.accessToken),
        .time(shop.accessExpireTime), .text(shop.previousToken), .time(shop.previousExpireTime),
        .text(shop.refreshToken), .time(shop.refreshExpireTime),
      ])
  }

  /// The next number of a counter; never given twice, not even after a reset.
  func next(_ counter: String) throws -> Int64 {
    try execute("UPDATE counter SET value = value + 1 WHERE name = ?", [.text(counter)])
    return try int64("SELECT value FROM counter WHERE name = ?", [.text(counter)]) ?? 1
  }
}
