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
