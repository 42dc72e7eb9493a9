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
    _ page: [IncomingEvent], states: [String: OrderState], openCounts: [String: Quantity],
    catchUp: Int64?
  ) async throws -> PolledPage {
    let now = clock.now()
    return try await write { transaction in
      var kept = PolledPage()
      for incoming in page {
        let key = incoming.event.key
        switch try transaction.standing(of: incoming, states[key], openCounts[key], now) {
        case .known: continue
        case .doubted(let time):
          var doubted = incoming
          doubted.event.updateTime = time
          kept.doubted.append(doubted)
        case .news(let isNewOrder):
          let change = try transaction.receivePolled(incoming, isNewOrder, catchUp, now)
          if let change { kept.changes.append(change) }
        }
      }
      return kept
    }
  }

  /// Has an order read again that a poll doubts; nil when somebody has read it since.
  func takeUpDoubted(_ incoming: IncomingEvent) async throws -> WorkScheduler.Job? {
    let now = clock.now()
    return try await write { transaction in
      guard try transaction.isUnsettled(incoming.orderID, at: incoming.event.updateTime),
        let stored = try transaction.receive([incoming], now).first
      else { return nil }
      if !stored.isNew {
        guard stored.state.isOver else { return nil }
        try transaction.takeUpAgain(stored.inboxID, at: incoming.event.updateTime)
      }
      return WorkScheduler.Job(
        id: stored.inboxID, accountID: incoming.accountID, key: incoming.key)
    }
  }
}

/// What of a page is to be done.
struct PolledPage: Sendable {
  var changes: [PolledChange] = []
  /// Orders that are known as the page tells them, and were read when their channel's clock could still hide a change.
  var doubted: [IncomingEvent] = []
}

/// What a page's event is to the store.
private enum PolledStanding {
  case known
  /// At the last moment that is known of it.
  case doubted(at: Timestamp)
  case news(isNewOrder: Bool)
}

extension Transaction {
  fileprivate func standing(
    of incoming: IncomingEvent, _ state: OrderState?, _ openCount: Quantity?, _ now: Timestamp
  ) throws -> PolledStanding {
    guard incoming.event.kind == .order else { return .news(isNewOrder: false) }
    let known = try first(
      "SELECT update_time, state, settle_time FROM channel_order WHERE order_id = ?",
      [.text(incoming.orderID)]
    ) {
      (
        time: $0.time(0), state: OrderState(rawValue: $0.text(1)), settleTime: $0.optionalTime(2)
      )
    }
    guard let known else { return .news(isNewOrder: true) }
    let time = incoming.event.updateTime
    if let openCount, known.time >= time,
      try !isKnown(incoming.orderID, openCount, known.state)
    {
      // Once it was read, it is known with the units that it has then.
      try execute(
        "UPDATE channel_order SET settle_time = ? WHERE order_id = ?",
        [.time(now), .text(incoming.orderID)])
      return .doubted(at: known.time)
    }
    if known.time > time { return .known }
    guard known.time == time else { return .news(isNewOrder: false) }
    // Of one moment only what is the same for sure: a channel's clock may tick in seconds.
    let isKnown = try known.state == state || isStored(incoming)
    guard isKnown else { return .news(isNewOrder: false) }
    // Before the tick is over another look is of no use: the next poll comes by here, too.
    guard let settleTime = known.settleTime, settleTime <= now else { return .known }
    return .doubted(at: time)
  }

  /// Whether an order is known with so many units that are not cancelled.
  private func isKnown(
    _ orderID: String, _ openCount: Quantity, _ state: OrderState?
  ) throws -> Bool {
    switch state {
    case .foreign, nil: return true
    case .cancelled: return openCount == 0
    case .open, .shipped:
      let known = try first(
        "SELECT SUM(quantity - cancelled_count) FROM order_line WHERE order_id = ?",
        [.text(orderID)]
      ) { $0.optionalInt64(0) ?? 0 }
      return known == openCount
    }
  }

  private func isStored(_ incoming: IncomingEvent) throws -> Bool {
    try exists(
      "SELECT 1 FROM inbox WHERE account_id = ? AND event_key = ?",
      [.id(incoming.accountID), .text(incoming.event.key)])
  }

  fileprivate func receivePolled(
    _ incoming: IncomingEvent, _ isNewOrder: Bool, _ catchUp: Int64?, _ now: Timestamp
  ) throws -> PolledChange? {
    guard let stored = try receive([incoming], now).first, stored.isNew else { return nil }
    if let catchUp {
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
