public import ChannelAdapter
internal import Primitives

private struct TokenRequest: Encodable {
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

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresIn = "expires_in"
    case error
    case errorDescription = "error_description"
  }
  var accessToken: String?
  var refreshToken: String?
  var expiresIn: LossyInt?
  var error: String?
  var errorDescription: String?
}

extension ShopifyAdapter {
  /// Only expiring tokens come with a refresh token; a custom app's stays good.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let account = api.account
    guard let refreshToken = account.credentials[ShopifyCredential.refreshToken],
      !refreshToken.isEmpty
    else { return nil }
    let request = TokenRequest(
      clientID: try account.credential(ShopifyCredential.clientID),
      clientSecret: try account.credential(ShopifyCredential.clientSecret),
      refreshToken: refreshToken)
    let reply = try await api.http.send(
      ChannelRequest(
        method: "POST", url: "\(account.baseURL)/admin/oauth/access_token",
        headers: [("content-type", "application/json"), ("accept", "application/json")],
        body: ChannelJSON.encode(request)))
    let answer = try? ChannelJSON.decode(TokenAnswer.self, from: reply.body)
    if let error = answer?.error, reply.status < 500 {
      throw .unauthorised(
        [error, answer?.errorDescription].compactMap { $0 }.joined(separator: ": "))
    }
    guard reply.isSuccess else {
      // A refused refresh token cannot be refreshed.
      if reply.status == 401 || reply.status == 400 {
        throw .unauthorised("HTTP \(reply.status): \(reply.excerpt)")
      }
      throw reply.statusError
    }
    guard let answer, let accessToken = answer.accessToken, !accessToken.isEmpty else {
      throw .malformed("the token answer has no access_token")
    }
    var changed = [ShopifyCredential.accessToken: accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[ShopifyCredential.refreshToken] = next
    }
    if let span = answer.expiresIn?.value, span > 0, span < 1_000_000_000 {
      changed[ChannelAccount.accessTokenEndName] = String(api.clock.now().seconds + span)
    }
    return changed
  }
}
