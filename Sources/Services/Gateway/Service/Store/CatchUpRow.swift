internal import Foundation
internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// A time in which channels were not listened to, and what it has cost.
struct CatchUpRow: Sendable, Equatable {
  var catchUpID: Int64
  /// The last time that all was well, of the account that was away the longest.
  var startTime: Timestamp
  /// When the gateway began to catch up.
  var beginTime: Timestamp
  /// When the verdict was given.
  var finishTime: Timestamp?
  var verdict: CatchUpVerdict

  static let columns = "catch_up_id, start_time, begin_time, finish_time, verdict"

  init(catchUpID: Int64, startTime: Timestamp, beginTime: Timestamp, verdict: CatchUpVerdict) {
    self.catchUpID = catchUpID
    self.startTime = startTime
    self.beginTime = beginTime
    self.verdict = verdict
  }

  init(_ row: any Row) {
    catchUpID = row.int64(0)
    startTime = row.time(1)
    beginTime = row.time(2)
    finishTime = row.optionalTime(3)
    let known = try? JSONDecoder().decode(CatchUpVerdict.self, from: Data(row.bytes(4)))
    verdict = known ?? CatchUpVerdict()
  }
}

extension GatewayStore {
  /// The newest first.
  func catchUps(before id: Int64, limit: Int) async throws -> [CatchUpRow] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT \(CatchUpRow.columns) FROM catch_up
        WHERE catch_up_id < ? AND finish_time IS NOT NULL ORDER BY catch_up_id DESC LIMIT ?
        """,
        [.integer(id), .int(limit)]
      ) { CatchUpRow($0) }
    }
  }

  func catchUp(_ id: Int64) async throws -> CatchUpRow? {
    try await read { transaction in
      try transaction.first(
        """
        SELECT \(CatchUpRow.columns) FROM catch_up
        WHERE catch_up_id = ? AND finish_time IS NOT NULL
        """, [.integer(id)]
      ) { CatchUpRow($0) }
    }
  }

  /// The one that no verdict was given on, if the gateway stopped in the middle.
  func openCatchUp() async throws -> CatchUpRow? {
    try await read { transaction in
      try transaction.first(
        """
        SELECT \(CatchUpRow.columns) FROM catch_up WHERE finish_time IS NULL
        ORDER BY catch_up_id DESC LIMIT 1
        """
      ) { CatchUpRow($0) }
    }
  }

  /// What it found and has not taken in.
  func openChanges(of catchUp: Int64) async throws -> [PolledChange] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT i.inbox_id, i.account_id, i.kind, i.subject, i.order_id, i.update_time
        FROM catch_up_event e JOIN inbox i ON i.inbox_id = e.inbox_id
        WHERE e.catch_up_id = ? AND i.state IN ('waiting', 'retrying')
        """,
        [.integer(catchUp)]
      ) { row in
        let event = OpenEvent(row)
        let job = WorkScheduler.Job(
          id: event.inboxID, accountID: event.accountID, key: event.key)
        return PolledChange(job: job, updateTime: row.time(5))
      }
    }
  }

  /// Begins one, with a number of its own.
  func beginCatchUp(_ startTime: Timestamp, _ verdict: CatchUpVerdict) async throws -> CatchUpRow {
    let now = clock.now()
    return try await write { transaction in
      let row = CatchUpRow(
        catchUpID: try transaction.advance("catch_up"), startTime: startTime, beginTime: now,
        verdict: verdict)
      try transaction.save(row)
      return row
    }
  }

  func save(_ catchUp: CatchUpRow) async throws {
    try await write { try $0.save(catchUp) }
  }

  /// Keeps the verdict, or forgets one on which there is nothing to say; what it was made of is no longer needed.
  func finish(_ catchUp: CatchUpRow, isKept: Bool) async throws {
    try await write { transaction in
      try transaction.save(catchUp)
      try transaction.execute(
        "DELETE FROM catch_up_event WHERE catch_up_id <= ?", [.integer(catchUp.catchUpID)])
      try transaction.execute(
        "DELETE FROM catch_up WHERE catch_up_id <= ?",
        [.integer(catchUp.catchUpID - (isKept ? GatewayLimits.catchUpsKept : 0))])
    }
  }

  /// What each account had to tell.
  func catchUpCounts(
    _ catchUp: Int64
  ) async throws -> [(accountID: String, orders: Int64, changes: Int64, applied: Int64)] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT e.account_id, COUNT(DISTINCT CASE WHEN e.is_new_order = 1 THEN e.order_id END),
          COUNT(*), SUM(CASE WHEN i.state IN ('waiting', 'retrying', 'dead') THEN 0 ELSE 1 END)
        FROM catch_up_event e LEFT JOIN inbox i ON i.inbox_id = e.inbox_id
        WHERE e.catch_up_id = ? GROUP BY e.account_id
        """,
        [.integer(catchUp)]
      ) { ($0.text(0), $0.int64(1), $0.int64(2), $0.int64(3)) }
    }
  }

  /// Units of the orders that each account had not told of.
  func catchUpUnits(_ catchUp: Int64) async throws -> [String: Int64] {
    let rows = try await read { transaction in
      try transaction.rows(
        """
        SELECT o.account_id, SUM(l.quantity - l.cancelled_count) FROM order_line l
        JOIN channel_order o ON o.order_id = l.order_id
        WHERE o.state IN ('open', 'shipped') AND o.order_id IN (
          SELECT order_id FROM catch_up_event WHERE catch_up_id = ? AND is_new_order = 1)
        GROUP BY o.account_id
        """,
        [.integer(catchUp)]
      ) { ($0.text(0), $0.int64(1)) }
    }
    return Dictionary(rows, uniquingKeysWith: +)
  }

  /// Orders that were found to have taken what was not there since then, whoever told of them.
  func oversoldOrders(since time: Timestamp) async throws -> [String] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT DISTINCT subject FROM alert WHERE kind = ? AND update_time >= ?
        ORDER BY subject LIMIT ?
        """,
        [.text(AlertKind.oversold.rawValue), .time(time), .int(GatewayLimits.judgedOrders)]
      ) { $0.text(0) }
    }
  }
}

extension Transaction {
  fileprivate func save(_ catchUp: CatchUpRow) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try execute(
      """
      INSERT INTO catch_up (\(CatchUpRow.columns)) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (catch_up_id) DO UPDATE SET start_time = excluded.start_time,
        finish_time = excluded.finish_time, verdict = excluded.verdict
      """,
      [
        .integer(catchUp.catchUpID), .time(catchUp.startTime), .time(catchUp.beginTime),
        .time(catchUp.finishTime), .blob([UInt8](try encoder.encode(catchUp.verdict))),
      ])
  }
}
