public import ChannelAdapter
internal import Primitives

private struct RefreshRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case clientID = "client_id"
    case clientSecret = "client_secret"
    case grantType = "grant_type"
    case refreshToken = "refresh_token"
  }
  var clientID: String
  var clientSecret: String
  var grantType = "refresh_token"
  var refreshToken: String
}

private struct CodeRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case code, expiring
    case clientID = "client_id"
    case clientSecret = "client_secret"
  }
  var clientID: String
  var clientSecret: String
  var code: String
  /// Asks for a token of one hour and a refresh token, which public apps must use.
  var expiring = "1"
}

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case error
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresIn = "expires_in"
    case refreshExpiresIn = "refresh_token_expires_in"
    case errorDescription = "error_description"
  }
  var accessToken: String?
  var refreshToken: String?
  var expiresIn: LossyInt?
  var refreshExpiresIn: LossyInt?
  var error: String?
  var errorDescription: String?
}

extension ShopifyAdapter: Authorising {
  private static let scopes = [
    "read_orders", "write_orders", "read_products", "read_inventory", "write_inventory",
    "read_locations", "read_returns", "write_returns", "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
  ]

  public var appCredentials: [String] {
    [ShopifyCredential.clientID, ShopifyCredential.clientSecret]
  }

  /// The page is the shop's own, so its domain must be known.
  public func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String {
    let query = ChannelQuery.encode([
      ("client_id", try api.account.credential(ShopifyCredential.clientID)),
      ("scope", Self.scopes.joined(separator: ",")), ("redirect_uri", redirectURL),
      ("state", state),
    ])
    return "\(api.account.baseURL)/admin/oauth/authorize?\(query)"
  }

  public func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop {
    let account = api.account
    let secret = try account.credential(ShopifyCredential.clientSecret)
    if !grant.parameters.isEmpty {
      guard Self.isSigned(grant.parameters, secret: secret) else {
        throw .unauthorised("the hmac of the callback does not fit its query")
      }
    }
    let shop = try AuthorisedShop.chosen(
      of: [(grant.parameters["shop"] ?? account.externalID).lowercased()],
      wanted: account.externalID.lowercased())
    let credentials = try await tokens(
      CodeRequest(
        clientID: try account.credential(ShopifyCredential.clientID), clientSecret: secret,
        code: grant.code), api)
    return AuthorisedShop(
      externalID: account.externalID.isEmpty ? shop : account.externalID, credentials: credentials)
  }

  /// Lower-case hexadecimal HMAC-SHA256 over the sorted query without `hmac`.
  ///
  /// - Note: Source: shopify.dev, authorization code grant.
  static func isSigned(_ parameters: [String: String], secret: String) -> Bool {
    let message = parameters.filter { $0.key != "hmac" }.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value)" }.joined(separator: "&")
    return ChannelSignature.matches(
      parameters["hmac"], ChannelSignature.hex(key: secret, Array(message.utf8)))
  }

  /// Only expiring tokens come with a refresh token; a custom app's stays good.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let account = api.account
    guard let refreshToken = account.credentials[ShopifyCredential.refreshToken],
      !refreshToken.isEmpty
    else { return nil }
    return try await tokens(
      RefreshRequest(
        clientID: try account.credential(ShopifyCredential.clientID),
        clientSecret: try account.credential(ShopifyCredential.clientSecret),
        refreshToken: refreshToken), api)
  }

  private func tokens(
    _ request: some Encodable, _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: String] {
    let reply = try await api.http.send(
      ChannelRequest(
        method: "POST", url: "\(api.account.baseURL)/admin/oauth/access_token",
        headers: [("content-type", "application/json"), ("accept", "application/json")],
        body: ChannelJSON.encode(request)))
    let answer = try? ChannelJSON.decode(TokenAnswer.self, from: reply.body)
    if let error = answer?.error, reply.status < 500 {
      throw .unauthorised(
        [error, answer?.errorDescription].compactMap { $0 }.joined(separator: ": "))
    }
    try reply.requireGrant()
    guard let answer, let accessToken = answer.accessToken, !accessToken.isEmpty else {
      throw .malformed("the token answer has no access_token")
    }
    var changed = [ShopifyCredential.accessToken: accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[ShopifyCredential.refreshToken] = next
    }
    changed[ChannelAccount.accessTokenEndName] = ChannelTime.end(of: answer.expiresIn, from: api)
    changed[ChannelAccount.authorisationEndName] = ChannelTime.end(
      of: answer.refreshExpiresIn, from: api)
    return changed
  }
}
