internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// A listing that showed another number than it should, though nothing was on its way.
struct DriftRow: Sendable, Equatable {
  var driftID: Int64 = 0
  var accountID: AccountID
  var listingID: ListingID
  var should: Quantity
  /// Nil when the channel does not know the listing.
  var shown: Quantity?
  var cause: String
  var firstTime: Timestamp
  var lastTime: Timestamp
  /// How often it was set right.
  var correctionCount: Int64 = 0
  var endTime: Timestamp?
}

extension DriftRow {
  static let columns = """
    drift_id, account_id, listing_id, should_count, shown_count, cause, first_time, last_time,
    correction_count, end_time
    """

  init(_ row: any Row) {
    driftID = row.int64(0)
    accountID = row.id(1)
    listingID = row.id(2)
    should = row.int64(3)
    shown = row.optionalInt64(4)
    cause = row.text(5)
    firstTime = row.time(6)
    lastTime = row.time(7)
    correctionCount = row.int64(8)
    endTime = row.optionalTime(9)
  }
}

extension GatewayMigrations {
  static let drifts = """
    CREATE TABLE drift (
      drift_id BIGINT NOT NULL PRIMARY KEY,
      account_id TEXT NOT NULL,
      listing_id TEXT NOT NULL,
      should_count BIGINT NOT NULL,
      shown_count BIGINT,
      cause TEXT NOT NULL,
      first_time BIGINT NOT NULL,
      last_time BIGINT NOT NULL,
      correction_count BIGINT NOT NULL,
      end_time BIGINT
    );
    CREATE UNIQUE INDEX drift_open ON drift (listing_id) WHERE end_time IS NULL;
    CREATE INDEX drift_of_account ON drift (account_id, drift_id);
    CREATE INDEX drift_of_listing ON drift (listing_id, end_time);
    CREATE INDEX drift_ended ON drift (end_time) WHERE end_time IS NOT NULL;
    CREATE TABLE reconcile_pass (
      account_id TEXT NOT NULL PRIMARY KEY,
      start_time BIGINT NOT NULL,
      finish_time BIGINT,
      listing_count BIGINT NOT NULL,
      done_count BIGINT NOT NULL,
      drift_count BIGINT NOT NULL,
      is_asked BIGINT NOT NULL,
      cursor_key TEXT NOT NULL,
      cursor_listing_id TEXT NOT NULL,
      previous_start_time BIGINT
    );
    """
}

extension Transaction {
  /// Opens a drift, or brings the open one of its listing up to date; returns its number. The alert goes with it.
  func save(_ drift: DriftRow, _ message: String, now: Timestamp) throws -> Int64 {
    var driftID = drift.driftID
    if driftID == 0 {
      driftID = try advance("drift")
      try execute(
        """
        INSERT INTO drift (\(DriftRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
        """,
        [
          .integer(driftID), .id(drift.accountID), .id(drift.listingID), .integer(drift.should),
          .integer(drift.shown), .text(drift.cause), .time(drift.firstTime), .time(drift.lastTime),
          .integer(drift.correctionCount),
        ])
    } else {
      try execute(
        """
        UPDATE drift SET should_count = ?, shown_count = ?, cause = ?, last_time = ?,
          correction_count = ?
        WHERE drift_id = ? AND end_time IS NULL
        """,
        [
          .integer(drift.should), .integer(drift.shown), .text(drift.cause), .time(drift.lastTime),
          .integer(drift.correctionCount), .integer(driftID),
        ])
    }
    try raise(.drift, about: drift.listingID.text, account: drift.accountID, message, now: now)
    return driftID
  }

  func endDrift(_ drift: DriftRow, now: Timestamp) throws {
    try execute(
      "UPDATE drift SET end_time = ? WHERE drift_id = ? AND end_time IS NULL",
      [.time(now), .integer(drift.driftID)])
    try resolve(.drift, about: drift.listingID.text, account: drift.accountID, now: now)
  }
}

extension GatewayStore {
  /// Drifts, the newest first.
  func drifts(
    of accountID: String, includeEnded: Bool, before driftID: Int64, limit: Int
  ) async throws -> [DriftRow] {
    try await read { transaction in
      var sql = "SELECT \(DriftRow.columns) FROM drift WHERE drift_id < ?"
      var values: [SQLValue] = [.integer(driftID)]
      if !includeEnded { sql += " AND end_time IS NULL" }
      if !accountID.isEmpty {
        sql += " AND account_id = ?"
        values.append(.text(accountID))
      }
      return try transaction.rows(
        sql + " ORDER BY drift_id DESC LIMIT ?", values + [.int(limit)]
      ) { DriftRow($0) }
    }
  }

  /// All open drifts of an account.
  func openDrifts(of accountID: AccountID) async throws -> [DriftRow] {
    try await read { transaction in
      try transaction.rows(
        "SELECT \(DriftRow.columns) FROM drift WHERE account_id = ? AND end_time IS NULL",
        [.id(accountID)]
      ) { DriftRow($0) }
    }
  }

  /// How often a listing was set right, seen to be right, and differed again, since `time`.
  func undoneCount(of listingID: ListingID, since time: Timestamp) async throws -> Int {
    try await read { transaction in
      let count = try transaction.int64(
        """
        SELECT COUNT(*) FROM drift WHERE listing_id = ? AND end_time > ? AND correction_count > 0
        """,
        [.id(listingID), .time(time)])
      return Int(count ?? 0)
    }
  }

  /// Forgets a bounded number of drifts that ended before `time`.
  func pruneDrifts(endedBefore time: Timestamp) async throws {
    let isAny = try await read {
      try $0.exists("SELECT 1 FROM drift WHERE end_time < ? LIMIT 1", [.time(time)])
    }
    guard isAny else { return }
    _ = try await write { transaction in
      try transaction.execute(
        """
        DELETE FROM drift WHERE drift_id IN (
          SELECT drift_id FROM drift WHERE end_time < ? ORDER BY end_time LIMIT ?)
        """,
        [.time(time), .int(GatewayLimits.storePage)])
    }
  }
}
