import Foundation

/// What is on sale during a chaos run, and where.
enum ChaosGoods {
  struct Offer: Sendable {
    /// The seller's code on the channels.
    var code: String
    /// What one of it takes from the pool.
    var takes: [String: Int64]
  }

  static let location = "WH-1"
  static let tillAccount = "till-1"
  static let tillToken = "till-token"
  static let store = "STORE-1"
  /// Units at the begin; there is never enough of the last.
  static let stock: [String: Int64] = ["TEE": 120, "MUG": 90, "CAP": 60, "RARE": 6]
  static let skus = ["TEE", "MUG", "CAP", "RARE"]
  static let offers =
    skus.map { Offer(code: $0, takes: [$0: 1]) } + [
      Offer(code: "SET", takes: ["TEE": 2, "MUG": 1])
    ]

  static func takes(_ code: String) -> [String: Int64] {
    offers.first { $0.code == code }?.takes ?? [code: 1]
  }

  static func item(_ shop: Shop, _ offer: Int) -> Int {
    2_000_000 + 100 * (Shop.everyChannel.firstIndex { $0.channel == shop.channel } ?? 0) + offer
  }
}

extension Shop {
  static let woocommerce = Shop(
    accountID: "woo-shop", channel: "woocommerce", externalID: "shop.example.com",
    path: "/woocommerce/shop.example.com",
    credentials: [
      "consumer_key": "ck_system", "consumer_secret": "cs_system",
      "webhook_secret": "woo_webhook_secret",
    ])
  static let square = Shop(
    accountID: "square-sg", channel: "square", externalID: "L1", path: "/square",
    credentials: [
      "access_token": "square-access", "refresh_token": "square-refresh",
      "client_id": "sq0idp-system", "client_secret": "sq0csp-system",
      "webhook_signature_key": "square_signature_key",
    ])
  static let loyverse = Shop(
    accountID: "loyverse-sg", channel: "loyverse", externalID: "s-1", path: "/loyverse",
    credentials: [
      "access_token": "loyverse-access", "refresh_token": "loyverse-refresh",
      "client_id": "loyverse-system", "client_secret": "loyverse_client_secret",
    ])
  static let everyChannel = all + [woocommerce, square, loyverse]

  /// Channels that set units aside for promotions, and let no lower number be set.
  var hasPromotions: Bool { ["shopee", "lazada", "tiktok"].contains(channel) }
  /// Channels whose access tokens end and are refreshed; Shopify's custom app and WooCommerce have keys that do not.
  var hasTokens: Bool { !["shopify", "woocommerce"].contains(channel) }
  /// A receipt is final.
  var cancels: Bool { channel != "loyverse" }
  /// Channels where somebody may put units to an order that was placed.
  var edits: Bool { ["shopify", "woocommerce", "square"].contains(channel) }
  /// Channels that put goods back on the shelf themselves, with the refund.
  var restocksByRefund: Bool { ["woocommerce", "square", "loyverse"].contains(channel) }
}
