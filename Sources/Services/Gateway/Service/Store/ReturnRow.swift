internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// A return record with whose it is.
struct ReturnRow: Sendable, Equatable {
  var returnID: String
  var accountID: AccountID
  var externalID: String
  var orderExternalID: String
  var record: ReturnRecord

  /// As the returns service calls it.
  var serviceID: String { record.isSecond ? "\(returnID)/again" : returnID }
}

extension GatewayStore {
  func channelReturn(_ returnID: String) async throws -> ReturnRow? {
    try await read { try $0.channelReturn(returnID) }
  }

  func save(_ found: ReturnRow) async throws {
    try await write { try $0.save(found) }
  }

  /// Stores an event for each return that waits for its goods, a page of them, as of the moment that they are known of: what the
  /// channel says now is then no older.
  ///
  /// - Returns: what is to be worked on, and the last return of the page; empty at the end.
  func lookAtReturns(
    of accountID: AccountID, changedSince time: Timestamp, after returnID: String, day: Int64
  ) async throws -> (jobs: [WorkScheduler.Job], last: String) {
    let limit = GatewayLimits.storePage
    let now = clock.now()
    return try await write { transaction in
      let found = try transaction.rows(
        """
        SELECT return_id, external_id, update_time FROM channel_return
        WHERE account_id = ? AND state = ? AND told = ? AND return_id > ? AND update_time >= ?
        ORDER BY return_id LIMIT ?
        """,
        [
          .id(accountID), .text(ReturnRecord.State.requested.rawValue),
          .text(ReturnRecord.Told.created.rawValue), .text(returnID), .time(time), .int(limit),
        ]
      ) { (id: $0.text(0), externalID: $0.text(1), updateTime: $0.time(2)) }
      let incoming = found.map { one in
        IncomingEvent(
          accountID: accountID,
          event: ChannelEvent(
            key: "look:\(one.externalID):\(day)", kind: .return, subject: one.externalID,
            updateTime: one.updateTime, body: [], topic: "look"), orderID: "")
      }
      let stored = try transaction.receive(incoming, now)
      let jobs = zip(incoming, stored).filter { $1.isNew }.map { one, row in
        WorkScheduler.Job(id: row.inboxID, accountID: accountID, key: one.key)
      }
      return (jobs, found.count == limit ? found.last?.id ?? "" : "")
    }
  }
}

extension ReadTransaction {
  func channelReturn(_ returnID: String) throws -> ReturnRow? {
    try first(
      """
      SELECT account_id, external_id, order_external_id, state, told, update_time
      FROM channel_return WHERE return_id = ?
      """,
      [.text(returnID)]
    ) { row in
      ReturnRow(
        returnID: returnID, accountID: row.id(0), externalID: row.text(1),
        orderExternalID: row.text(2),
        record: ReturnRecord(
          state: ReturnRecord.State(rawValue: row.text(3)) ?? .requested,
          updateTime: row.time(5), told: ReturnRecord.Told(rawValue: row.text(4)) ?? .nothing))
    }
  }
}

extension Transaction {
  func save(_ found: ReturnRow) throws {
    try execute(
      """
      INSERT INTO channel_return (return_id, account_id, external_id, order_external_id, state, told,
        update_time)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (return_id) DO UPDATE SET state = excluded.state, told = excluded.told,
        update_time = excluded.update_time
      """,
      [
        .text(found.returnID), .id(found.accountID), .text(found.externalID),
        .text(found.orderExternalID), .text(found.record.state.rawValue),
        .text(found.record.told.rawValue), .time(found.record.updateTime),
      ])
  }
}
