internal import Primitives
internal import StorageCore

extension ReadTransaction {
  func order(_ shop: Shop.Key, _ orderID: String) throws -> BuyerOrder? {
    try first(
      """
      SELECT number, create_time, update_time, pay_time, cancel_time, cancel_reason,
        tracking_number, carrier, is_pickup
      FROM buyer_order WHERE channel = ? AND shop_id = ? AND order_id = ?
      """, shop.values + [.text(orderID)]
    ) { row in
      BuyerOrder(
        shop: shop, orderID: orderID, number: row.int64(0), createTime: row.time(1),
        updateTime: row.time(2), payTime: row.optionalTime(3), cancelTime: row.optionalTime(4),
        cancelReason: row.text(5), trackingNumber: row.text(6), carrier: row.text(7),
        isPickup: row.bool(8), lines: try lines(shop, orderID))
    }
  }

  private func lines(_ shop: Shop.Key, _ orderID: String) throws -> [BuyerOrder.Line] {
    try rows(
      """
      SELECT line_id, item_id, variation_id, sku, title, quantity, cancelled, shipped, returned,
        state, package_id, update_time
      FROM order_line WHERE channel = ? AND shop_id = ? AND order_id = ? ORDER BY position
      """, shop.values + [.text(orderID)]
    ) { row in
      BuyerOrder.Line(
        lineID: row.text(0), itemID: row.text(1), variationID: row.text(2), sku: row.text(3),
        title: row.text(4), quantity: row.int64(5), cancelled: row.int64(6),
        shipped: row.int64(7), returned: row.int64(8),
        state: BuyerOrder.State(rawValue: row.text(9)) ?? .paid, packageID: row.text(10),
        updateTime: row.time(11))
    }
  }

  /// Orders whose `column` lies in a window, by it; with one more than `count` when there are more.
  func orderIDs(
    _ shop: Shop.Key, by column: OrderTime, from start: Timestamp, to end: Timestamp,
    skipping offset: Int64, count: Int64
  ) throws -> [String] {
    try rows(
      """
      SELECT order_id FROM buyer_order WHERE channel = ? AND shop_id = ?
        AND \(column.rawValue) >= ? AND \(column.rawValue) <= ?
      ORDER BY \(column.rawValue), number LIMIT ? OFFSET ?
      """,
      shop.values + [.time(start), .time(end), .integer(count + 1), .integer(offset)]
    ) { $0.text(0) }
  }

  func orderCount(
    _ shop: Shop.Key, by column: OrderTime, from start: Timestamp, to end: Timestamp
  ) throws -> Int64 {
    try int64(
      """
      SELECT COUNT(*) FROM buyer_order WHERE channel = ? AND shop_id = ?
        AND \(column.rawValue) >= ? AND \(column.rawValue) <= ?
      """, shop.values + [.time(start), .time(end)]) ?? 0
  }

  /// The order that a package's first line belongs to.
  func orderID(_ shop: Shop.Key, package: String) throws -> String? {
    guard !package.isEmpty else { return nil }
    return try first(
      """
      SELECT order_id FROM order_line WHERE channel = ? AND shop_id = ? AND package_id = ? LIMIT 1
      """, shop.values + [.text(package)]
    ) { $0.text(0) }
  }
}

/// The times that platforms let an integrator search by; the raw value is the column.
enum OrderTime: String, Sendable {
  case created = "create_time"
  case updated = "update_time"
}

extension Transaction {
  func save(_ order: BuyerOrder) throws {
    try execute(
      """
      INSERT INTO buyer_order (channel, shop_id, order_id, number, create_time, update_time,
        pay_time, cancel_time, cancel_reason, tracking_number, carrier, is_pickup)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (channel, shop_id, order_id) DO UPDATE SET update_time = excluded.update_time,
        pay_time = excluded.pay_time, cancel_time = excluded.cancel_time,
        cancel_reason = excluded.cancel_reason, tracking_number = excluded.tracking_number,
        carrier = excluded.carrier
      """,
      order.shop.values + [
        .text(order.orderID), .integer(order.number), .time(order.createTime),
        .time(order.updateTime), .time(order.payTime), .time(order.cancelTime),
        .text(order.cancelReason), .text(order.trackingNumber), .text(order.carrier),
        .bool(order.isPickup),
      ])
    for (position, line) in order.lines.enumerated() { try save(line, at: position, of: order) }
  }

  private func save(_ line: BuyerOrder.Line, at position: Int, of order: BuyerOrder) throws {
    try execute(
      """
      INSERT INTO order_line (channel, shop_id, order_id, line_id, position, item_id, variation_id,
        sku, title, quantity, cancelled, shipped, returned, state, package_id, update_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (channel, shop_id, order_id, line_id) DO UPDATE SET
        cancelled = excluded.cancelled, shipped = excluded.shipped, returned = excluded.returned,
        state = excluded.state, package_id = excluded.package_id,
        update_time = excluded.update_time
      """,
      order.shop.values + [
        .text(order.orderID), .text(line.lineID), .int(position), .text(line.itemID),
        .text(line.variationID), .text(line.sku), .text(line.title), .integer(line.quantity),
        .integer(line.cancelled), .integer(line.shipped), .integer(line.returned),
        .text(line.state.rawValue), .text(line.packageID), .time(line.updateTime),
      ])
  }
}
