internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Shopee's tokens: an access token for 4 hours, a refresh token for one use within 30 days.
///
/// - Note: Source: Shopee developer guide 20. The old access token works 5 minutes more.
enum ShopeeAuthorisation {
  static let accessSeconds: Int64 = 14_400
  static let refreshSeconds: Int64 = 30 * 86_400
  static let graceSeconds: Int64 = 300

  static let codeSeconds: Int64 = 600
  /// The seller picks 7 to 365 days (`authorisation_days`); no token outlives them.
  private static func authorisationSeconds(_ shop: Shop) -> Int64 {
    min(365, max(1, Int64(shop.secret("authorisation_days")) ?? 365)) * 86_400
  }
  static let pagePath = "/api/v2/shop/auth_partner"

  /// Signed by the app; of its shops the first one lets it in, or the one that `sandbox_shop` names.
  static func page(_ call: ShopeeCall, _ platform: Platform) async -> HTTPResponse {
    let shop = try? await platform.read { transaction -> Shop in
      let shops = try transaction.shopKeys().filter { $0.channel == .shopee }
        .compactMap { try transaction.shop($0) }
      let wanted = call.query["sandbox_shop"]
      return try call.authorisePublic(
        shops.first {
          $0.secret("partner_id") == call.query["partner_id"]
            && (wanted == nil || $0.key.shopID == wanted)
        })
    }
    return await AuthorisationPage.agree(
      shop, redirect: call.query["redirect"], seconds: codeSeconds,
      [("shop_id", shop?.key.shopID ?? "")], platform)
  }

  static func create(_ market: Market, _ call: ShopeeCall) throws -> JSONValue {
    var shop = try shop(market, call)
    guard shop.hasCode(try call.text("code"), at: call.now) else {
      throw ShopeeError("error_auth", "Invalid code, please check.")
    }
    shop.useCode()
    shop.secrets[endName] = String((call.now + .seconds(authorisationSeconds(shop))).seconds)
    return try renew(shop, market, call)
  }

  static func refresh(_ market: Market, _ call: ShopeeCall) throws -> JSONValue {
    let shop = try shop(market, call)
    guard try call.text("refresh_token") == shop.refreshToken, call.now < shop.refreshExpireTime
    else { throw ShopeeError("error_auth", "Invalid refresh_token.") }
    return try renew(shop, market, call)
  }

  private static let endName = "authorisation_end"

  /// Its fields lie beside `error`, not in `response`.
  static func info(_: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall) throws -> JSONValue {
    let span = authorisationSeconds(shop)
    let end = Int64(shop.secret(endName)) ?? call.now.seconds + span
    return [
      "shop_name": "Sandbox", "region": "SG", "status": "NORMAL", "is_cb": false,
      "auth_time": .integer(end - span), "expire_time": .integer(end),
    ]
  }

  private static func shop(_ market: Market, _ call: ShopeeCall) throws -> Shop {
    let key = Shop.Key(channel: .shopee, shopID: try call.text("shop_id"))
    let shop = try call.authorisePublic(try market.transaction.shop(key))
    guard try call.text("partner_id") == shop.secret("partner_id") else {
      throw ShopeeError.parameter("partner_id in body and query differ.")
    }
    return shop
  }

  private static func renew(_ old: Shop, _ market: Market, _ call: ShopeeCall) throws -> JSONValue {
    var shop = old
    shop.previousToken = shop.accessToken
    let grace = call.now + .seconds(graceSeconds)
    shop.previousExpireTime = min(shop.accessExpireTime, grace)
    shop.accessToken = Hex.encode(SecureRandom.bytes(16))
    shop.refreshToken = Hex.encode(SecureRandom.bytes(16))
    let end = Int64(shop.secret(endName)).map { Timestamp(seconds: $0) } ?? .distantFuture
    shop.accessExpireTime = min(end, call.now + .seconds(accessSeconds))
    shop.refreshExpireTime = min(end, call.now + .seconds(refreshSeconds))
    let span = Int64((shop.accessExpireTime - call.now).inSeconds)
    try market.transaction.save(shop)
    return [
      "partner_id": .id(shop.secret("partner_id")), "shop_id": .id(shop.key.shopID),
      "access_token": .string(shop.accessToken), "refresh_token": .string(shop.refreshToken),
      "expire_in": .integer(span),
    ]
  }
}

/// Pushes that Shopee has given up in the last three days: an app fetches them, 100 at a time, and says how far it has
/// come.
enum ShopeeLostPushes {
  private static let pageCount = 100

  static func list(_ market: Market, _ call: ShopeeCall) throws -> JSONValue {
    _ = try app(market, call)
    let lost = try market.transaction.lostDeliveries(
      channel: .shopee, after: market.now - SandboxLimits.lostLife, count: pageCount)
    let page = lost.prefix(pageCount)
    let messages = page.map { delivery -> JSONValue in
      let envelope: JSONValue = [
        "shop_id": .id(delivery.shop.shopID), "code": .id(delivery.topic),
        "timestamp": delivery.createTime.unix, "data": JSONValue(parsing: delivery.body) ?? [:],
      ]
      return [
        "shop_id": .id(delivery.shop.shopID), "code": .id(delivery.topic),
        "timestamp": delivery.createTime.unix, "data": .string(envelope.json),
      ]
    }
    return [
      "response": [
        "push_message_list": .array(messages), "has_next_page": .bool(lost.count > pageCount),
        "last_message_id": .integer(page.last?.deliveryID ?? 0),
      ]
    ]
  }

  static func confirm(_ market: Market, _ call: ShopeeCall) throws -> JSONValue {
    _ = try app(market, call)
    guard let last = call.body["last_message_id"].looseInteger else {
      throw ShopeeError.parameter("last_message_id is required.")
    }
    try market.transaction.execute(
      """
      UPDATE delivery SET state = 'confirmed'
      WHERE channel = 'shopee' AND state = 'lost' AND delivery_id <= ?
      """, [.integer(last)])
    return ["response": [:]]
  }

  /// Any shop of the app has the app's key.
  private static func app(_ market: Market, _ call: ShopeeCall) throws -> Shop {
    let shops = try market.transaction.shopKeys().filter { $0.channel == .shopee }
      .compactMap { try market.transaction.shop($0) }
    let shop = shops.first { $0.secret("partner_id") == call.query["partner_id"] }
    return try call.authorisePublic(shop)
  }
}
