internal import Kit
internal import StorageCore

/// WooCommerce's webhooks: the whole order as it is when it is sent, signed over the raw body.
///
/// - Note: Source: class-wc-webhook.php, build_payload, generate_signature, deliver_ping.
enum WooCommerceEvents {
  private static let pingTopic = "ping"
  private static let webhookKey = "webhook_id"

  static func order(_ order: BuyerOrder, topic: String) -> [EventDraft] {
    [EventDraft(topic: topic, subject: order.orderID, body: [:])]
  }

  /// One delivery for each webhook of the topic that is active, whatever its address; the draft itself when there is none, which
  /// is then dropped.
  ///
  /// - Note: Source: includes/wc-webhook-functions.php, wc_load_webhooks: each webhook listens for itself.
  static func ofEachWebhook(
    _ draft: EventDraft, _ shop: Shop.Key, _ transaction: any ReadTransaction
  ) throws -> [EventDraft] {
    guard draft.topic != pingTopic else { return [draft] }
    let drafts = try transaction.wooCommerceWebhooks(shop)
      .filter { $0.topic == draft.topic && $0.status == "active" }
      .map { webhook in
        var draft = draft
        draft.body = [webhookKey: .integer(webhook.webhookID)]
        return draft
      }
    return drafts.isEmpty ? [draft] : drafts
  }

  /// The webhook that a delivery is of; of one that was stored without, the first of its topic.
  static func webhook(
    of delivery: (topic: String, body: String), _ shop: Shop.Key, _ transaction: any ReadTransaction
  ) throws -> WooCommerceWebhook? {
    let id = JSONValue(parsing: Array(delivery.body.utf8))?[webhookKey].integer
    return try transaction.wooCommerceWebhooks(shop).first {
      $0.topic == delivery.topic && (id == nil || $0.webhookID == id)
    }
  }

  static func ping(_ webhook: WooCommerceWebhook) -> EventDraft {
    EventDraft(topic: pingTopic, subject: String(webhook.webhookID), body: [:])
  }

  /// With the webhook's own address; nil when it is not active.
  static func wire(
    _ delivery: Delivery, _ shop: Shop, _ transaction: any ReadTransaction
  ) throws -> (url: String, event: OutgoingEvent)? {
    if delivery.topic == pingTopic {
      let pinged = try transaction.wooCommerceWebhooks(shop.key)
        .first { String($0.webhookID) == delivery.subject }
      guard let pinged else { return nil }
      let event = OutgoingEvent(
        headers: ["Content-Type": "application/x-www-form-urlencoded"],
        body: Array("webhook_id=\(delivery.subject)".utf8))
      return (pinged.deliveryURL, event)
    }
    let webhook = try webhook(of: (delivery.topic, delivery.body), shop.key, transaction)
    guard let webhook, webhook.status == "active" else { return nil }
    let isDeleted = try transaction.order(shop.key, delivery.subject) == nil
    let body: JSONValue =
      isDeleted
      ? ["id": .id(delivery.subject)]
      : try WooCommerceOrders.json(of: delivery.subject, transaction, shop)
    let bytes = body.bytes
    let signature = HMAC.sha256(key: Array(webhook.secret.utf8), bytes)
    let event = OutgoingEvent(
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
    return (webhook.deliveryURL, event)
  }
}
