internal import Kit
internal import Primitives
internal import StorageCore

/// Shopee's tokens: an access token for 4 hours, a refresh token for one use within 30 days.
///
/// - Note: Source: Shopee developer guide 20. The old access token works 5 minutes more.
enum ShopeeAuthorisation {
  static let accessSeconds: Int64 = 14_400
  static let refreshSeconds: Int64 = 30 * 86_400
  static let graceSeconds: Int64 = 300

  static func refresh(_ market: Market, _ call: ShopeeCall) throws -> JSONValue {
    let shopID = try call.text("shop_id")
    let key = Shop.Key(channel: .shopee, shopID: shopID)
    var shop = try call.authorisePublic(try market.transaction.shop(key))
    guard try call.text("partner_id") == shop.secret("partner_id") else {
      throw ShopeeError.parameter("partner_id in body and query differ.")
    }
    guard try call.text("refresh_token") == shop.refreshToken, call.now < shop.refreshExpireTime
    else { throw ShopeeError("error_auth", "Invalid refresh_token.") }
    shop.previousToken = shop.accessToken
    let grace = call.now + .seconds(graceSeconds)
    shop.previousExpireTime = min(shop.accessExpireTime, grace)
    shop.accessToken = Hex.encode(SecureRandom.bytes(16))
    shop.refreshToken = Hex.encode(SecureRandom.bytes(16))
    shop.accessExpireTime = call.now + .seconds(accessSeconds)
    shop.refreshExpireTime = call.now + .seconds(refreshSeconds)
    try market.transaction.save(shop)
    return [
      "partner_id": .id(shop.secret("partner_id")), "shop_id": .id(shopID),
      "access_token": .string(shop.accessToken), "refresh_token": .string(shop.refreshToken),
      "expire_in": .integer(accessSeconds),
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
