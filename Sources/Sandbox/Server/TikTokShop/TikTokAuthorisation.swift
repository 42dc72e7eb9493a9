internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// TikTok Shop's tokens: an access token for 7 days, a refresh token for as long as the authorisation.
///
/// - Note: Source: TikTok Shop Partner Center, "Authorization". Ends are moments, whatever their names say.
enum TikTokAuthorisation {
  static let accessSeconds: Int64 = 7 * 86_400
  static let refreshSeconds: Int64 = 365 * 86_400

  static let codeSeconds: Int64 = 1800
  static let pagePath = "/open/authorize"

  /// Where a seller goes back to is the app's, not the link's.
  static func page(_ query: FormFields, _ platform: Platform) async -> HTTPResponse {
    let shop = try? await platform.read { transaction -> Shop? in
      let shops = try transaction.shopKeys().filter { $0.channel == .tiktok }
        .compactMap { try transaction.shop($0) }
      let wanted = query["sandbox_shop"]
      return shops.first {
        $0.secret("service_id") == query["service_id"] && (wanted == nil || $0.key.shopID == wanted)
      }
    }
    let found = shop ?? nil
    return await AuthorisationPage.agree(
      found, redirect: found?.secret("redirect_url"), seconds: codeSeconds,
      [
        ("app_key", found?.secret("app_key") ?? ""), ("state", query["state"] ?? ""),
        ("shop_region", "SG"),
      ], platform)
  }

  static func create(_ market: Market, _ call: TikTokCall) throws -> JSONValue {
    let shops = try app(market, call)
    guard call.query["grant_type"] == "authorized_code",
      var shop = shops.first(where: { $0.hasCode(call.query["auth_code"], at: call.now) })
    else { throw TikTokError.code }
    shop.useCode()
    shop.refreshToken = ""
    shop.refreshExpireTime = call.now + .seconds(refreshSeconds)
    return try renew(shop, market, call)
  }

  static func refresh(_ market: Market, _ call: TikTokCall) throws -> JSONValue {
    let shops = try app(market, call)
    let token = call.query["refresh_token"] ?? ""
    let found = shops.first { $0.refreshToken == token && call.now < $0.refreshExpireTime }
    guard call.query["grant_type"] == "refresh_token", !token.isEmpty, let shop = found else {
      throw TikTokError.code
    }
    return try renew(shop, market, call)
  }

  private static func app(_ market: Market, _ call: TikTokCall) throws -> [Shop] {
    let shops = try call.app(market.transaction)
      .filter { $0.secret("app_secret") == call.query["app_secret"] }
    guard !shops.isEmpty else { throw TikTokError.app }
    return shops
  }

  private static func renew(_ old: Shop, _ market: Market, _ call: TikTokCall) throws -> JSONValue {
    var shop = old
    shop.accessToken = "ROW_" + Hex.encode(SecureRandom.bytes(24))
    shop.accessExpireTime = call.now + .seconds(accessSeconds)
    if shop.refreshToken.isEmpty { shop.refreshToken = "ROW_" + Hex.encode(SecureRandom.bytes(24)) }
    if shop.refreshExpireTime <= call.now {
      shop.refreshExpireTime = call.now + .seconds(refreshSeconds)
    }
    try market.transaction.save(shop)
    return [
      "access_token": .string(shop.accessToken), "refresh_token": .string(shop.refreshToken),
      "access_token_expire_in": shop.accessExpireTime.unix,
      "refresh_token_expire_in": shop.refreshExpireTime.unix,
      "open_id": .string("open-\(shop.key.shopID)"), "seller_name": "Sandbox",
      "seller_base_region": "SG", "user_type": 0,
    ]
  }

  static func shops(_ shop: Shop) -> JSONValue {
    [
      "shops": [
        [
          "id": .string(shop.key.shopID), "name": "Sandbox", "region": "SG", "seller_type": "LOCAL",
          "cipher": .string(shop.secret("shop_cipher")), "code": .string("SG\(shop.key.shopID)"),
        ]
      ]
    ]
  }
}
