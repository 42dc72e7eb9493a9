internal import ChannelAdapter

/// Calls Square for one account.
struct SquareClient {
  let api: ChannelAPI

  private var account: ChannelAccount { api.account }

  func get<Answer: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)] = [], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let query = parameters.isEmpty ? "" : "?" + ChannelQuery.encode(parameters)
    return try await value(of: request("GET", path + query))
  }

  func post<Answer: Decodable>(
    _ path: String, _ body: some Encodable, as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try await value(of: request("POST", path, ChannelJSON.encode(body)))
  }

  /// Like `post`, but hands a refusal back instead of throwing it.
  func answer<Answer: Decodable>(
    _ method: String, _ path: String, _ body: some Encodable, as type: Answer.Type
  ) async throws(ChannelError) -> Result<Answer, SquareFailure> {
    try await send(request(method, path, ChannelJSON.encode(body)))
  }

  private func request(
    _ method: String, _ path: String, _ body: [UInt8] = []
  ) throws(ChannelError) -> ChannelRequest {
    let token = try account.credential(SquareCredential.accessToken)
    var headers = [
      (name: "authorization", value: "Bearer \(token)"),
      (name: "square-version", value: SquareAdapter.apiVersion),
    ]
    if method != "GET" { headers.append(("content-type", "application/json")) }
    return ChannelRequest(
      method: method, url: "\(account.baseURL)/v2/\(path)", headers: headers, body: body)
  }

  private func value<Answer: Decodable>(
    of request: ChannelRequest
  ) async throws(ChannelError) -> Answer {
    let result: Result<Answer, SquareFailure> = try await send(request)
    do throws(SquareFailure) {
      return try result.get()
    } catch {
      throw error.channelError
    }
  }

  /// A success can have errors inside; then it is none.
  private func send<Answer: Decodable>(
    _ request: ChannelRequest
  ) async throws(ChannelError) -> Result<Answer, SquareFailure> {
    let reply = try await api.http.send(request)
    let errors = (try? ChannelJSON.decode(SquareErrors.self, from: reply.body))?.errors ?? []
    guard reply.isSuccess, errors.isEmpty else {
      let refreshToken = account.credentials[SquareCredential.refreshToken] ?? ""
      return .failure(
        SquareFailure(errors: errors, reply: reply, isRefreshable: !refreshToken.isEmpty))
    }
    return .success(try ChannelJSON.reply(Answer.self, from: reply))
  }
}
