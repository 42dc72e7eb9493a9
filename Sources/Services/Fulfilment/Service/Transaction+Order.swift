internal import FulfilmentDomain
internal import Kit
internal import Primitives
internal import StorageCore

private let columns = """
  order_id, account_id, channel_id, external_id, state, sale_time, handed_over, tracking_number, \
  carrier, ship_time, create_time, update_time, version, position, sequence, pickup, \
  pickup_location, ready_time, expire_time, collect_time, expired
  """

extension ReadTransaction {
  /// - Throws: `FulfilmentError.orderUnknown`.
  func order(_ id: OrderID) throws -> StoredOrder {
    guard let order = try knownOrder(id) else { throw FulfilmentError.orderUnknown(id) }
    return order
  }

  func knownOrder(_ id: OrderID) throws -> StoredOrder? {
    try orders("WHERE order_id = ?", [.id(id)]).first
  }

  /// Orders that changed after `sequence`, in the order of their last change.
  func changedOrders(after sequence: Int64, limit: Int) throws -> [StoredOrder] {
    try orders(
      "WHERE sequence > ? ORDER BY sequence LIMIT ?", [.integer(sequence), .int(limit)])
  }

  /// Orders that have waited at the counter for long enough, the longest first.
  func overduePickups(at now: Timestamp, limit: Int) throws -> [StoredOrder] {
    try orders(
      "WHERE state = 'ready' AND expire_time <= ? ORDER BY expire_time LIMIT ?",
      [.time(now), .int(limit)])
  }

  /// Orders created after `position`, the oldest first.
  func listedOrders(
    of account: AccountID?, in state: Order.State?, after position: Int64, limit: Int
  ) throws -> [StoredOrder] {
    var condition = "WHERE position > ?"
    var values: [SQLValue] = [.integer(position)]
    if let account {
      condition += " AND account_id = ?"
      values.append(.id(account))
    }
    if let state {
      condition += " AND state = ?"
      values.append(.text(state.rawValue))
    }
    return try orders("\(condition) ORDER BY position LIMIT ?", values + [.int(limit)])
  }

  private func orders(_ condition: String, _ values: [SQLValue]) throws -> [StoredOrder] {
    var found: [StoredOrder] = []
    try query("SELECT \(columns) FROM customer_order \(condition)", values) { row in
      let id: OrderID = row.id(0)
      found.append(try storedOrder(row, id, lines: lines(of: id)))
    }
    return found
  }

  private func lines(of id: OrderID) throws -> [OrderLine] {
    try rows(
      """
      SELECT line_id, sku, quantity, cancelled_count, channel_line_id, title
      FROM order_line WHERE order_id = ? ORDER BY position
      """,
      [.id(id)]
    ) {
      OrderLine(
        id: $0.id(0), sku: $0.id(1), quantity: $0.int64(2), cancelledCount: $0.int64(3),
        channelLineID: $0.text(4), title: $0.text(5))
    }
  }

  private func storedOrder(_ row: any Row, _ id: OrderID, lines: [OrderLine]) throws -> StoredOrder
  {
    guard let state = Order.State(rawValue: row.text(4)) else {
      throw StorageError.corrupt(path: "customer_order", detail: "state \(row.text(4)) of \(id)")
    }
    let shipment = row.optionalText(7).map {
      Shipment(trackingNumber: $0, carrier: row.text(8), shipTime: row.time(9))
    }
    let order = Order(
      id: id, accountID: row.id(1), channelID: row.id(2), externalID: row.text(3),
      saleTime: row.optionalTime(5), state: state, lines: lines, shipment: shipment,
      isHandedOver: row.bool(6), pickup: pickup(row))
    return StoredOrder(
      order: order, version: row.int64(12), position: row.int64(13), sequence: row.int64(14),
      createTime: row.time(10), updateTime: row.time(11))
  }
}

/// Of a row of `columns`.
private func pickup(_ row: any Row) -> Pickup? {
  guard row.bool(15) else { return nil }
  return Pickup(
    locationID: row.optionalID(16), readyTime: row.optionalTime(17),
    expireTime: row.optionalTime(18), collectTime: row.optionalTime(19), isExpired: row.bool(20))
}

extension Transaction {
  /// Saves an order that differs from `before` (nil: it is new) and notes who changed it.
  func save(
    _ order: Order, before: StoredOrder?, feed: ChangeFeed, verb: String, actor: String = "",
    reason: String = "", now: Timestamp
  ) throws -> StoredOrder {
    let sequence = try advance(feed.name)
    let saved = StoredOrder(
      order: order, version: (before?.version ?? 0) + 1, position: before?.position ?? sequence,
      sequence: sequence, createTime: before?.createTime ?? now, updateTime: now)
    try write(saved)
    try writeLines(of: order, before: before?.order.lines ?? [])
    try execute(
      """
      INSERT INTO order_change (order_id, version, verb, actor, reason, change_time)
      VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        .id(order.id), .integer(saved.version), .text(verb), .text(actor), .text(reason),
        .time(now),
      ])
    return saved
  }

  private func write(_ saved: StoredOrder) throws {
    let order = saved.order
    try execute(
      """
      INSERT INTO customer_order (\(columns))
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (order_id) DO UPDATE SET state = excluded.state,
        handed_over = excluded.handed_over, tracking_number = excluded.tracking_number,
        carrier = excluded.carrier, ship_time = excluded.ship_time,
        update_time = excluded.update_time, version = excluded.version,
        sequence = excluded.sequence, pickup = excluded.pickup,
        pickup_location = excluded.pickup_location, ready_time = excluded.ready_time,
        expire_time = excluded.expire_time, collect_time = excluded.collect_time,
        expired = excluded.expired
      """,
      [
        .id(order.id), .id(order.accountID), .id(order.channelID), .text(order.externalID),
        .text(order.state.rawValue), .time(order.saleTime), .bool(order.isHandedOver),
        .text(order.shipment?.trackingNumber), .text(order.shipment?.carrier),
        .time(order.shipment?.shipTime), .time(saved.createTime), .time(saved.updateTime),
        .integer(saved.version), .integer(saved.position), .integer(saved.sequence),
        .bool(order.pickup != nil), .id(order.pickup?.locationID), .time(order.pickup?.readyTime),
        .time(order.pickup?.expireTime), .time(order.pickup?.collectTime),
        .bool(order.pickup?.isExpired ?? false),
      ])
  }

  /// Lines are never removed or moved, so those that differ are found by their place.
  private func writeLines(of order: Order, before: [OrderLine]) throws {
    for (position, line) in order.lines.enumerated() {
      if position < before.count, before[position] == line { continue }
      try execute(
        """
        INSERT INTO order_line
          (order_id, line_id, position, sku, quantity, cancelled_count, channel_line_id, title)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (order_id, line_id) DO UPDATE SET quantity = excluded.quantity,
          cancelled_count = excluded.cancelled_count
        """,
        [
          .id(order.id), .id(line.id), .int(position), .id(line.sku), .integer(line.quantity),
          .integer(line.cancelledCount), .text(line.channelLineID), .text(line.title),
        ])
    }
  }
}
