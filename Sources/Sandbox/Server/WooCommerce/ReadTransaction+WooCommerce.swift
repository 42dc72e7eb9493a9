internal import Primitives
internal import StorageCore

extension ReadTransaction {
  func wooCommerceRecord(_ shop: Shop.Key, _ orderID: String) throws -> WooCommerceRecord {
    try first(
      "SELECT complete_time, meta, notes FROM woo_order WHERE shop_id = ? AND order_id = ?",
      [.text(shop.shopID), .text(orderID)]
    ) { row in
      WooCommerceRecord(
        completeTime: row.optionalTime(0), meta: JSONValue(parsing: row.text(1))?.members ?? [],
        notes: JSONValue(parsing: row.text(2))?.array ?? [])
    } ?? WooCommerceRecord()
  }

  func wooCommerceWebhooks(_ shop: Shop.Key) throws -> [WooCommerceWebhook] {
    try rows(
      """
      SELECT webhook_id, topic, delivery_url, secret, status, failure_count FROM woo_webhook
      WHERE shop_id = ? ORDER BY webhook_id LIMIT 1000
      """, [.text(shop.shopID)]
    ) { row in
      WooCommerceWebhook(
        webhookID: row.int64(0), topic: row.text(1), deliveryURL: row.text(2), secret: row.text(3),
        status: row.text(4), failureCount: row.int64(5))
    }
  }
}

extension Transaction {
  func save(_ record: WooCommerceRecord, of shop: Shop.Key, _ orderID: String) throws {
    try execute(
      """
      INSERT INTO woo_order (shop_id, order_id, complete_time, meta, notes) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (shop_id, order_id) DO UPDATE SET complete_time = excluded.complete_time,
        meta = excluded.meta, notes = excluded.notes
      """,
      [
        .text(shop.shopID), .text(orderID), .time(record.completeTime),
        .text(JSONValue.object(record.meta).json), .text(JSONValue.array(record.notes).json),
      ])
  }

  func save(_ webhook: WooCommerceWebhook, of shop: Shop.Key) throws {
    try execute(
      """
      INSERT INTO woo_webhook (shop_id, webhook_id, topic, delivery_url, secret, status,
        failure_count)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (shop_id, webhook_id) DO UPDATE SET secret = excluded.secret,
        delivery_url = excluded.delivery_url, status = excluded.status,
        failure_count = excluded.failure_count
      """,
      [
        .text(shop.shopID), .integer(webhook.webhookID), .text(webhook.topic),
        .text(webhook.deliveryURL), .text(webhook.secret), .text(webhook.status),
        .integer(webhook.failureCount),
      ])
  }
}
