internal import ChannelAdapter

private struct LoyverseErrors: Decodable {
  struct Entry: Decodable {
    var code: String?
    var details: String?
    var field: String?

    var text: String { [code, details, field].compactMap { $0 }.joined(separator: ": ") }
  }
  var errors: [Entry]?
}

/// Calls Loyverse for one account.
struct LoyverseClient {
  let api: ChannelAPI

  func get<Answer: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)] = [], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let query = parameters.isEmpty ? "" : "?" + ChannelQuery.encode(parameters)
    return try ChannelJSON.reply(type, from: try await send("GET", path + query, []))
  }

  func post(_ path: String, _ body: some Encodable) async throws(ChannelError) {
    _ = try await send("POST", path, ChannelJSON.encode(body))
  }

  private func send(
    _ method: String, _ path: String, _ body: [UInt8]
  ) async throws(ChannelError) -> ChannelReply {
    let account = api.account
    let token = try account.credential(LoyverseCredential.accessToken)
    var headers = [(name: "authorization", value: "Bearer \(token)")]
    if method == "POST" { headers.append(("content-type", "application/json")) }
    let reply = try await api.http.send(
      ChannelRequest(
        method: method, url: "\(account.baseURL)/v1.0/\(path)", headers: headers, body: body))
    let errors = (try? ChannelJSON.decode(LoyverseErrors.self, from: reply.body))?.errors ?? []
    if reply.isSuccess, errors.isEmpty { return reply }
    throw error(errors, reply)
  }

  private func error(
    _ errors: [LoyverseErrors.Entry], _ reply: ChannelReply
  ) -> ChannelError {
    let text = errors.first?.text ?? "HTTP \(reply.status): \(reply.excerpt)"
    switch errors.first?.code {
    case "UNAUTHORIZED": return unauthorised(text)
    case "FORBIDDEN": return .unauthorised(text)
    case "PAYMENT_REQUIRED": return .suspended(text)
    case "RATE_LIMITED": return .rateLimited(after: reply.retryAfter)
    case "NOT_FOUND": return .notFound(text)
    case "INTERNAL_SERVER_ERROR": return .unavailable(text)
    default: break
    }
    if reply.isSuccess { return .refused(text) }
    switch reply.statusError {
    case .tokenExpired: return unauthorised(text)
    case .refused: return .refused(text)
    case let error: return error
    }
  }

  /// Only tokens that can be refreshed end; another is wrong or taken back.
  private func unauthorised(_ text: String) -> ChannelError {
    let refreshToken = api.account.credentials[LoyverseCredential.refreshToken] ?? ""
    return refreshToken.isEmpty ? .unauthorised(text) : .tokenExpired(text)
  }
}
