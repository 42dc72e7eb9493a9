internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Square's OAuth code flow: an access token for 30 days, a refresh token that stays. It is a merchant's, with all of its
/// locations.
///
/// - Note: Source: developer.squareup.com, OAuth API.
enum SquareAuthorisation {
  static let pagePath = "/oauth2/authorize"
  /// Five minutes.
  private static let codeSeconds: Int64 = 300

  static func page(_ query: FormFields, _ platform: Platform) async -> HTTPResponse {
    let shop = try? await platform.read { transaction -> Shop? in
      let wanted = query["sandbox_shop"]
      return try SquarePlatform.all(transaction).first {
        $0.secret("client_id") == query["client_id"] && (wanted == nil || $0.key.shopID == wanted)
      }
    }
    return await AuthorisationPage.agree(
      shop ?? nil, redirect: query["redirect_uri"], seconds: codeSeconds,
      [("response_type", "code"), ("state", query["state"] ?? "")], platform)
  }

  static func locations(_: any ReadTransaction, _ call: SquareCall) throws -> JSONValue {
    let locations = call.shops.map { shop -> JSONValue in
      [
        "id": .string(shop.key.shopID), "name": "Sandbox", "status": "ACTIVE",
        "merchant_id": .string(SquareWords.merchant(shop)),
      ]
    }
    return ["locations": .array(locations)]
  }

  static func tokens(
    _ request: HTTPRequest, _ platform: Platform
  ) async throws(SquareError) -> HTTPResponse {
    let given = JSONValue(parsing: request.body) ?? [:]
    let now = platform.clock.now()
    let answer: JSONValue?
    do {
      answer = try await platform.change { market in try renew(market, given, now) }
    } catch {
      throw .system
    }
    guard let answer else {
      throw SquareError(
        401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", "The refresh token or the code is not valid.")
    }
    return .json(200, answer.bytes)
  }

  private static func renew(
    _ market: Market, _ given: JSONValue, _ now: Timestamp
  ) throws -> JSONValue? {
    let ours = try SquarePlatform.all(market.transaction).filter { shop in
      shop.secret("client_id") == given["client_id"].text
        && shop.secret("client_secret") == given["client_secret"].text
    }
    var shops: [Shop]
    switch given["grant_type"].text {
    case "refresh_token":
      let token = given["refresh_token"].text ?? ""
      shops = ours.filter { !token.isEmpty && $0.refreshToken == token }
    case "authorization_code":
      guard let found = ours.first(where: { $0.hasCode(given["code"].text, at: now) }) else {
        return nil
      }
      shops = ours.filter { SquareWords.merchant($0) == SquareWords.merchant(found) }
      let refreshToken = "EQAA" + Hex.encode(SecureRandom.bytes(16))
      for index in shops.indices {
        shops[index].useCode()
        shops[index].refreshToken = refreshToken
      }
    default: return nil
    }
    guard let first = shops.first else { return nil }
    let token = "EAAA" + Hex.encode(SecureRandom.bytes(16))
    let end = now + .seconds(SquarePlatform.accessSeconds)
    for var shop in shops {
      shop.accessToken = token
      shop.accessExpireTime = end
      try market.transaction.save(shop)
    }
    return [
      "access_token": .string(token), "token_type": "bearer",
      "expires_at": .string(end.rfc3339), "refresh_token": .string(first.refreshToken),
      "merchant_id": .string(SquareWords.merchant(first)), "short_lived": false,
    ]
  }
}
