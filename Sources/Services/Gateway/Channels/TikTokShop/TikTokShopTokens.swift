public import ChannelAdapter
internal import Primitives

private struct Tokens: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case accessTokenEnd = "access_token_expire_in"
    case refreshTokenEnd = "refresh_token_expire_in"
  }
  var accessToken: String
  var refreshToken: String?
  /// A moment in Unix seconds, for all that its name says.
  var accessTokenEnd: LossyInt?
  /// The same; the refresh token lives as long as the seller's authorisation.
  var refreshTokenEnd: LossyInt?
}

private struct AuthorisedShops: Decodable {
  struct Shop: Decodable {
    var id: FlexibleID
    var cipher: String
  }
  var shops: [Shop]?
}

extension TikTokShopAdapter: Authorising {
  public var appCredentials: [String] {
    [TikTokShopCredential.appKey, TikTokShopCredential.appSecret]
  }

  /// Where the seller comes back to is set in Partner Center and not in the link, which alone needs the `service_id`.
  public func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String {
    let host =
      TikTokShopClient(api: api).isLive
      ? "https://services.tiktokshop.com" : api.account.baseURL
    let query = ChannelQuery.encode([
      ("service_id", try api.account.credential(TikTokShopCredential.serviceID)),
      ("state", state),
    ])
    return "\(host)/open/authorize?\(query)"
  }

  /// A code is good once, for 30 minutes. An authorisation may open several shops of a seller; each has a cipher.
  public func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop {
    let grants = [("auth_code", grant.code), ("grant_type", "authorized_code")]
    let credentials = try await tokens("/api/v2/token/get", grants, api)
    var next = api
    next.account.credentials.merge(credentials) { $1 }
    let shops = try await shops(next)
    let id = try AuthorisedShop.chosen(
      of: shops.map(\.id.text), wanted: api.account.externalID)
    let cipher = shops.first { $0.id.text == id }?.cipher ?? ""
    return AuthorisedShop(
      externalID: id,
      credentials: credentials.merging([TikTokShopCredential.shopCipher: cipher]) { $1 })
  }

  /// Trades the refresh token for new tokens. The shop's cipher comes with them where it is missing; one that cannot be had
  /// now is had with the next call.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let token = try api.account.credential(TikTokShopCredential.refreshToken)
    var changed = try await tokens(
      "/api/v2/token/refresh", [("refresh_token", token), ("grant_type", "refresh_token")], api)
    guard api.account.credentials[TikTokShopCredential.shopCipher]?.isEmpty != false else {
      return changed
    }
    var next = api
    next.account.credentials.merge(changed) { $1 }
    let shops: [AuthorisedShops.Shop]
    do {
      shops = try await self.shops(next)
    } catch {
      return changed
    }
    let id = try AuthorisedShop.chosen(
      of: shops.map(\.id.text), wanted: api.account.externalID)
    changed[TikTokShopCredential.shopCipher] = shops.first { $0.id.text == id }?.cipher
    return changed
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
    if let end = tokens.refreshTokenEnd?.value, end > 1_000_000_000 {
      changed[ChannelAccount.authorisationEndName] = String(end)
    }
    return changed
  }

  /// The shops that the token opens, each with its cipher.
  private func shops(_ api: ChannelAPI) async throws(ChannelError) -> [AuthorisedShops.Shop] {
    try await TikTokShopClient(api: api).get(
      "/authorization/202309/shops", as: AuthorisedShops.self, ofShop: false
    ).shops?.filter { !$0.cipher.isEmpty } ?? []
  }
}
