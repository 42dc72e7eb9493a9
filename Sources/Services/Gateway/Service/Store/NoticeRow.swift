internal import Kit
internal import Primitives
internal import StorageCore

/// What a channel is to be told, once.
struct NoticeRow: Sendable {
  enum Kind: String, Sendable {
    case shipped, returned, ready, uncollected

    /// An order may wait for its customer, and wait in vain, more than once; the body tells the times apart.
    var mayHappenAgain: Bool { self == .ready || self == .uncollected }
  }

  var noticeID: Int64
  var accountID: AccountID
  var kind: Kind
  /// The order or return.
  var subject: String
  var body: [UInt8]
  var attemptCount: Int

  init(_ row: any Row) {
    noticeID = row.int64(0)
    accountID = row.id(1)
    kind = Kind(rawValue: row.text(2)) ?? .shipped
    subject = row.text(3)
    body = row.bytes(4)
    attemptCount = row.int(5)
  }
}

extension Transaction {
  /// Queues a notice; one about the same subject is queued only once, unless it has happened again.
  func queueNotice(
    _ kind: NoticeRow.Kind, about subject: String, account: AccountID, body: [UInt8],
    now: Timestamp
  ) throws -> Bool {
    let known = try first(
      "SELECT body FROM notice WHERE kind = ? AND subject = ?",
      [.text(kind.rawValue), .text(subject)]
    ) { $0.bytes(0) }
    if let known, !kind.mayHappenAgain || known == body { return false }
    try execute(
      """
      INSERT INTO notice (notice_id, account_id, kind, subject, body, state, attempt_count,
        last_error, create_time)
      VALUES (?, ?, ?, ?, ?, 'waiting', 0, '', ?)
      ON CONFLICT (kind, subject) DO UPDATE SET body = excluded.body, state = 'waiting',
        attempt_count = 0, last_error = '', create_time = excluded.create_time, finish_time = NULL
      """,
      [
        .integer(try advance("notice")), .id(account), .text(kind.rawValue), .text(subject),
        .blob(body), .time(now),
      ])
    return true
  }

  /// An order does not wait for its customer any more: its channel need not hear that it did.
  func forgetReady(_ subject: String, now: Timestamp) throws {
    try execute(
      """
      UPDATE notice SET state = 'done', finish_time = ?
      WHERE kind = 'ready' AND subject = ? AND state = 'waiting'
      """,
      [.time(now), .text(subject)])
  }

  /// Says how a notice that waited stands now; one that was forgotten while it was told stays so.
  func setNotice(_ noticeID: Int64, state: String, error: String, now: Timestamp) throws {
    try execute(
      """
      UPDATE notice SET state = ?, attempt_count = attempt_count + 1, last_error = ?, finish_time = ?
      WHERE notice_id = ? AND state = 'waiting'
      """,
      [
        .text(state), .text(error.kept), .time(state == "waiting" ? nil : now as Timestamp?),
        .integer(noticeID),
      ])
  }
}

extension GatewayStore {
  func waitingNotices(after noticeID: Int64, limit: Int) async throws -> [NoticeRow] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT notice_id, account_id, kind, subject, body, attempt_count FROM notice
        WHERE state = 'waiting' AND notice_id > ? ORDER BY notice_id LIMIT ?
        """,
        [.integer(noticeID), .int(limit)]
      ) { NoticeRow($0) }
    }
  }
}
