internal import Primitives
internal import StorageCore

/// When a platform turns a shop's webhooks off. WooCommerce counts for each webhook (`WooCommerceWebhooks`); TikTok and
/// Loyverse are not known to.
enum HookHealth {
  /// How a shop's hook has answered since it was turned on.
  struct Count: Equatable {
    var tries: Int64
    var failures: Int64
    /// Of the delivery that was tried last, all its tries in a row.
    var failuresInARow: Int64
    /// When the first failure was since something was taken.
    var failingSince: Timestamp?
  }

  /// After which Square gives a webhook up that has taken nothing.
  static let squarePatience = Duration.seconds(21 * 86_400)

  /// - Note: Source: shopify.dev, changelog of the webhook retry mechanism (a delivery is tried again 8 times in 4 hours, and
  ///   when that fails in a row its subscription is deleted); Lazada document 120168 (over 50 %); Shopee developer guide 18 (under 30 % of more than 600);
  ///   developer.squareup.com, webhooks, delivery SLA (three weeks of failure). Lazada names no number of messages; here it
  ///   is 20.
  static func isTurnedOff(_ count: Count, by channel: Channel, at now: Timestamp) -> Bool {
    switch channel {
    case .shopify: count.failuresInARow > 8
    case .lazada: count.tries >= 20 && count.failures * 2 > count.tries
    case .shopee: count.tries > 600 && (count.tries - count.failures) * 10 < count.tries * 3
    case .square: count.failingSince.map { now - $0 >= squarePatience } ?? false
    case .tiktok, .loyverse, .woocommerce: false
    }
  }

  /// Counts one try.
  static func count(_ outcome: DeliveryOutcome, _ transaction: any Transaction) throws {
    guard [.shopify, .lazada, .shopee, .square].contains(outcome.channel),
      outcome.state != .dropped
    else { return }
    let found = try transaction.first(
      """
      SELECT COALESCE(tries, 0), COALESCE(failures, 0), COALESCE(failures_in_a_row, 0), failing_since
      FROM delivery
      LEFT JOIN hook ON hook.channel = delivery.channel AND hook.shop_id = delivery.shop_id
      WHERE delivery_id = ?
      """, [.integer(outcome.deliveryID)]
    ) {
      Count(
        tries: $0.int64(0), failures: $0.int64(1), failuresInARow: $0.int64(2),
        failingSince: $0.optionalTime(3))
    }
    guard var count = found else { return }
    let isFailure = outcome.state != .delivered
    count.tries += 1
    count.failures += isFailure ? 1 : 0
    count.failuresInARow = isFailure ? Int64(outcome.attempt) : 0
    count.failingSince = isFailure ? count.failingSince ?? outcome.time : nil
    let isOff = isTurnedOff(count, by: outcome.channel, at: outcome.time)
    try transaction.execute(
      """
      INSERT INTO hook
        (channel, shop_id, is_off, tries, failures, failures_in_a_row, failing_since)
      SELECT channel, shop_id, ?, ?, ?, ?, ? FROM delivery WHERE delivery_id = ?
      ON CONFLICT (channel, shop_id) DO UPDATE SET is_off = MAX(is_off, excluded.is_off),
        tries = excluded.tries, failures = excluded.failures,
        failures_in_a_row = excluded.failures_in_a_row, failing_since = excluded.failing_since
      """,
      [
        .bool(isOff), .integer(count.tries), .integer(count.failures),
        .integer(count.failuresInARow), .time(count.failingSince), .integer(outcome.deliveryID),
      ])
  }
}

extension ReadTransaction {
  /// Whether events are sent to a shop's hook no more.
  func isHookOff(of shop: Shop.Key) throws -> Bool {
    try exists("SELECT 1 FROM hook WHERE channel = ? AND shop_id = ? AND is_off = 1", shop.values)
  }
}

extension Transaction {
  /// Turned on again, a hook begins anew.
  func setHook(of shop: Shop.Key, isEnabled: Bool) throws {
    try execute(
      """
      INSERT INTO hook (channel, shop_id, is_off, tries, failures, failures_in_a_row)
      VALUES (?, ?, ?, 0, 0, 0)
      ON CONFLICT (channel, shop_id) DO UPDATE SET is_off = excluded.is_off, tries = 0,
        failures = 0, failures_in_a_row = 0, failing_since = NULL
      """, shop.values + [.bool(!isEnabled)])
    guard shop.channel == .woocommerce else { return }
    for var webhook in try wooCommerceWebhooks(shop) {
      webhook.status = isEnabled ? "active" : "disabled"
      try save(webhook, of: shop)
    }
  }
}
