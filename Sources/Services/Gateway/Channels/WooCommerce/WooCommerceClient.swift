internal import ChannelAdapter
internal import Kit

/// What WooCommerce says when it refuses, as a whole answer or in a batch in the object's place.
struct WooCommerceFailure: Decodable {
  struct Detail: Decodable {
    var status: Lossy<LossyInt>?
  }
  var code: Lossy<FlexibleID>?
  var message: Lossy<String>?
  var data: Lossy<Detail>?

  var status: Int64? { data?.value?.status?.value?.value }
  var text: String {
    [code?.text, message?.value].compactMap(\.self).joined(separator: ": ")
  }
}

/// Calls one site's REST API.
struct WooCommerceClient {
  let api: ChannelAPI

  private var account: ChannelAccount { api.account }

  func get<Answer: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)] = [], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try ChannelJSON.reply(type, from: try await send("GET", path, parameters, []))
  }

  /// The answer's own bytes.
  func getBytes(
    _ path: String, _ parameters: [(name: String, value: String)]
  ) async throws(ChannelError) -> [UInt8] {
    try await send("GET", path, parameters, []).body
  }

  func put<Answer: Decodable>(
    _ path: String, _ body: some Encodable, as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try ChannelJSON.reply(type, from: try await send("PUT", path, [], ChannelJSON.encode(body)))
  }

  func post<Answer: Decodable>(
    _ path: String, _ body: some Encodable, as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try ChannelJSON.reply(type, from: try await send("POST", path, [], ChannelJSON.encode(body)))
  }

  /// All rows of a list that is short by nature.
  func all<Row: Decodable>(_ path: String, of type: Row.Type) async throws(ChannelError) -> [Row] {
    var rows: [Row] = []
    for page in 1...WooCommerceLimits.pages {
      let found = try await get(
        path, [("per_page", String(WooCommerceLimits.page)), ("page", String(page))],
        as: [Row].self)
      rows += found
      if found.count < WooCommerceLimits.page { return rows }
    }
    throw .malformed("\(path) has more than \(WooCommerceLimits.pages) pages")
  }

  private func send(
    _ method: String, _ path: String, _ own: [(name: String, value: String)], _ body: [UInt8]
  ) async throws(ChannelError) -> ChannelReply {
    let key = try account.credential(WooCommerceCredential.consumerKey)
    let secret = try account.credential(WooCommerceCredential.consumerSecret)
    let url = "\(account.baseURL)/wp-json/wc/v3/\(path)"
    var headers: [(name: String, value: String)] = [("accept", "application/json")]
    if !body.isEmpty { headers.append(("content-type", "application/json")) }
    var parameters = own
    if !url.lowercased().hasPrefix("https:") {
      parameters += [
        ("oauth_consumer_key", key), ("oauth_nonce", Hex.encode(SecureRandom.bytes(16))),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", String(api.clock.now().seconds)),
      ]
      let signature = WooCommerceSigning.sign(
        method: method, url: url, parameters: parameters, consumerSecret: secret)
      parameters.append(("oauth_signature", signature))
    } else if account.credentials[WooCommerceCredential.keysInQuery] == "true" {
      parameters += [("consumer_key", key), ("consumer_secret", secret)]
    } else {
      headers.append(("authorization", "Basic \(Base64.encode(Array("\(key):\(secret)".utf8)))"))
    }
    let query = parameters.isEmpty ? "" : "?\(ChannelQuery.encode(parameters))"
    let reply = try await api.http.send(
      ChannelRequest(method: method, url: url + query, headers: headers, body: body))
    guard reply.isSuccess else { throw Self.error(reply) }
    return reply
  }

  /// Keys do not end, so a 401 means that they are wrong or taken back. A refusal without
  /// WooCommerce's code comes from a firewall or the host.
  private static func error(_ reply: ChannelReply) -> ChannelError {
    guard let failure = try? ChannelJSON.decode(WooCommerceFailure.self, from: reply.body),
      failure.code?.text != nil
    else {
      return reply.status == 401
        ? .unauthorised("HTTP 401: \(reply.excerpt)") : reply.statusError
    }
    return switch reply.status {
    case 401, 403: .unauthorised(failure.text)
    case 404, 410: .notFound(failure.text)
    case 408, 425, 429: reply.statusError
    case 400..<500: .refused(failure.text)
    default: reply.statusError
    }
  }
}
