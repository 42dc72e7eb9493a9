public import ChannelAdapter
internal import Primitives

private struct TokenRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case code
    case clientID = "client_id"
    case clientSecret = "client_secret"
    case grantType = "grant_type"
    case refreshToken = "refresh_token"
    case redirectURL = "redirect_uri"
  }
  var clientID: String
  var clientSecret: String
  var grantType: String
  var refreshToken: String?
  var code: String?
  var redirectURL: String?
}

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresAt = "expires_at"
    case merchantID = "merchant_id"
  }
  var accessToken: String?
  var refreshToken: String?
  var expiresAt: String?
  var merchantID: Lossy<FlexibleID>?
}

private struct LocationList: Decodable {
  struct Location: Decodable {
    var id: FlexibleID
  }
  var locations: [Location]?
}

extension SquareAdapter: Authorising {
  private static let scopes = [
    "MERCHANT_PROFILE_READ", "ORDERS_READ", "ORDERS_WRITE", "INVENTORY_READ", "INVENTORY_WRITE",
    "ITEMS_READ", "PAYMENTS_READ",
  ]

  public var appCredentials: [String] {
    [SquareCredential.clientID, SquareCredential.clientSecret, SquareCredential.signatureKey]
  }

  public func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String {
    let query = ChannelQuery.encode([
      ("client_id", try api.account.credential(SquareCredential.clientID)),
      ("scope", Self.scopes.joined(separator: " ")), ("session", "false"), ("state", state),
      ("redirect_uri", redirectURL),
    ])
    return "\(api.account.baseURL)/oauth2/authorize?\(query)"
  }

  /// An authorisation is a merchant's; the account is one of its locations.
  public func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop {
    var request = try request("authorization_code", api)
    request.code = grant.code
    request.redirectURL = grant.redirectURL
    var next = api
    let credentials = try await tokens(request, api)
    next.account.credentials.merge(credentials) { $1 }
    let list = try await SquareClient(api: next).get("locations", as: LocationList.self)
    return AuthorisedShop(
      externalID: try AuthorisedShop.chosen(
        of: (list.locations ?? []).map(\.id.text), wanted: api.account.externalID),
      credentials: credentials)
  }

  /// An access token lasts 30 days. The refresh token of the code flow may be used again and again,
  /// and the access token before keeps working, so accounts that share a merchant's tokens do not
  /// disturb each other. A personal token has no refresh token and does not end.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    guard let refreshToken = api.account.credentials[SquareCredential.refreshToken],
      !refreshToken.isEmpty
    else { return nil }
    var request = try request("refresh_token", api)
    request.refreshToken = refreshToken
    return try await tokens(request, api)
  }

  private func request(
    _ grantType: String, _ api: ChannelAPI
  ) throws(ChannelError) -> TokenRequest {
    TokenRequest(
      clientID: try api.account.credential(SquareCredential.clientID),
      clientSecret: try api.account.credential(SquareCredential.clientSecret),
      grantType: grantType)
  }

  private func tokens(
    _ request: TokenRequest, _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: String] {
    let reply = try await api.http.send(
      ChannelRequest(
        method: "POST", url: "\(api.account.baseURL)/oauth2/token",
        headers: [
          ("content-type", "application/json"), ("square-version", Self.apiVersion),
        ], body: ChannelJSON.encode(request)))
    try reply.requireGrant()
    let answer = try ChannelJSON.reply(TokenAnswer.self, from: reply)
    guard let accessToken = answer.accessToken, !accessToken.isEmpty else {
      throw .malformed("the token answer has no access_token")
    }
    var changed = [SquareCredential.accessToken: accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[SquareCredential.refreshToken] = next
    }
    if let merchant = answer.merchantID?.value?.named {
      changed[SquareCredential.merchantID] = merchant
    }
    if let end = answer.expiresAt.flatMap(ChannelTime.iso8601) {
      changed[ChannelAccount.accessTokenEndName] = String(end.seconds)
    }
    return changed
  }
}
