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
    case expiresAt = "expires_at"
  }
  var accessToken: String?
  var refreshToken: String?
  var expiresAt: String?
}

extension SquareAdapter {
  /// An access token lasts 30 days. The refresh token of the code flow may be used again and again,
  /// and the access token before keeps working, so accounts that share a merchant's tokens do not
  /// disturb each other. A personal token has no refresh token and does not end.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let account = api.account
    guard let refreshToken = account.credentials[SquareCredential.refreshToken],
      !refreshToken.isEmpty
    else { return nil }
    let request = TokenRequest(
      clientID: try account.credential(SquareCredential.clientID),
      clientSecret: try account.credential(SquareCredential.clientSecret),
      refreshToken: refreshToken)
    let reply = try await api.http.send(
      ChannelRequest(
        method: "POST", url: "\(account.baseURL)/oauth2/token",
        headers: [
          ("content-type", "application/json"), ("square-version", Self.apiVersion),
        ], body: ChannelJSON.encode(request)))
    guard reply.isSuccess else {
      // A refused refresh token cannot be refreshed.
      if (400..<404).contains(reply.status) {
        throw .unauthorised("HTTP \(reply.status): \(reply.excerpt)")
      }
      throw reply.statusError
    }
    let answer = try ChannelJSON.reply(TokenAnswer.self, from: reply)
    guard let accessToken = answer.accessToken, !accessToken.isEmpty else {
      throw .malformed("the token answer has no access_token")
    }
    var changed = [SquareCredential.accessToken: accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[SquareCredential.refreshToken] = next
    }
    if let end = answer.expiresAt.flatMap(ChannelTime.iso8601) {
      changed[ChannelAccount.accessTokenEndName] = String(end.seconds)
    }
    return changed
  }
}
