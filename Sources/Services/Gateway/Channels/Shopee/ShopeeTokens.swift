public import ChannelAdapter

private struct RefreshRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case partnerID = "partner_id"
    case shopID = "shop_id"
    case refreshToken = "refresh_token"
  }
  var partnerID: Int64
  var shopID: Int64
  var refreshToken: String
}

private struct CodeRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case code
    case partnerID = "partner_id"
    case shopID = "shop_id"
  }
  var code: String
  var partnerID: Int64
  var shopID: Int64
}

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expireIn = "expire_in"
  }
  var accessToken: String
  var refreshToken: String
  var expireIn: LossyInt?

  func credentials(_ api: ChannelAPI) throws(ChannelError) -> [String: String] {
    guard !accessToken.isEmpty, !refreshToken.isEmpty else {
      throw .malformed("the token answer has an empty token")
    }
    var changed = [
      ShopeeCredential.accessToken: accessToken, ShopeeCredential.refreshToken: refreshToken,
    ]
    if let span = expireIn?.value, span > 0 {
      // Sources disagree whether it is a span or a moment; no token lives for thirty years.
      let end = span > 1_000_000_000 ? span : api.clock.now().seconds + span
      changed[ChannelAccount.accessTokenEndName] = String(end)
    }
    return changed
  }
}

private struct ShopInfo: Decodable {
  enum CodingKeys: String, CodingKey { case expireTime = "expire_time" }
  var expireTime: LossyInt?
}

extension ShopeeAdapter: Authorising {
  private static let authorisePath = "/api/v2/shop/auth_partner"

  public var appCredentials: [String] {
    [ShopeeCredential.partnerID, ShopeeCredential.partnerKey, ShopeeCredential.pushPartnerKey]
  }

  /// Shopee knows no `state` and adds `code` and `shop_id` to the redirect's query, so the state stands in its path. The
  /// link's signature is good for five minutes.
  public func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String {
    let signed = try ShopeeClient(api: api).publicQuery(Self.authorisePath)
    let query = ChannelQuery.encode(signed + [("redirect", "\(redirectURL)/\(state)")])
    return "\(api.account.baseURL)\(Self.authorisePath)?\(query)"
  }

  /// A code is good once, for ten minutes. One of a main account, with all its shops, has no `shop_id` and is refused.
  public func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop {
    var next = api
    let given = grant.parameters["shop_id"] ?? api.account.externalID
    guard let shopID = Int64(given) else {
      throw .unauthorised(
        "the authorisation names no shop: let the shop itself in, not a main account")
    }
    next.account.externalID = try AuthorisedShop.chosen(
      of: [String(shopID)], wanted: api.account.externalID)
    let answer = try await ShopeeClient(api: api).postPublic(
      "auth/token/get",
      CodeRequest(code: grant.code, partnerID: try partnerID(api), shopID: shopID),
      as: TokenAnswer.self)
    return AuthorisedShop(
      externalID: next.account.externalID,
      credentials: await withAuthorisationEnd(try answer.credentials(api), next))
  }

  /// Trades the refresh token, which is good once, for a new pair: whoever calls this must keep
  /// what it returns.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let account = api.account
    let refreshToken = try account.credential(ShopeeCredential.refreshToken)
    guard let shopID = Int64(account.externalID) else {
      throw .unauthorised("shop ID \(account.externalID) is not a number")
    }
    let answer = try await ShopeeClient(api: api).postPublic(
      "auth/access_token/get",
      RefreshRequest(partnerID: try partnerID(api), shopID: shopID, refreshToken: refreshToken),
      as: TokenAnswer.self)
    return await withAuthorisationEnd(try answer.credentials(api), api)
  }

  private func partnerID(_ api: ChannelAPI) throws(ChannelError) -> Int64 {
    guard let id = Int64(try api.account.credential(ShopeeCredential.partnerID)) else {
      throw .unauthorised("partner_id is not a number")
    }
    return id
  }

  /// The seller picks how long an authorisation lasts, a year at most, and only the shop's own page tells. Without an answer
  /// the tokens are kept all the same: they are good once.
  private func withAuthorisationEnd(
    _ credentials: [String: String], _ api: ChannelAPI
  ) async -> [String: String] {
    var next = api
    next.account.credentials.merge(credentials) { $1 }
    guard
      let info = try? await ShopeeClient(api: next).getWhole(
        "shop/get_shop_info", [], as: ShopInfo.self),
      let end = info.expireTime?.value, end > 1_000_000_000
    else { return credentials }
    return credentials.merging([ChannelAccount.authorisationEndName: String(end)]) { $1 }
  }
}
