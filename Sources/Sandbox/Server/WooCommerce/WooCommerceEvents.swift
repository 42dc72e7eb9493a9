internal import Kit
internal import StorageCore

/// WooCommerce's webhooks: the whole order as it is when it is sent, signed over the raw body.
///
/// - Note: Source: class-wc-webhook.php, build_payload, generate_signature, deliver_ping.
enum WooCommerceEvents {
  private static let pingTopic = "ping"

  static func order(_ order: BuyerOrder, topic: String) -> [EventDraft] {
    [EventDraft(topic: topic, subject: order.orderID, body: [:])]
  }

  static func ping(_ webhook: WooCommerceWebhook) -> EventDraft {
    EventDraft(topic: pingTopic, subject: String(webhook.webhookID), body: [:])
  }

  /// Nil when no webhook of the topic is active.
  static func wire(
    _ delivery: Delivery, _ shop: Shop, _ transaction: any ReadTransaction
  ) throws -> OutgoingEvent? {
    if delivery.topic == pingTopic {
      return OutgoingEvent(
        headers: ["Content-Type": "application/x-www-form-urlencoded"],
        body: Array("webhook_id=\(delivery.subject)".utf8))
    }
    let webhook = try transaction.wooCommerceWebhooks(shop.key)
      .first { $0.topic == delivery.topic && $0.status == "active" }
    guard let webhook else { return nil }
    let isDeleted = try transaction.order(shop.key, delivery.subject) == nil
    let body: JSONValue =
      isDeleted
      ? ["id": .id(delivery.subject)]
      : try WooCommerceOrders.json(of: delivery.subject, transaction, shop)
    let bytes = body.bytes
    let signature = HMAC.sha256(key: Array(webhook.secret.utf8), bytes)
    return OutgoingEvent(
      headers: [
        "Content-Type": "application/json",
        "User-Agent": "WooCommerce/10.0.0 Hookshot (WordPress/6.8)",
        "X-WC-Webhook-Source": "https://\(shop.key.shopID)/",
        "X-WC-Webhook-Topic": delivery.topic,
        "X-WC-Webhook-Resource": "order",
        "X-WC-Webhook-Event": String(delivery.topic.dropFirst("order.".count)),
        "X-WC-Webhook-Signature": Base64.encode(signature),
        "X-WC-Webhook-ID": String(webhook.webhookID),
        "X-WC-Webhook-Delivery-ID": Hex.encode(
          SHA256.hash(Array("\(webhook.webhookID)\(delivery.createTime.seconds)".utf8)).prefix(16)),
      ], body: bytes)
  }
}
