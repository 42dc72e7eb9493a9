internal import GatewayDomain
internal import Kit
internal import Primitives
internal import StorageCore

/// Something that an operator must know.
struct AlertRow: Sendable {
  var alertID: Int64
  var kind: String
  var subject: String
  var accountID: String
  var message: String
  var raiseCount: Int64
  var createTime: Timestamp
  var updateTime: Timestamp
  var resolveTime: Timestamp?

  static let columns = """
    alert_id, kind, subject, account_id, message, raise_count, create_time, update_time,
    resolve_time
    """

  init(_ row: any Row) {
    alertID = row.int64(0)
    kind = row.text(1)
    subject = row.text(2)
    accountID = row.text(3)
    message = row.text(4)
    raiseCount = row.int64(5)
    createTime = row.time(6)
    updateTime = row.time(7)
    resolveTime = row.optionalTime(8)
  }
}

extension Transaction {
  /// Raises an alert; one that is open counts up.
  func raise(
    _ kind: AlertKind, about subject: String, account: AccountID?, _ message: String,
    now: Timestamp
  ) throws {
    let key: [SQLValue] = [.text(kind.rawValue), .text(account?.text ?? ""), .text(subject)]
    let changed = try execute(
      """
      UPDATE alert SET raise_count = raise_count + 1, update_time = ?, message = ?
      WHERE kind = ? AND account_id = ? AND subject = ? AND resolve_time IS NULL
      """,
      [.time(now), .text(message.kept)] + key)
    guard changed == 0 else { return }
    try execute(
      """
      INSERT INTO alert (alert_id, kind, account_id, subject, message, raise_count, create_time,
        update_time)
      VALUES (?, ?, ?, ?, ?, 1, ?, ?)
      """,
      [.integer(try advance("alert"))] + key + [.text(message.kept), .time(now), .time(now)])
  }

  /// Ends the open alert of a kind about something, if there is one.
  func resolve(
    _ kind: AlertKind, about subject: String, account: AccountID?, now: Timestamp
  ) throws {
    try execute(
      """
      UPDATE alert SET resolve_time = ?
      WHERE kind = ? AND account_id = ? AND subject = ? AND resolve_time IS NULL
      """,
      [.time(now), .text(kind.rawValue), .text(account?.text ?? ""), .text(subject)])
  }
}

extension ReadTransaction {
  func alert(_ alertID: Int64) throws -> AlertRow? {
    try first(
      "SELECT \(AlertRow.columns) FROM alert WHERE alert_id = ?", [.integer(alertID)]
    ) { AlertRow($0) }
  }
}

extension GatewayStore {
  func alerts(
    includeResolved: Bool, before alertID: Int64, limit: Int
  ) async throws -> [AlertRow] {
    try await read { transaction in
      let open = includeResolved ? "" : "AND resolve_time IS NULL"
      return try transaction.rows(
        """
        SELECT \(AlertRow.columns) FROM alert WHERE alert_id < ? \(open)
        ORDER BY alert_id DESC LIMIT ?
        """,
        [.integer(alertID), .int(limit)]
      ) { AlertRow($0) }
    }
  }
}
