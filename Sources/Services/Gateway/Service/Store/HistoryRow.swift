internal import Primitives
internal import StorageCore

/// One thing that happened to a listing's number: it was pushed, or read.
struct HistoryRow: Sendable, Equatable {
  enum Kind: String, Sendable { case read, acknowledged, stale, retry, locked, refused }

  var listingID: ListingID
  /// When the channel answered.
  var time: Timestamp
  var kind: Kind
  /// What it showed, or was sent.
  var quantity: Quantity
  /// What it should have shown then, by what the gateway knew.
  var wanted: Quantity
  /// Units that the push left out since the channel seemed to have sold them.
  var unseenCount: Quantity = 0
  /// The pool's sequence behind `wanted`.
  var poolVersion: Int64
  var sendTime: Timestamp?
  /// The commit of the oldest change that the push answers; nil when it answers none.
  var commitTime: Timestamp?
  /// What the channel said against it.
  var text = ""
}

extension HistoryRow {
  static let columns = """
    listing_id, time, kind, quantity, wanted_count, unseen_count, pool_version, send_time,
    commit_time, text
    """

  init(_ row: any Row) {
    listingID = row.id(0)
    time = row.time(1)
    kind = Kind(rawValue: row.text(2)) ?? .read
    quantity = row.int64(3)
    wanted = row.int64(4)
    unseenCount = row.int64(5)
    poolVersion = row.int64(6)
    sendTime = row.optionalTime(7)
    commitTime = row.optionalTime(8)
    text = row.text(9)
  }
}

extension Transaction {
  func append(_ history: [HistoryRow]) throws {
    for row in history {
      try execute(
        "INSERT INTO listing_history (\(HistoryRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
          .id(row.listingID), .time(row.time), .text(row.kind.rawValue), .integer(row.quantity),
          .integer(row.wanted), .integer(row.unseenCount), .integer(row.poolVersion),
          .time(row.sendTime), .time(row.commitTime), .text(row.text.kept),
        ])
    }
  }
}

extension GatewayStore {
  /// What happened to a listing up to `time`, the newest first.
  func history(
    of listingID: ListingID, upTo time: Timestamp, limit: Int
  ) async throws -> [HistoryRow] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT \(HistoryRow.columns) FROM listing_history WHERE listing_id = ? AND time <= ?
        ORDER BY time DESC LIMIT ?
        """,
        [.id(listingID), .time(time), .int(limit)]
      ) { HistoryRow($0) }
    }
  }

  /// The last moment at which the channel was known to show a number, up to `time`.
  func lastShown(
    _ listingID: ListingID, upTo time: Timestamp
  ) async throws -> HistoryRow? {
    try await read { transaction in
      try transaction.first(
        """
        SELECT \(HistoryRow.columns) FROM listing_history
        WHERE listing_id = ? AND time <= ? AND kind IN ('read', 'acknowledged')
        ORDER BY time DESC LIMIT 1
        """,
        [.id(listingID), .time(time)]
      ) { HistoryRow($0) }
    }
  }

  /// Forgets a bounded number of rows from before `time`.
  func pruneHistory(before time: Timestamp) async throws {
    let isAny = try await read {
      try $0.exists("SELECT 1 FROM listing_history WHERE time < ? LIMIT 1", [.time(time)])
    }
    guard isAny else { return }
    _ = try await write { transaction in
      // Up to the time of the row at the bound: rows have no number of their own.
      let bound = try transaction.first(
        "SELECT time FROM listing_history WHERE time < ? ORDER BY time LIMIT 1 OFFSET ?",
        [.time(time), .int(GatewayLimits.historyPrunedAtOnce)]
      ) { $0.time(0) }
      return try transaction.execute(
        "DELETE FROM listing_history WHERE time < ?", [.time(bound ?? time)])
    }
  }
}
