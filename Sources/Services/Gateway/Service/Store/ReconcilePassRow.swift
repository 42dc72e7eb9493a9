internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// How far a pass is, so that a restart goes on with it.
struct ReconcilePassRow: Sendable, Equatable {
  var pass: ReconcilePass
  /// Up to where it is, in the order of reading.
  var cursor: ReadingPlace
  /// When the pass before began.
  var previousStartTime: Timestamp?
}

/// A place in the order in which listings are read: those that go into one call stand together.
struct ReadingPlace: Sendable, Equatable, Comparable {
  var key = ""
  var listingID = ListingID(trusted: "")

  /// After all others: no ID is as long, and none begins with a control character.
  static let last = ReadingPlace(key: "\u{10FFFF}")

  static func < (left: ReadingPlace, right: ReadingPlace) -> Bool {
    left.key != right.key ? left.key < right.key : left.listingID < right.listingID
  }
}

extension GatewayStore {
  func pass(of accountID: AccountID) async throws -> ReconcilePassRow? {
    try await read { transaction in
      try transaction.first(
        """
        SELECT start_time, finish_time, listing_count, done_count, drift_count, is_asked, cursor_key,
          cursor_listing_id, previous_start_time
        FROM reconcile_pass WHERE account_id = ?
        """,
        [.id(accountID)]
      ) { row in
        var pass = ReconcilePass(
          startTime: row.time(0), listingCount: Int(row.int64(2)), isAsked: row.bool(5))
        pass.finishTime = row.optionalTime(1)
        pass.doneCount = Int(row.int64(3))
        pass.driftCount = Int(row.int64(4))
        return ReconcilePassRow(
          pass: pass, cursor: ReadingPlace(key: row.text(6), listingID: row.id(7)),
          previousStartTime: row.optionalTime(8))
      }
    }
  }

  func save(_ row: ReconcilePassRow, of accountID: AccountID) async throws {
    _ = try await write { transaction in
      try transaction.execute(
        """
        INSERT INTO reconcile_pass (account_id, start_time, finish_time, listing_count, done_count,
          drift_count, is_asked, cursor_key, cursor_listing_id, previous_start_time)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (account_id) DO UPDATE SET start_time = excluded.start_time,
          finish_time = excluded.finish_time, listing_count = excluded.listing_count,
          done_count = excluded.done_count, drift_count = excluded.drift_count,
          is_asked = excluded.is_asked, cursor_key = excluded.cursor_key,
          cursor_listing_id = excluded.cursor_listing_id,
          previous_start_time = excluded.previous_start_time
        """,
        [
          .id(accountID), .time(row.pass.startTime), .time(row.pass.finishTime),
          .int(row.pass.listingCount), .int(row.pass.doneCount), .int(row.pass.driftCount),
          .bool(row.pass.isAsked), .text(row.cursor.key), .id(row.cursor.listingID),
          .time(row.previousStartTime),
        ])
    }
  }
}
