internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// What is kept of a listing's push over a restart.
struct PushRow: Sendable {
  var listingID: ListingID
  var accountID: AccountID
  var acknowledged: Quantity?
  /// The most that the channel may be showing together with what it has sold unseen.
  var highest: Quantity?
  var version: PushVersion
  var acknowledgeTime: Timestamp?
  var lag: Duration?
  var isDead: Bool
  var lastError: String

  init(_ listingID: ListingID, _ accountID: AccountID, _ state: PushState) {
    self.listingID = listingID
    self.accountID = accountID
    acknowledged = state.acknowledged
    highest = state.highest
    version = state.acknowledgedVersion
    acknowledgeTime = state.acknowledgeTime
    lag = state.lag
    isDead = state.isDead
    lastError = state.lastError
  }

  init(_ row: any Row) {
    listingID = row.id(0)
    accountID = row.id(1)
    acknowledged = row.optionalInt64(2)
    version = PushVersion(pool: row.int64(3), mapping: row.int64(4))
    acknowledgeTime = row.optionalTime(5)
    lag = row.optionalInt64(6).map { .microseconds($0) }
    isDead = row.bool(7)
    lastError = row.text(8)
    highest = row.optionalInt64(9)
  }

  var state: PushState {
    PushState(
      acknowledged: acknowledged, highest: highest, version: version, time: acknowledgeTime,
      lag: lag, isDead: isDead, lastError: lastError)
  }
}

extension GatewayStore {
  private static let pushColumns = """
    listing_id, account_id, acknowledged_count, pool_version, mapping_version, acknowledge_time,
    lag_microseconds, is_dead, last_error, highest_count
    """

  func pushes(of accountID: AccountID) async throws -> [PushRow] {
    try await read { transaction in
      try transaction.rows(
        "SELECT \(Self.pushColumns) FROM listing_push WHERE account_id = ?", [.id(accountID)]
      ) { PushRow($0) }
    }
  }

  func save(_ pushes: [PushRow], _ history: [HistoryRow]) async throws {
    try await write { transaction in
      try transaction.append(history)
      for push in pushes {
        try transaction.execute(
          """
          INSERT INTO listing_push (\(Self.pushColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (listing_id) DO UPDATE SET acknowledged_count = excluded.acknowledged_count,
            pool_version = excluded.pool_version, mapping_version = excluded.mapping_version,
            acknowledge_time = excluded.acknowledge_time,
            lag_microseconds = excluded.lag_microseconds, is_dead = excluded.is_dead,
            last_error = excluded.last_error, highest_count = excluded.highest_count
          """,
          [
            .id(push.listingID), .id(push.accountID), .integer(push.acknowledged),
            .integer(push.version.pool), .integer(push.version.mapping),
            .time(push.acknowledgeTime), .integer(push.lag?.microseconds), .bool(push.isDead),
            .text(push.lastError.kept), .integer(push.highest),
          ])
      }
    }
  }
}
