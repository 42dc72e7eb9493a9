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
  /// What the webhook has taken of it, and when it last did.
  var told: Told
  var tellTime: Timestamp?

  enum Told: String, Sendable {
    case nothing = ""
    case open, ended
  }

  static let columns = """
    alert_id, kind, subject, account_id, message, raise_count, create_time, update_time,
    resolve_time, told, tell_time
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
    told = Told(rawValue: row.text(9)) ?? .ended
    tellTime = row.optionalTime(10)
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

/// Which alerts are asked for.
struct AlertFilter: Sendable {
  var includeResolved = false
  /// Of these kinds; nil for all.
  var kinds: [String]?
  /// Of this account; empty for all.
  var accountID = ""
}

extension GatewayStore {
  /// Alerts, the newest first.
  func alerts(
    _ filter: AlertFilter, before alertID: Int64, limit: Int
  ) async throws -> [AlertRow] {
    try await read { transaction in
      var sql = "SELECT \(AlertRow.columns) FROM alert WHERE alert_id < ?"
      var values: [SQLValue] = [.integer(alertID)]
      if !filter.includeResolved { sql += " AND resolve_time IS NULL" }
      if let kinds = filter.kinds {
        sql += " AND kind IN (\(kinds.map { _ in "?" }.joined(separator: ", ")))"
        values += kinds.map { .text($0) }
      }
      if !filter.accountID.isEmpty {
        sql += " AND account_id = ?"
        values.append(.text(filter.accountID))
      }
      return try transaction.rows(
        sql + " ORDER BY alert_id DESC LIMIT ?", values + [.int(limit)]
      ) { AlertRow($0) }
    }
  }

  /// How many alerts of a kind and an account are open.
  func openAlertCounts() async throws -> [(kind: String, accountID: String, count: Int64)] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT kind, account_id, COUNT(*) FROM alert WHERE resolve_time IS NULL
        GROUP BY kind, account_id LIMIT ?
        """,
        [.int(GatewayLimits.storePage)]
      ) { ($0.text(0), $0.text(1), $0.int64(2)) }
    }
  }

  /// What the webhook is to be told now, the oldest first: what is new, what has ended, and what
  /// was told before `reminder` and is still open.
  func alertsToTell(before reminder: Timestamp, limit: Int) async throws -> [AlertRow] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT \(AlertRow.columns) FROM alert
        WHERE (resolve_time IS NULL OR told = 'open')
          AND (resolve_time IS NOT NULL OR told = '' OR tell_time <= ?)
        ORDER BY alert_id LIMIT ?
        """,
        [.time(reminder), .int(limit)]
      ) { AlertRow($0) }
    }
  }

  /// The webhook has taken these, as they were when they were read.
  func setTold(_ alerts: [AlertRow], now: Timestamp) async throws {
    try await write { transaction in
      for alert in alerts {
        let told: AlertRow.Told = alert.resolveTime == nil ? .open : .ended
        try transaction.execute(
          "UPDATE alert SET told = ?, tell_time = ? WHERE alert_id = ?",
          [.text(told.rawValue), .time(now), .integer(alert.alertID)])
      }
    }
  }

  /// Forgets a bounded number of alerts that ended before `time`, the oldest first.
  func pruneAlerts(endedBefore time: Timestamp) async throws {
    let condition = "resolve_time < ? AND told <> 'open'"
    let isAny = try await read {
      try $0.exists("SELECT 1 FROM alert WHERE \(condition) LIMIT 1", [.time(time)])
    }
    guard isAny else { return }
    _ = try await write { transaction in
      try transaction.execute(
        """
        DELETE FROM alert WHERE alert_id IN (
          SELECT alert_id FROM alert WHERE \(condition) ORDER BY resolve_time LIMIT ?)
        """,
        [.time(time), .int(GatewayLimits.storePage)])
    }
  }
}
