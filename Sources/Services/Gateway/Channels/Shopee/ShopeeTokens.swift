public import ChannelAdapter

private struct TokenRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case partnerID = "partner_id"
    case shopID = "shop_id"
    case refreshToken = "refresh_token"
  }
  var partnerID: Int64
  var shopID: Int64
  var refreshToken: String
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
}

extension ShopeeAdapter {
  /// Trades the refresh token, which is good once, for a new pair: whoever calls this must keep
  /// what it returns.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let account = api.account
    let refreshToken = try account.credential(ShopeeCredential.refreshToken)
    guard let partnerID = Int64(try account.credential(ShopeeCredential.partnerID)) else {
      throw .unauthorised("partner_id is not a number")
    }
    guard let shopID = Int64(account.externalID) else {
      throw .unauthorised("shop ID \(account.externalID) is not a number")
    }
    let answer = try await ShopeeClient(api: api).postPublic(
      "auth/access_token/get",
      TokenRequest(partnerID: partnerID, shopID: shopID, refreshToken: refreshToken),
      as: TokenAnswer.self)
    guard !answer.accessToken.isEmpty, !answer.refreshToken.isEmpty else {
      throw .malformed("the token answer has an empty token")
    }
    var changed = [
      ShopeeCredential.accessToken: answer.accessToken,
      ShopeeCredential.refreshToken: answer.refreshToken,
    ]
    if let span = answer.expireIn?.value, span > 0 {
      // Sources disagree whether it is a span or a moment; no token lives for thirty years.
      let end = span > 1_000_000_000 ? span : api.clock.now().seconds + span
      changed[ChannelAccount.accessTokenEndName] = String(end)
    }
    return changed
  }
}
