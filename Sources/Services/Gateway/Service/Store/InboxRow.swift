internal import ChannelAdapter
internal import Primitives
internal import StorageCore

/// How an event stands.
enum InboxState: String, Sendable {
  case waiting, done, retrying, quarantined, dead

  /// What it tells of was read.
  var isOver: Bool { self == .done || self == .quarantined }
}

/// An event with how it stands.
struct InboxRow: Sendable {
  var inboxID: Int64
  var accountID: AccountID
  var event: ChannelEvent
  var orderID: String
  var state: InboxState
  var receiveTime: Timestamp
  var finishTime: Timestamp?
  var attemptCount: Int
  var lastError: String

  static let columns = """
    inbox_id, account_id, event_key, kind, subject, topic, order_id, update_time, body, state,
    receive_time, finish_time, attempt_count, last_error
    """

  /// As it was just stored.
  init(_ incoming: IncomingEvent, _ stored: StoredEvent) {
    inboxID = stored.inboxID
    accountID = incoming.accountID
    event = incoming.event
    orderID = incoming.orderID
    state = stored.state
    receiveTime = stored.receiveTime
    attemptCount = 0
    lastError = ""
  }

  init(_ row: any Row) {
    inboxID = row.int64(0)
    accountID = row.id(1)
    event = ChannelEvent(
      key: row.text(2), kind: ChannelEvent.Kind(rawValue: row.text(3)) ?? .other,
      subject: row.text(4), updateTime: row.time(7), body: row.bytes(8), topic: row.text(5))
    orderID = row.text(6)
    state = InboxState(rawValue: row.text(9)) ?? .dead
    receiveTime = row.time(10)
    finishTime = row.optionalTime(11)
    attemptCount = row.int(12)
    lastError = row.text(13)
  }
}

/// What became of an event that was to be stored.
struct StoredEvent: Sendable {
  var inboxID: Int64
  var isNew: Bool
  var state: InboxState
  var receiveTime: Timestamp
  /// False when an event of that key is known with another body.
  var isSameBody: Bool
  /// It is known, and what was read of its order may be older than what it tells of.
  var isDoubted = false
}

/// An event on its way into the inbox.
struct IncomingEvent: Sendable {
  var accountID: AccountID
  var event: ChannelEvent
  /// The order it belongs to; empty for what is not about an order.
  var orderID: String
  /// Why it cannot be read; empty for what can.
  var problem = ""
  /// How coarse its channel's times are: one that looks like a known one may tell of another change.
  var tick = Duration.zero
}

extension GatewayStore {
  /// Stores events once each: one that is known by its key changes nothing.
  func receive(_ events: [IncomingEvent]) async throws -> [StoredEvent] {
    try checkRoom()
    let now = clock.now()
    return try await write { try $0.receive(events, now) }
  }

  /// - Throws: `StorageError.full` when no more events may be stored.
  func checkRoom() throws {
    if room.isFull { throw StorageError.full(path: "inbox") }
  }

  func event(_ inboxID: Int64) async throws -> InboxRow? {
    try await read { transaction in
      try transaction.first(
        "SELECT \(InboxRow.columns) FROM inbox WHERE inbox_id = ?", [.integer(inboxID)]
      ) { InboxRow($0) }
    }
  }

  /// Whether an event that brings the order itself is still to take effect.
  func awaitsOrder(_ orderID: String) async throws -> Bool {
    try await read { transaction in
      try transaction.exists(
        """
        SELECT 1 FROM inbox
        WHERE state IN ('waiting', 'retrying') AND order_id = ? AND kind = 'order'
        """, [.text(orderID)])
    }
  }

  /// Events that are not done, the oldest first; what a catch-up has found has an order of its own.
  func openEvents(after inboxID: Int64, limit: Int) async throws -> [OpenEvent] {
    try await read { transaction in
      try transaction.rows(
        """
        SELECT \(OpenEvent.columns) FROM inbox
        WHERE state IN ('waiting', 'retrying') AND inbox_id > ? AND inbox_id NOT IN (
          SELECT e.inbox_id FROM catch_up_event e JOIN catch_up c ON c.catch_up_id = e.catch_up_id
          WHERE c.finish_time IS NULL)
        ORDER BY inbox_id LIMIT ?
        """,
        [.integer(inboxID), .int(limit)]
      ) { OpenEvent($0) }
    }
  }

  /// Events, the newest first.
  func events(
    account: String, state: InboxState?, before inboxID: Int64, limit: Int
  ) async throws -> [InboxRow] {
    try await read { transaction in
      var sql = "SELECT \(InboxRow.columns) FROM inbox WHERE inbox_id < ?"
      var values: [SQLValue] = [.integer(inboxID)]
      if !account.isEmpty {
        sql += " AND account_id = ?"
        values.append(.text(account))
      }
      if let state {
        sql += " AND state = ?"
        values.append(.text(state.rawValue))
      }
      values.append(.int(limit))
      return try transaction.rows(sql + " ORDER BY inbox_id DESC LIMIT ?", values) { InboxRow($0) }
    }
  }

  /// Takes quarantined events of orders up again that hold one of these listings.
  func reopenQuarantined(listing: String) async throws -> [OpenEvent] {
    try await write { transaction in
      let found = try transaction.rows(
        """
        SELECT \(OpenEvent.columns) FROM inbox
        WHERE state = 'quarantined' AND order_id IN (
          SELECT order_id FROM order_line WHERE listing_id = ? AND is_quarantined = 1)
        ORDER BY inbox_id
        """,
        [.text(listing)]
      ) { OpenEvent($0) }
      for event in found {
        try transaction.execute(
          "UPDATE inbox SET state = 'waiting' WHERE inbox_id = ?", [.integer(event.inboxID)])
      }
      return found
    }
  }
}

/// An event that is to be worked on.
struct OpenEvent: Sendable {
  static let columns = "inbox_id, account_id, kind, subject, order_id"

  var inboxID: Int64
  var accountID: AccountID
  /// Events of one key are worked on one after another.
  var key: String

  init(_ row: any Row) {
    inboxID = row.int64(0)
    accountID = row.id(1)
    key = IncomingEvent.key(
      kind: row.text(2), subject: row.text(3), orderID: row.text(4), row.id(1))
  }
}

extension IncomingEvent {
  static func key(
    kind: String, subject: String, orderID: String, _ accountID: AccountID
  ) -> String {
    orderID.isEmpty ? "\(kind) \(accountID)/\(subject)" : "order \(orderID)"
  }

  /// Events of one key are worked on one after another.
  var key: String {
    Self.key(kind: event.kind.rawValue, subject: event.subject, orderID: orderID, accountID)
  }
}

extension Transaction {
  func receive(_ events: [IncomingEvent], _ now: Timestamp) throws -> [StoredEvent] {
    try events.map { try receive($0, now) }
  }

  private func receive(_ incoming: IncomingEvent, _ now: Timestamp) throws -> StoredEvent {
    let event = incoming.event
    let known = try first(
      "SELECT inbox_id, state, body, receive_time FROM inbox WHERE account_id = ? AND event_key = ?",
      [.id(incoming.accountID), .text(event.key)]
    ) {
      StoredEvent(
        inboxID: $0.int64(0), isNew: false, state: InboxState(rawValue: $0.text(1)) ?? .dead,
        receiveTime: $0.time(3), isSameBody: $0.bytes(2) == event.body)
    }
    if var known {
      known.isDoubted = try doubts(incoming, known)
      return known
    }
    let inboxID = try advance("inbox")
    // What is about no order and no return has no effect; it is kept to be looked at.
    let state: InboxState =
      event.kind == .unreadable ? .dead : event.kind.isWorkedOn ? .waiting : .done
    try execute(
      """
      INSERT INTO inbox (\(InboxRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
      """,
      [
        .integer(inboxID), .id(incoming.accountID), .text(event.key), .text(event.kind.rawValue),
        .text(event.subject), .text(event.topic), .text(incoming.orderID), .time(event.updateTime),
        .blob(event.body), .text(state.rawValue), .time(now),
        .time(state == .done ? now : nil as Timestamp?), .text(incoming.problem.kept),
      ])
    try raiseAlert(about: incoming, inboxID, now)
    return StoredEvent(
      inboxID: inboxID, isNew: true, state: state, receiveTime: now, isSameBody: true)
  }

  /// Whether the order may have changed since it was read, and the event tell of that: a channel whose clock ticks in
  /// seconds gives two changes within one the same event. The event is then taken up again; one that is just being worked
  /// on may have read its order before.
  private func doubts(_ incoming: IncomingEvent, _ known: StoredEvent) throws -> Bool {
    guard incoming.tick > .zero, incoming.event.kind == .order else { return false }
    switch known.state {
    case .waiting, .retrying: return true
    case .dead: return false
    case .done, .quarantined:
      guard try isUnsettled(incoming.orderID, at: incoming.event.updateTime) else { return false }
      try takeUpAgain(known.inboxID, at: incoming.event.updateTime)
      return true
    }
  }

  /// Whether an order was read when its channel's clock could still hide a change, and has no later time since.
  func isUnsettled(_ orderID: String, at updateTime: Timestamp) throws -> Bool {
    try exists(
      """
      SELECT 1 FROM channel_order
      WHERE order_id = ? AND update_time <= ? AND settle_time IS NOT NULL
      """, [.text(orderID), .time(updateTime)])
  }

  /// Has an event worked on once more whose order was read.
  ///
  /// - Parameter time: of the change, which may be later than when it was worked on first.
  func takeUpAgain(_ inboxID: Int64, at time: Timestamp) throws {
    try execute(
      """
      UPDATE inbox SET state = 'waiting', attempt_count = 0, finish_time = NULL,
        update_time = CASE WHEN update_time < ? THEN ? ELSE update_time END
      WHERE inbox_id = ? AND state IN ('done', 'quarantined')
      """,
      [.time(time), .time(time), .integer(inboxID)])
  }

  /// Takes an event up again that was given up or quarantined; false when it is neither.
  func reopen(_ inboxID: Int64) throws -> Bool {
    let changed = try execute(
      """
      UPDATE inbox SET state = 'waiting', attempt_count = 0
      WHERE inbox_id = ? AND state IN ('dead', 'quarantined')
      """,
      [.integer(inboxID)])
    return changed > 0
  }

  /// Says how an event stands after a try.
  func setEvent(
    _ inboxID: Int64, _ state: InboxState, error: String = "", now: Timestamp
  ) throws {
    try execute(
      """
      UPDATE inbox SET state = ?, finish_time = ?, attempt_count = attempt_count + 1, last_error = ?
      WHERE inbox_id = ?
      """,
      [
        .text(state.rawValue), .time(state.isOver ? now : nil as Timestamp?), .text(error.kept),
        .integer(inboxID),
      ])
  }
}
