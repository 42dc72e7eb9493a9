internal import Primitives
internal import StorageCore

extension ReadTransaction {
  private var deliveryColumns: String {
    """
    SELECT delivery_id, channel, shop_id, topic, subject, event_id, body, is_duplicate, create_time,
      due_time, attempt FROM delivery
    """
  }

  /// What a former run has left to send, in the order in which it is due.
  func waitingDeliveries() throws -> [Delivery] {
    try rows(
      deliveryColumns + " WHERE state = 'waiting' ORDER BY due_time LIMIT ?",
      [.int(SandboxLimits.waitingDeliveries)], Self.delivery)
  }

  /// Events that were given up, the earliest first.
  func lostDeliveries(channel: Channel, after start: Timestamp, count: Int) throws -> [Delivery] {
    try rows(
      deliveryColumns
        + """
         WHERE state = 'lost' AND channel = ? AND is_duplicate = 0 AND create_time > ?
        ORDER BY delivery_id LIMIT ?
        """, [.text(channel.rawValue), .time(start), .int(count + 1)], Self.delivery)
  }

  private static func delivery(_ row: any Row) -> Delivery {
    Delivery(
      deliveryID: row.int64(0),
      shop: Shop.Key(channel: Channel(rawValue: row.text(1)) ?? .shopee, shopID: row.text(2)),
      topic: row.text(3), subject: row.text(4), eventID: row.text(5), body: row.text(6),
      isDuplicate: row.bool(7), createTime: row.time(8), dueTime: row.time(9),
      attempt: row.int(10))
  }
}

extension Transaction {
  func insert(_ delivery: Delivery, state: Delivery.State) throws {
    try execute(
      """
      INSERT INTO delivery (delivery_id, channel, shop_id, topic, subject, event_id, body,
        is_duplicate, create_time, due_time, attempt, state, status, latency)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
      """,
      [.integer(delivery.deliveryID)] + delivery.shop.values + [
        .text(delivery.topic), .text(delivery.subject), .text(delivery.eventID),
        .text(delivery.body), .bool(delivery.isDuplicate), .time(delivery.createTime),
        .time(delivery.dueTime), .int(delivery.attempt), .text(state.rawValue),
      ])
  }

  /// Writes down what became of a delivery.
  ///
  /// An outcome that comes after a later one changes nothing: two batches may overtake each other. Only what ends
  /// without a try has the number of the try before it.
  func record(_ outcome: DeliveryOutcome) throws {
    try execute(
      """
      UPDATE delivery SET attempt = ?, state = ?, status = ?, latency = ?, finish_time = ?,
        due_time = COALESCE(?, due_time) 
      WHERE delivery_id = ? AND (attempt < ? OR attempt = ? AND state = 'waiting')
      """,
      [
        .int(outcome.attempt), .text(outcome.state.rawValue), .int(outcome.status),
        .integer(outcome.latency), .time(outcome.time), .time(outcome.dueTime),
        .integer(outcome.deliveryID), .int(outcome.attempt), .int(outcome.attempt),
      ])
  }

  /// Forgets the oldest deliveries that have ended, when there are more than are kept. Shopee's lost ones can still be
  /// fetched, for three days.
  func pruneDeliveries(at now: Timestamp) throws {
    guard let newest = try int64("SELECT MAX(delivery_id) FROM delivery") else { return }
    try execute(
      """
      DELETE FROM delivery WHERE delivery_id <= ? AND state <> 'waiting'
        AND NOT (state = 'lost' AND channel = 'shopee')
      """, [.integer(newest - SandboxLimits.keptDeliveries)])
    try execute(
      "DELETE FROM delivery WHERE state = 'lost' AND (delivery_id <= ? OR create_time <= ?)",
      [.integer(newest - SandboxLimits.keptLost), .time(now - SandboxLimits.lostLife)])
  }
}
