internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Shopify's authorization code grant and its expiring offline tokens: one hour, with a refresh token for 30 days.
///
/// - Note: Source: shopify.dev, authorization code grant and offline access tokens.
enum ShopifyAuthorisation {
  private static let accessSeconds: Int64 = 3_600
  private static let refreshSeconds: Int64 = 2_592_000
  private static let codeSeconds: Int64 = 600

  /// Sends the merchant back with a query that is signed with the app's secret.
  static func page(
    _ key: Shop.Key, _ query: FormFields, _ platform: Platform
  ) async -> HTTPResponse {
    let now = platform.clock.now()
    let answer = try? await platform.change { market -> String? in
      guard var shop = try market.transaction.shop(key),
        query["client_id"] == shop.secret("client_id"), query["scope"]?.isEmpty == false,
        let redirect = query["redirect_uri"], redirect.hasPrefix("http")
      else { return nil }
      let code = shop.issueCode(now: now, seconds: codeSeconds)
      try market.transaction.save(shop)
      let pairs = [
        (name: "code", value: code), (name: "host", value: "c2FuZGJveA"),
        (name: "shop", value: key.shopID), (name: "state", value: query["state"] ?? ""),
        (name: "timestamp", value: String(now.seconds)),
      ]
      let message = pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
      let sign = Hex.encode(HMAC.sha256(key: shop.secret("client_secret"), message))
      return "\(redirect)?\(FormFields.encoded(pairs + [("hmac", sign)]))"
    }
    guard let location = answer ?? nil else {
      return .text(400, "Oauth error invalid_request: the app or the redirect is not known.\n")
    }
    return HTTPResponse(status: 302, headers: [("location", location)])
  }

  /// `POST /admin/oauth/access_token`, with a code or with grant_type refresh_token. The old refresh token stays good until
  /// the new one is used: an answer that was lost can be asked for again.
  static func tokens(
    _ key: Shop.Key, _ request: HTTPRequest, _ platform: Platform
  ) async -> HTTPResponse {
    let type = (request.header("content-type") ?? "").lowercased()
    let text = String(decoding: request.body, as: UTF8.self)
    let form = FormFields(type.hasPrefix("application/json") ? "" : text)
    let json = JSONValue(parsing: request.body) ?? [:]
    let given: @Sendable (String) -> String = { form[$0] ?? json[$0].text ?? "" }
    let now = platform.clock.now()
    let answer = try? await platform.change { market -> JSONValue? in
      guard var shop = try market.transaction.shop(key),
        given("client_id") == shop.secret("client_id"),
        given("client_secret") == shop.secret("client_secret")
      else { return nil }
      let isExpiring: Bool
      if given("grant_type") == "refresh_token" {
        let token = given("refresh_token")
        guard !token.isEmpty, now < shop.refreshExpireTime else { return nil }
        if token == shop.refreshToken {
          shop.secrets[Shop.previousRefreshName] = token
        } else if token != shop.secret(Shop.previousRefreshName) {
          return nil
        }
        isExpiring = true
      } else {
        guard shop.hasCode(given("code"), at: now) else { return nil }
        shop.useCode()
        shop.secrets[Shop.previousRefreshName] = nil
        isExpiring = given("expiring") == "1"
      }
      shop.accessToken = "shpat_" + Hex.encode(SecureRandom.bytes(16))
      shop.accessExpireTime = now + .seconds(isExpiring ? accessSeconds : 100 * 365 * 86_400)
      shop.refreshToken = isExpiring ? "shprt_" + Hex.encode(SecureRandom.bytes(16)) : ""
      shop.refreshExpireTime = now + .seconds(refreshSeconds)
      try market.transaction.save(shop)
      let answer: JSONValue = [
        "access_token": .string(shop.accessToken), "scope": "read_orders,write_inventory",
      ]
      guard isExpiring else { return answer }
      return answer.adding("expires_in", .integer(accessSeconds))
        .adding("refresh_token", .string(shop.refreshToken))
        .adding("refresh_token_expires_in", .integer(refreshSeconds))
    }
    guard let answer = answer ?? nil else {
      return .json(400, (["error": "invalid_request"] as JSONValue).bytes)
    }
    return .json(200, answer.bytes)
  }
}
