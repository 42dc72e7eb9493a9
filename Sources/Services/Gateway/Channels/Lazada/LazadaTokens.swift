public import ChannelAdapter
internal import Primitives

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresIn = "expires_in"
    case refreshExpiresIn = "refresh_expires_in"
    case sellers = "country_user_info"
  }
  struct Seller: Decodable {
    enum CodingKeys: String, CodingKey { case sellerID = "seller_id" }
    var sellerID: FlexibleID?
  }
  var accessToken: String
  var refreshToken: String?
  var expiresIn: LossyInt?
  var refreshExpiresIn: LossyInt?
  var sellers: Lossy<[Seller]>?

  func credentials(_ api: ChannelAPI) throws(ChannelError) -> [String: String] {
    guard !accessToken.isEmpty else { throw .malformed("the token answer has an empty token") }
    var changed = [LazadaCredential.accessToken: accessToken]
    if let next = refreshToken, !next.isEmpty { changed[LazadaCredential.refreshToken] = next }
    changed[ChannelAccount.accessTokenEndName] = ChannelTime.end(of: expiresIn, from: api)
    changed[ChannelAccount.authorisationEndName] = ChannelTime.end(of: refreshExpiresIn, from: api)
    return changed
  }
}

extension LazadaAdapter: Authorising {
  public var appCredentials: [String] { [LazadaCredential.appKey, LazadaCredential.appSecret] }

  public func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String {
    let host = LazadaClient(api: api).isLive ? "https://auth.lazada.com" : api.account.baseURL
    let query = ChannelQuery.encode([
      ("response_type", "code"), ("force_auth", "true"), ("redirect_uri", redirectURL),
      ("client_id", try api.account.credential(LazadaCredential.appKey)), ("state", state),
    ])
    return "\(host)/oauth/authorize?\(query)"
  }

  /// One authorisation may open a seller's shops in several countries; each has an ID of its own.
  public func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop {
    let answer = try await LazadaClient(api: api).postAuthorisation(
      "/auth/token/create", [("code", grant.code)], as: TokenAnswer.self)
    let sellers = (answer.sellers?.value ?? []).compactMap { $0.sellerID?.named }
    return AuthorisedShop(
      externalID: try AuthorisedShop.chosen(of: sellers, wanted: api.account.externalID),
      credentials: try answer.credentials(api))
  }

  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let refreshToken = try api.account.credential(LazadaCredential.refreshToken)
    return try await LazadaClient(api: api).postAuthorisation(
      "/auth/token/refresh", [("refresh_token", refreshToken)], as: TokenAnswer.self
    ).credentials(api)
  }
}
