internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// How far an account's orders have been asked for.
struct PollRow: Sendable, Equatable {
  /// All that changed before this is in the inbox; our clock, which the overlap makes good for.
  var watermark: Timestamp
  /// When the last poll that came to its end began; nil before the first.
  var pollTime: Timestamp?
  var lastError: String
  /// When the last sweep that came to its end began; nil before the first.
  var sweepTime: Timestamp?
}

/// A change that a poll has found and nobody had told of.
struct PolledChange: Sendable {
  var job: WorkScheduler.Job
  var updateTime: Timestamp
}

extension GatewayStore {
  func poll(_ accountID: AccountID) async throws -> PollRow? {
    try await read { transaction in
      try transaction.first(
        "SELECT watermark, poll_time, last_error, sweep_time FROM poll_cursor WHERE account_id = ?",
        [.id(accountID)]
      ) {
        PollRow(
          watermark: $0.time(0), pollTime: $0.optionalTime(1), lastError: $0.text(2),
          sweepTime: $0.optionalTime(3))
      }
    }
  }

  /// A sweep has come to its end, and all its pages are stored.
  func setSwept(_ accountID: AccountID, _ begin: Timestamp) async throws {
    _ = try await write { transaction in
      try transaction.execute(
        "UPDATE poll_cursor SET sweep_time = ? WHERE account_id = ?",
        [.time(begin), .id(accountID)])
    }
  }

  /// A poll has come to its end, and all its pages are stored.
  func setPolled(_ accountID: AccountID, watermark: Timestamp) async throws {
    _ = try await write { transaction in
      try transaction.execute(
        """
        INSERT INTO poll_cursor (account_id, watermark, poll_time, last_error) VALUES (?, ?, ?, '')
        ON CONFLICT (account_id) DO UPDATE SET watermark = excluded.watermark,
          poll_time = excluded.poll_time, last_error = ''
        """,
        [.id(accountID), .time(watermark), .time(watermark)])
    }
  }

  /// A poll has failed; the next one begins where this one began.
  func setPollError(
    _ accountID: AccountID, _ error: String, since: Timestamp
  ) async throws {
    _ = try await write { transaction in
      try transaction.execute(
        """
        INSERT INTO poll_cursor (account_id, watermark, poll_time, last_error)
        VALUES (?, ?, NULL, ?)
        ON CONFLICT (account_id) DO UPDATE SET last_error = excluded.last_error
        """,
        [.id(accountID), .time(since), .text(error.kept)])
    }
  }

  /// Stores a page: what is known by its key, and orders that are known as the page tells them, are left out.
  ///
  /// - Parameter catchUp: what the changes belong to, if to any.
  func receivePolled(
    _ page: [IncomingEvent], _ states: [String: OrderState], catchUp: Int64?
  ) async throws -> [PolledChange] {
    let now = clock.now()
    return try await write { transaction in
      try page.compactMap {
        try transaction.receivePolled($0, states[$0.event.key], catchUp, now)
      }
    }
  }
}

extension Transaction {
  fileprivate func receivePolled(
    _ incoming: IncomingEvent, _ state: OrderState?, _ catchUp: Int64?, _ now: Timestamp
  ) throws -> PolledChange? {
    let known = try first(
      "SELECT update_time, state FROM channel_order WHERE order_id = ?", [.text(incoming.orderID)]
    ) { (time: $0.time(0), state: OrderState(rawValue: $0.text(1))) }
    if let known, incoming.event.kind == .order {
      let time = incoming.event.updateTime
      // Of one moment only what is the same for sure: a channel's clock may tick in seconds.
      if known.time > time || (known.time == time && known.state == state) { return nil }
    }
    guard let stored = try receive([incoming], now).first, stored.isNew else { return nil }
    if let catchUp {
      let isNewOrder = incoming.event.kind == .order && known == nil
      try execute(
        """
        INSERT INTO catch_up_event (inbox_id, catch_up_id, account_id, order_id, is_new_order)
        VALUES (?, ?, ?, ?, ?)
        """,
        [
          .integer(stored.inboxID), .integer(catchUp), .id(incoming.accountID),
          .text(incoming.orderID), .bool(isNewOrder),
        ])
    }
    guard stored.state == .waiting else { return nil }
    let job = WorkScheduler.Job(
      id: stored.inboxID, accountID: incoming.accountID, key: incoming.key)
    return PolledChange(job: job, updateTime: incoming.event.updateTime)
  }
}
