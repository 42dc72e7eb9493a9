internal import Primitives
internal import StorageCore

extension ReadTransaction {
  func buyerReturn(_ shop: Shop.Key, _ returnID: String) throws -> BuyerReturn? {
    try first(
      """
      SELECT order_id, state, reason, create_time, update_time
      FROM buyer_return WHERE channel = ? AND shop_id = ? AND return_id = ?
      """, shop.values + [.text(returnID)]
    ) { row in
      BuyerReturn(
        shop: shop, returnID: returnID, orderID: row.text(0),
        state: BuyerReturn.State(rawValue: row.text(1)) ?? .requested, reason: row.text(2),
        createTime: row.time(3), updateTime: row.time(4), lines: try returnLines(shop, returnID))
    }
  }

  private func returnLines(_ shop: Shop.Key, _ returnID: String) throws -> [BuyerReturn.Line] {
    try rows(
      """
      SELECT line_id, order_line_id, item_id, variation_id, sku, quantity, disposed, disposition
      FROM return_line WHERE channel = ? AND shop_id = ? AND return_id = ? ORDER BY line_id
      """, shop.values + [.text(returnID)]
    ) { row in
      BuyerReturn.Line(
        lineID: row.text(0), orderLineID: row.text(1), itemID: row.text(2),
        variationID: row.text(3), sku: row.text(4), quantity: row.int64(5),
        disposed: row.int64(6), disposition: row.text(7))
    }
  }

  func returnIDs(
    _ shop: Shop.Key, by column: OrderTime, from start: Timestamp, to end: Timestamp,
    skipping offset: Int64, count: Int64
  ) throws -> [String] {
    try rows(
      """
      SELECT return_id FROM buyer_return WHERE channel = ? AND shop_id = ?
        AND \(column.rawValue) >= ? AND \(column.rawValue) <= ?
      ORDER BY \(column.rawValue), return_id LIMIT ? OFFSET ?
      """,
      shop.values + [.time(start), .time(end), .integer(count + 1), .integer(offset)]
    ) { $0.text(0) }
  }

  func returnIDs(_ shop: Shop.Key, ofOrder orderID: String) throws -> [String] {
    try rows(
      """
      SELECT return_id FROM buyer_return WHERE channel = ? AND shop_id = ? AND order_id = ?
      ORDER BY return_id LIMIT 1000
      """, shop.values + [.text(orderID)]
    ) { $0.text(0) }
  }
}

extension Transaction {
  func save(_ request: BuyerReturn) throws {
    try execute(
      """
      INSERT INTO buyer_return (channel, shop_id, return_id, order_id, state, reason, create_time,
        update_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (channel, shop_id, return_id) DO UPDATE SET state = excluded.state,
        reason = excluded.reason, update_time = excluded.update_time
      """,
      request.shop.values + [
        .text(request.returnID), .text(request.orderID), .text(request.state.rawValue),
        .text(request.reason), .time(request.createTime), .time(request.updateTime),
      ])
    for line in request.lines {
      try execute(
        """
        INSERT INTO return_line (channel, shop_id, return_id, line_id, order_line_id, item_id,
          variation_id, sku, quantity, disposed, disposition)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (channel, shop_id, return_id, line_id) DO UPDATE SET
          disposed = excluded.disposed, disposition = excluded.disposition
        """,
        request.shop.values + [
          .text(request.returnID), .text(line.lineID), .text(line.orderLineID),
          .text(line.itemID), .text(line.variationID), .text(line.sku), .integer(line.quantity),
          .integer(line.disposed), .text(line.disposition),
        ])
    }
  }
}
