internal import Primitives
internal import StorageCore

/// A webhook as the site keeps it.
struct WooCommerceWebhook: Equatable, Sendable {
  var webhookID: Int64
  var topic: String
  var deliveryURL: String
  var secret: String
  /// `active`, `paused` or `disabled`.
  var status = "active"
  /// Deliveries in a row that failed.
  var failureCount: Int64 = 0

  var json: JSONValue {
    [
      "id": .integer(webhookID), "name": .string("Webhook \(webhookID)"),
      "status": .string(status), "topic": .string(topic), "delivery_url": .string(deliveryURL),
      "resource": .string(String(topic.prefix { $0 != "." })),
      "event": .string(String(topic.drop { $0 != "." }.dropFirst())),
    ]
  }
}

enum WooCommerceWebhooks {
  private static let topics = ["order.created", "order.updated", "order.deleted", "order.restored"]
  private static let statuses: Set<String> = ["active", "paused", "disabled"]
  /// Failures in a row after which the next one turns a webhook off (class-wc-webhook.php,
  /// failed_delivery).
  private static let failures: Int64 = 5

  /// A seller who enters a hook's address by hand makes a webhook of each topic.
  static func setUp(_ shop: Shop, _ market: Market) throws {
    guard !shop.hookURL.isEmpty, try market.transaction.wooCommerceWebhooks(shop.key).isEmpty else {
      return
    }
    for topic in topics {
      try market.transaction.save(
        WooCommerceWebhook(
          webhookID: try market.transaction.next("number"), topic: topic,
          deliveryURL: shop.hookURL, secret: shop.secret("webhook_secret")), of: shop.key)
    }
  }

  /// A seller enters another address where the shop's own stood.
  static func move(_ shop: Shop, to hookURL: String, _ market: Market) throws {
    for var webhook in try market.transaction.wooCommerceWebhooks(shop.key)
    where webhook.deliveryURL == shop.hookURL {
      webhook.deliveryURL = hookURL
      try market.transaction.save(webhook, of: shop.key)
    }
  }

  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: WooCommerceCall
  ) throws -> WooCommercePlatform.Answer {
    let (offset, size) = try call.page()
    let all = try transaction.wooCommerceWebhooks(shop.key)
    let rows = all.dropFirst(offset).prefix(size).map(\.json)
    return .init(page: Array(rows), total: all.count, size: size)
  }

  /// The site tries a new webhook's address out at once.
  static func create(_ market: Market, _ shop: Shop, _ call: WooCommerceCall) throws -> JSONValue {
    guard let topic = call.body["topic"].string, topic.contains(".") else {
      throw WooCommerceError.parameter("topic")
    }
    guard let address = call.body["delivery_url"].string, address.hasPrefix("http") else {
      throw WooCommerceError.parameter("delivery_url")
    }
    let webhook = WooCommerceWebhook(
      webhookID: try market.transaction.next("number"), topic: topic, deliveryURL: address,
      secret: call.body["secret"].string ?? "")
    try market.transaction.save(webhook, of: shop.key)
    if shop.hookURL.isEmpty {
      var open = shop
      open.hookURL = address
      try market.transaction.save(open)
    }
    try market.send([WooCommerceEvents.ping(webhook)], of: shop.key)
    return webhook.json
  }

  static func update(
    _ market: Market, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> JSONValue {
    let all = try market.transaction.wooCommerceWebhooks(shop.key)
    guard var webhook = all.first(where: { String($0.webhookID) == id }) else {
      throw WooCommerceError(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
    }
    if let status = call.body["status"].string {
      guard statuses.contains(status) else {
        throw WooCommerceError(
          400, "woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.")
      }
      webhook.status = status
    }
    try market.transaction.save(webhook, of: shop.key)
    return webhook.json
  }

  /// Counts what came of a delivery: a success forgets the failures before it.
  static func count(_ outcome: DeliveryOutcome, _ transaction: any Transaction) throws {
    guard outcome.channel == .woocommerce, [.delivered, .lost].contains(outcome.state) else {
      return
    }
    let found = try transaction.first(
      "SELECT shop_id, topic, body FROM delivery WHERE delivery_id = ?",
      [.integer(outcome.deliveryID)]
    ) {
      (Shop.Key(channel: .woocommerce, shopID: $0.text(0)), (topic: $0.text(1), body: $0.text(2)))
    }
    guard let (key, delivery) = found,
      var webhook = try WooCommerceEvents.webhook(of: delivery, key, transaction)
    else { return }
    if outcome.state == .delivered {
      webhook.failureCount = 0
    } else if webhook.failureCount > failures {
      webhook.status = "disabled"
    } else {
      webhook.failureCount += 1
    }
    try transaction.save(webhook, of: key)
  }
}
