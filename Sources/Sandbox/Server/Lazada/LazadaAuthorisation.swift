internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Lazada's tokens: 30 days, refreshed for 180; an app in test has 7 and 14 (`app_kind` `test`), and of one that is sold in the
/// service market they last as long as the subscription, and are not refreshed (`service_market`).
///
/// - Note: Source: Lazada document 108068.
enum LazadaAuthorisation {
  static let accessSeconds: Int64 = 30 * 86_400
  private static let refreshSeconds: Int64 = 180 * 86_400
  private static let testSeconds: (access: Int64, refresh: Int64) = (7 * 86_400, 14 * 86_400)

  static func refresh(_ market: Market, _ shops: [Shop], _ call: LazadaCall) throws -> JSONValue {
    let token = try call.text("refresh_token")
    let found = shops.first { $0.refreshToken == token && call.now < $0.refreshExpireTime }
    guard let shop = found, shop.secret("app_kind") != "service_market" else {
      throw LazadaError.app(
        "IllegalRefreshToken", "The specified refresh token is invalid or expired")
    }
    return try renew(shop, market, call)
  }

  static let codeSeconds: Int64 = 1800
  static let pagePath = "/oauth/authorize"

  static func page(_ query: FormFields, _ platform: Platform) async -> HTTPResponse {
    let shop = try? await platform.read { transaction -> Shop? in
      let shops = try transaction.shopKeys().filter { $0.channel == .lazada }
        .compactMap { try transaction.shop($0) }
      let wanted = query["sandbox_shop"]
      return shops.first {
        $0.secret("app_key") == query["client_id"] && (wanted == nil || $0.key.shopID == wanted)
      }
    }
    return await AuthorisationPage.agree(
      query["response_type"] == "code" ? shop ?? nil : nil, redirect: query["redirect_uri"],
      seconds: codeSeconds, [("state", query["state"] ?? "")], platform)
  }

  static func create(_ market: Market, _ shops: [Shop], _ call: LazadaCall) throws -> JSONValue {
    let code = try call.text("code")
    guard var shop = shops.first(where: { $0.hasCode(code, at: call.now) }) else {
      throw LazadaError.app("InvalidCode", "Invalid authorization code")
    }
    shop.useCode()
    return try renew(shop, market, call)
  }

  private static func renew(_ old: Shop, _ market: Market, _ call: LazadaCall) throws -> JSONValue {
    var shop = old
    shop.accessToken = "50000" + Hex.encode(SecureRandom.bytes(20))
    shop.refreshToken = "50001" + Hex.encode(SecureRandom.bytes(20))
    let life =
      shop.secret("app_kind") == "test"
      ? testSeconds : (access: accessSeconds, refresh: refreshSeconds)
    shop.accessExpireTime = call.now + .seconds(life.access)
    shop.refreshExpireTime = call.now + .seconds(life.refresh)
    try market.transaction.save(shop)
    let site = shop.secrets["site"] ?? "lazada_sg"
    let country = String(site.suffix(2))
    let user: JSONValue = [
      "country": .string(country), "user_id": .string(shop.key.shopID),
      "seller_id": .string(shop.key.shopID), "short_code": .string("SG\(shop.key.shopID)"),
    ]
    return [
      "access_token": .string(shop.accessToken), "refresh_token": .string(shop.refreshToken),
      "expires_in": .integer(life.access), "refresh_expires_in": .integer(life.refresh),
      "country": .string(country), "account_platform": "seller_center",
      "account": "seller@example.com", "country_user_info": [user],
    ]
  }
}
