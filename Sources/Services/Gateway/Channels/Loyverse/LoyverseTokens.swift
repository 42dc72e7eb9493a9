public import ChannelAdapter
internal import Primitives

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresIn = "expires_in"
  }
  var accessToken: String?
  var refreshToken: String?
  var expiresIn: LossyInt?
}

private struct StoreList: Decodable {
  struct Store: Decodable {
    var id: FlexibleID
  }
  var stores: [Store]?
}

extension LoyverseAdapter: Authorising {
  private static let scopes = [
    "STORES_READ", "RECEIPTS_READ", "ITEMS_READ", "INVENTORY_READ", "INVENTORY_WRITE",
  ]

  public var appCredentials: [String] {
    [LoyverseCredential.clientID, LoyverseCredential.clientSecret]
  }

  public func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String {
    let query = ChannelQuery.encode([
      ("client_id", try api.account.credential(LoyverseCredential.clientID)),
      ("scope", Self.scopes.joined(separator: " ")), ("response_type", "code"),
      ("redirect_uri", redirectURL), ("state", state),
    ])
    return "\(api.account.baseURL)/oauth/authorize?\(query)"
  }

  /// An authorisation is a merchant's; the account is one of its stores.
  public func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop {
    let credentials = try await tokens(
      [
        ("grant_type", "authorization_code"), ("code", grant.code),
        ("redirect_uri", grant.redirectURL),
      ], api)
    var next = api
    next.account.credentials.merge(credentials) { $1 }
    let list = try await LoyverseClient(api: next).get("stores", [], as: StoreList.self)
    return AuthorisedShop(
      externalID: try AuthorisedShop.chosen(
        of: (list.stores ?? []).map(\.id.text), wanted: api.account.externalID),
      credentials: credentials)
  }

  /// A personal token has no refresh token and does not end.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    guard let refreshToken = api.account.credentials[LoyverseCredential.refreshToken],
      !refreshToken.isEmpty
    else { return nil }
    return try await tokens(
      [("grant_type", "refresh_token"), ("refresh_token", refreshToken)], api)
  }

  private func tokens(
    _ grant: [(name: String, value: String)], _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: String] {
    let account = api.account
    let app = [
      (name: "client_id", value: try account.credential(LoyverseCredential.clientID)),
      (name: "client_secret", value: try account.credential(LoyverseCredential.clientSecret)),
    ]
    let reply = try await api.http.send(
      ChannelRequest(
        method: "POST", url: "\(account.baseURL)/oauth/token",
        headers: [("content-type", "application/x-www-form-urlencoded")],
        body: Array(ChannelQuery.encode(app + grant).utf8)))
    try reply.requireGrant()
    let answer = try ChannelJSON.reply(TokenAnswer.self, from: reply)
    guard let accessToken = answer.accessToken, !accessToken.isEmpty else {
      throw .malformed("the token answer has no access_token")
    }
    var changed = [LoyverseCredential.accessToken: accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[LoyverseCredential.refreshToken] = next
    }
    changed[ChannelAccount.accessTokenEndName] = ChannelTime.end(of: answer.expiresIn, from: api)
    return changed
  }
}
