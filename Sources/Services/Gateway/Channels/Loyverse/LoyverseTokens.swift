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

extension LoyverseAdapter {
  /// A personal token has no refresh token and does not end.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let account = api.account
    guard let refreshToken = account.credentials[LoyverseCredential.refreshToken],
      !refreshToken.isEmpty
    else { return nil }
    let form = ChannelQuery.encode([
      ("client_id", try account.credential(LoyverseCredential.clientID)),
      ("client_secret", try account.credential(LoyverseCredential.clientSecret)),
      ("grant_type", "refresh_token"), ("refresh_token", refreshToken),
    ])
    let reply = try await api.http.send(
      ChannelRequest(
        method: "POST", url: "\(account.baseURL)/oauth/token",
        headers: [("content-type", "application/x-www-form-urlencoded")], body: Array(form.utf8)))
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
    var changed = [LoyverseCredential.accessToken: accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[LoyverseCredential.refreshToken] = next
    }
    if let span = answer.expiresIn?.value, span > 0, span < 1_000_000_000 {
      changed[ChannelAccount.accessTokenEndName] = String(api.clock.now().seconds + span)
    }
    return changed
  }
}
