public import ChannelAdapter
internal import Primitives

private struct TokenAnswer: Decodable {
  enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresIn = "expires_in"
  }
  var accessToken: String
  var refreshToken: String?
  var expiresIn: LossyInt?
}

extension LazadaAdapter {
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? {
    let refreshToken = try api.account.credential(LazadaCredential.refreshToken)
    let answer = try await LazadaClient(api: api).postAuthorisation(
      "/auth/token/refresh", [("refresh_token", refreshToken)], as: TokenAnswer.self)
    guard !answer.accessToken.isEmpty else {
      throw .malformed("the token answer has an empty token")
    }
    var changed = [LazadaCredential.accessToken: answer.accessToken]
    if let next = answer.refreshToken, !next.isEmpty {
      changed[LazadaCredential.refreshToken] = next
    }
    if let span = answer.expiresIn?.value, span > 0, span < 1_000_000_000 {
      changed[ChannelAccount.accessTokenEndName] = String(api.clock.now().seconds + span)
    }
    return changed
  }
}
