internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Loyverse's OAuth code flow. Tokens are a merchant's, with all of its stores: those of one app that have the same token.
enum LoyverseAuthorisation {
  static let pagePath = "/oauth/authorize"
  private static let codeSeconds: Int64 = 600

  static func page(_ query: FormFields, _ platform: Platform) async -> HTTPResponse {
    let shop = try? await platform.read { transaction -> Shop? in
      let wanted = query["sandbox_shop"]
      return try LoyversePlatform.all(transaction).first {
        $0.secret("client_id") == query["client_id"] && (wanted == nil || $0.key.shopID == wanted)
      }
    }
    return await AuthorisationPage.agree(
      query["response_type"] == "code" ? shop ?? nil : nil, redirect: query["redirect_uri"],
      seconds: codeSeconds, [("state", query["state"] ?? "")], platform)
  }

  static func stores(_: any ReadTransaction, _ call: LoyverseCall) throws -> JSONValue {
    let stores = call.shops.map { shop -> JSONValue in
      ["id": .string(shop.key.shopID), "name": "Sandbox"]
    }
    return ["stores": .array(stores)]
  }

  /// Another access token and another refresh token for the merchant's stores.
  static func tokens(_ request: HTTPRequest, _ platform: Platform) async throws -> HTTPResponse {
    let form = FormFields(String(decoding: request.body, as: UTF8.self))
    let now = platform.clock.now()
    let answer = try await platform.change { market -> JSONValue in
      let ours = try LoyversePlatform.all(market.transaction).filter { shop in
        shop.secret("client_id") == form["client_id"]
          && shop.secret("client_secret") == form["client_secret"]
      }
      let shops: [Shop]
      switch form["grant_type"] {
      case "refresh_token":
        shops = ours.filter { !$0.refreshToken.isEmpty && $0.refreshToken == form["refresh_token"] }
      case "authorization_code":
        let found = ours.first { $0.hasCode(form["code"], at: now) }
        shops = ours.filter { $0.accessToken == found?.accessToken }
      default: shops = []
      }
      guard !shops.isEmpty else {
        throw LoyverseError(400, "BAD_REQUEST", "The refresh token or the code is not valid.")
      }
      let access = Hex.encode(SecureRandom.bytes(16))
      let next = Hex.encode(SecureRandom.bytes(16))
      for var shop in shops {
        shop.useCode()
        shop.accessToken = access
        shop.refreshToken = next
        shop.accessExpireTime = now + .seconds(LoyversePlatform.accessSeconds)
        try market.transaction.save(shop)
      }
      return [
        "access_token": .string(access), "refresh_token": .string(next), "token_type": "Bearer",
        "expires_in": .integer(LoyversePlatform.accessSeconds),
      ]
    }
    return .json(200, answer.bytes)
  }
}
