internal import ChannelAdapter
internal import Primitives

/// Shopee's envelope: `error` is empty when all went well, and then there is a `response`.
struct ShopeeAnswer<Response: Decodable>: Decodable {
  enum CodingKeys: String, CodingKey { case error, message, warning, response }
  var failure: ShopeeFailure?
  var warning: String
  var response: Response?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let error = try container.decodeIfPresent(String.self, forKey: .error) ?? ""
    let message = try container.decodeIfPresent(String.self, forKey: .message) ?? ""
    // A list of warnings in some APIs, text in most.
    warning = (try? container.decodeIfPresent(String.self, forKey: .warning)) ?? ""
    if error.isEmpty {
      response = try container.decodeIfPresent(Response.self, forKey: .response)
    } else {
      failure = ShopeeFailure(code: error, message: message)
    }
  }
}

/// An answer whose `response` nobody reads.
struct ShopeeNothing: Decodable {
  init(from decoder: any Decoder) {}
}

/// Calls Shopee for one shop.
struct ShopeeClient {
  private static let apiPath = "/api/v2/"
  let api: ChannelAPI

  private var account: ChannelAccount { api.account }

  /// Calls an API of the shop; `name` is what stands behind `/api/v2/`.
  func get<Response: Decodable>(
    _ name: String, _ parameters: [(name: String, value: String)], as type: Response.Type
  ) async throws(ChannelError) -> Response {
    let url = try shopURL(name, parameters)
    return try await value(ChannelRequest(method: "GET", url: url))
  }

  func post<Response: Decodable>(
    _ name: String, _ body: some Encodable, as type: Response.Type
  ) async throws(ChannelError) -> Response {
    try await value(postRequest(name, body))
  }

  /// Like `post`, but hands a refusal back instead of throwing it.
  func answer<Response: Decodable>(
    _ name: String, _ body: some Encodable, as type: Response.Type
  ) async throws(ChannelError) -> ShopeeAnswer<Response> {
    try await send(postRequest(name, body))
  }

  /// Calls an API that belongs to the app, not to a shop: no token in the query or in what is
  /// signed.
  func postPublic<Answer: Decodable>(
    _ name: String, _ body: some Encodable, as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let path = Self.apiPath + name
    let query = ChannelQuery.encode(try publicQuery(path))
    return try await whole(jsonRequest(account.baseURL + path + "?" + query, body), as: type)
  }

  func getPublic<Answer: Decodable>(
    _ name: String, as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let path = Self.apiPath + name
    let url = account.baseURL + path + "?" + ChannelQuery.encode(try publicQuery(path))
    return try await whole(ChannelRequest(method: "GET", url: url), as: type)
  }

  /// Calls an API of the shop whose fields lie beside `error` and not in `response`.
  func getWhole<Answer: Decodable>(
    _ name: String, _ parameters: [(name: String, value: String)], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try await whole(ChannelRequest(method: "GET", url: try shopURL(name, parameters)), as: type)
  }

  /// What a call, or a page, of the app carries in its query.
  func publicQuery(_ path: String) throws(ChannelError) -> [(name: String, value: String)] {
    let partnerID = try account.credential(ShopeeCredential.partnerID)
    let timestamp = api.clock.now().seconds
    let base = ShopeeSigning.base(partnerID: partnerID, path: path, timestamp: timestamp)
    return [
      ("partner_id", partnerID), ("timestamp", String(timestamp)), ("sign", try sign(base)),
    ]
  }

  private func whole<Answer: Decodable>(
    _ request: ChannelRequest, as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let reply = try await api.http.send(request)
    let envelope = try envelope(of: reply, as: ShopeeAnswer<ShopeeNothing>.self)
    if let failure = envelope.failure { throw failure.channelError(now: api.clock.now()) }
    return try ChannelJSON.reply(type, from: reply)
  }

  private func shopURL(
    _ name: String, _ parameters: [(name: String, value: String)]
  ) throws(ChannelError) -> String {
    let partnerID = try account.credential(ShopeeCredential.partnerID)
    let token = try account.credential(ShopeeCredential.accessToken)
    let path = Self.apiPath + name
    let timestamp = api.clock.now().seconds
    let base = ShopeeSigning.base(
      partnerID: partnerID, path: path, timestamp: timestamp, accessToken: token,
      shopID: account.externalID)
    let common = [
      ("partner_id", partnerID), ("timestamp", String(timestamp)), ("access_token", token),
      ("shop_id", account.externalID), ("sign", try sign(base)),
    ]
    return account.baseURL + path + "?" + ChannelQuery.encode(common + parameters)
  }

  private func sign(_ base: String) throws(ChannelError) -> String {
    ShopeeSigning.sign(base, partnerKey: try account.credential(ShopeeCredential.partnerKey))
  }

  private func postRequest(
    _ name: String, _ body: some Encodable
  ) throws(ChannelError) -> ChannelRequest {
    jsonRequest(try shopURL(name, []), body)
  }

  private func jsonRequest(_ url: String, _ body: some Encodable) -> ChannelRequest {
    ChannelRequest(
      method: "POST", url: url, headers: [("content-type", "application/json")],
      body: ChannelJSON.encode(body))
  }

  private func send<Response: Decodable>(
    _ request: ChannelRequest
  ) async throws(ChannelError) -> ShopeeAnswer<Response> {
    let reply = try await api.http.send(request)
    return try envelope(of: reply, as: ShopeeAnswer<Response>.self)
  }

  /// Shopee sends its envelope with 403 and 500 too: the envelope says more than the status.
  private func envelope<Response: Decodable>(
    of reply: ChannelReply, as type: ShopeeAnswer<Response>.Type
  ) throws(ChannelError) -> ShopeeAnswer<Response> {
    if reply.isSuccess { return try ChannelJSON.reply(type, from: reply) }
    guard let answer = try? ChannelJSON.decode(type, from: reply.body), answer.failure != nil else {
      throw reply.statusError
    }
    return answer
  }

  private func value<Response: Decodable>(
    _ request: ChannelRequest
  ) async throws(ChannelError) -> Response {
    let answer: ShopeeAnswer<Response> = try await send(request)
    if let failure = answer.failure { throw failure.channelError(now: api.clock.now()) }
    guard let response = answer.response else {
      throw .malformed("the answer has neither an error nor a response")
    }
    return response
  }
}
