public import ChannelAdapter
internal import Primitives

private struct Tokens: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case accessTokenEnd = "access_token_expire_in"
  }
  var accessToken: String
  var refreshToken: String?
  /// A moment in Unix seconds, for all that its name says.
  var accessTokenEnd: LossyInt?
}

private struct AuthorisedShops: Decodable {
  struct Shop: Decodable {
    var id: FlexibleID
    var cipher: String
  }
  var shops: [Shop]?
}

extension TikTokShopAdapter {
  /// Trades the authorisation's code or else the refresh token for new tokens. The shop's cipher comes with a new
  /// authorisation, and where it is missing; one that cannot be had now is had with the next call.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let known = api.account.credentials
    let code = known[TikTokShopCredential.authCode] ?? ""
    var changed: [String: String]
    if code.isEmpty {
      changed = try await refreshed(api)
    } else {
      do {
        changed = try await exchanged(code, api)
      } catch {
        // A code that was given beside tokens, and that nobody needed while it was good.
        guard case .unauthorised = error, known[TikTokShopCredential.refreshToken]?.isEmpty == false
        else { throw error }
        changed = try await refreshed(api)
      }
      changed[TikTokShopCredential.authCode] = ""
    }
    guard !code.isEmpty || known[TikTokShopCredential.shopCipher]?.isEmpty != false else {
      return changed
    }
    var next = api
    next.account.credentials.merge(changed) { $1 }
    do {
      changed[TikTokShopCredential.shopCipher] = try await cipher(next)
    } catch {
      // The code was good once: its tokens are kept unless they are another seller's.
      guard case .unauthorised = error else { return changed }
      throw error
    }
    return changed
  }

  private func exchanged(
    _ code: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: String] {
    try await tokens(
      "/api/v2/token/get", [("auth_code", code), ("grant_type", "authorized_code")], api)
  }

  private func refreshed(_ api: ChannelAPI) async throws(ChannelError) -> [String: String] {
    let token = try api.account.credential(TikTokShopCredential.refreshToken)
    return try await tokens(
      "/api/v2/token/refresh", [("refresh_token", token), ("grant_type", "refresh_token")], api)
  }

  private func tokens(
    _ path: String, _ grant: [(name: String, value: String)], _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: String] {
    let app = [
      (name: "app_key", value: try api.account.credential(TikTokShopCredential.appKey)),
      (name: "app_secret", value: try api.account.credential(TikTokShopCredential.appSecret)),
    ]
    let answer = try await TikTokShopClient(api: api).getAuthorisation(
      path, app + grant, as: Tokens.self)
    if let failure = answer.failure {
      switch failure.meaning {
      case .busy, .rate: throw failure.channelError
      case .tokenOver, .credentials, .locked, .unknownThing, .refused:
        throw .unauthorised(failure.text)
      }
    }
    guard let tokens = answer.content, !tokens.accessToken.isEmpty else {
      throw .malformed("the token answer has no access_token")
    }
    var changed = [TikTokShopCredential.accessToken: tokens.accessToken]
    if let next = tokens.refreshToken, !next.isEmpty {
      changed[TikTokShopCredential.refreshToken] = next
    }
    if let end = tokens.accessTokenEnd?.value, end > 1_000_000_000 {
      changed[ChannelAccount.accessTokenEndName] = String(end)
    }
    return changed
  }

  private func cipher(_ api: ChannelAPI) async throws(ChannelError) -> String {
    let shops =
      try await TikTokShopClient(api: api).get(
        "/authorization/202309/shops", as: AuthorisedShops.self, ofShop: false
      ).shops ?? []
    guard let shop = shops.first(where: { $0.id.text == api.account.externalID }),
      !shop.cipher.isEmpty
    else {
      let others = shops.map(\.id.text).joined(separator: ", ")
      throw .unauthorised("the authorisation is not of this shop but of: \(others)")
    }
    return shop.cipher
  }
}
