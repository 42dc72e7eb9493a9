internal import Primitives

/// One of the platforms that the sandbox behaves like.
enum Channel: String, CaseIterable, Sendable {
  case shopee, lazada, shopify, woocommerce, tiktok, square, loyverse

  /// For those who name one that there is not.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
  /// Of which sellers have tills: goods leave over the counter.
  var hasTills: Bool { self == .square || self == .loyverse }
  /// Whether it locks units for promotions.
  var hasPromotions: Bool { self == .shopee || self == .lazada || self == .tiktok }
  /// Whether its orders have a line for each unit.
  var hasUnitLines: Bool { self == .lazada || self == .tiktok }
  /// Whether units of an unpaid order stay in the number that is shown, and only the platform's own checkout keeps them.
  var showsUnpaid: Bool { self == .woocommerce }
}

/// A seller's shop on a platform, with the secrets that were agreed with its app.
struct Shop: Equatable, Sendable {
  /// A shop's name within the sandbox.
  struct Key: Hashable, Sendable, CustomStringConvertible {
    var channel: Channel
    var shopID: String
    var description: String { "\(channel.rawValue)/\(shopID)" }
  }

  var key: Key
  /// Where its events are sent; empty for nowhere.
  var hookURL: String
  /// The app's keys and the shop's own settings, by the names of the control API.
  var secrets: [String: String]
  var accessToken: String
  var accessExpireTime: Timestamp
  /// The access token before the last refresh; Shopee lets it work five minutes more.
  var previousToken = ""
  var previousExpireTime = Timestamp.zero
  var refreshToken: String
  var refreshExpireTime: Timestamp

  func secret(_ name: String) -> String { secrets[name] ?? "" }

  /// Shopify's refresh token before the last one.
  static let previousRefreshName = "previous_refresh_token"
  static let revokedName = "revoked_token"

  /// The seller takes the authorisation away: no token works any more.
  mutating func revokeTokens() {
    secrets[Self.revokedName] = accessToken
    secrets[Self.previousRefreshName] = nil
    (accessToken, previousToken, refreshToken) = ("", "", "")
  }

  /// Whether `token` opens the shop's API at `now`.
  func accepts(_ token: String, at now: Timestamp) -> Bool {
    guard !token.isEmpty else { return false }
    return (token == accessToken && now < accessExpireTime)
      || (token == previousToken && now < previousExpireTime)
  }
}

/// What a shop offers, and how many units of it the platform counts in which state.
struct StockListing: Equatable, Sendable {
  var shop: Shop.Key
  var itemID: String
  /// Empty when the item has no variations.
  var variationID: String
  var sku: String
  var title: String
  /// Shopify's inventory item. WooCommerce: `unmanaged` when its stock is not counted, `parent` when a variation sells
  /// its parent's. Empty elsewhere.
  var inventoryItemID = ""
  /// `live` or `hidden`.
  var state = "live"
  /// What buyers can order: Shopee's seller stock, Lazada's sellable, Shopify's and TikTok's available.
  var sellable: Int64
  /// Ordered and not yet paid.
  var withheld: Int64 = 0
  /// Paid and not yet handed over: Lazada's occupied, Shopify's and TikTok's committed.
  var occupied: Int64 = 0
  /// Units of `sellable` that a promotion has locked: it may not be set lower. Over when the promotion is: see `locked(at:)`.
  var reserved: Int64 = 0
  /// The promotion's time; nil where it has begun, and where it lasts until somebody ends it.
  var promotionStart: Timestamp?
  var promotionEnd: Timestamp?
  /// Rises with every change of the listing's numbers.
  var version: Int64 = 0
  var changeTime = Timestamp.zero

  /// Units are locked from when the listing joins a promotion, before it starts, until it ends; nothing is told of the end.
  func locked(at now: Timestamp) -> Int64 {
    promotionEnd.map { $0 <= now } == true ? 0 : reserved
  }

  /// Whether the promotion's buyers can order.
  func isPromoted(at now: Timestamp) -> Bool {
    locked(at: now) > 0 && promotionStart.map { $0 <= now } != false
  }

  /// Units that are physically there, as Lazada counts.
  var real: Int64 { sellable + withheld + occupied }
}
