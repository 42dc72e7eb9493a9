internal import ChannelAdapter
internal import Primitives

/// Lazada's envelope: `code` "0" when the call was taken, and the answer's own fields beside it.
private struct LazadaEnvelope: Decodable {
  enum CodingKeys: String, CodingKey { case code, type, message, detail }
  var code: String
  var type: String
  var message: String
  var details: [LazadaFailure.Detail]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    code = try container.decode(FlexibleID.self, forKey: .code).text
    type = (try? container.decode(String.self, forKey: .type)) ?? ""
    message = (try? container.decode(String.self, forKey: .message)) ?? ""
    details = (try? container.decode([LazadaFailure.Detail].self, forKey: .detail)) ?? []
  }

  var failure: LazadaFailure? {
    code == "0"
      ? nil : LazadaFailure(code: code, type: type, message: message, details: details)
  }
}

/// An answer with its content under `data`.
struct LazadaData<Content: Decodable>: Decodable {
  var data: Content
}

/// An answer with its content under `result.data`, which may have failed though `code` is "0";
/// older calls have it under `data` alone.
struct LazadaResult<Content: Decodable>: Decodable {
  struct Result: Decodable {
    enum CodingKeys: String, CodingKey {
      case success, data
      case errorCode = "error_code"
      case errorMessage = "error_msg"
      case errorCodeOlder = "errorCode"
      case errorMessageOlder = "errorMsg"
    }
    var success: LossyBool?
    var data: Content?
    var errorCode: FlexibleID?
    var errorMessage: String?
    var errorCodeOlder: FlexibleID?
    var errorMessageOlder: String?
  }
  var result: Result?
  var data: Content?

  func content() throws(ChannelError) -> Content {
    guard let result else {
      guard let data else { throw .malformed("the answer has no result") }
      return data
    }
    if result.success?.value != false, let data = result.data { return data }
    throw LazadaFailure(
      code: result.errorCode?.text ?? result.errorCodeOlder?.text ?? "",
      type: "", message: result.errorMessage ?? result.errorMessageOlder ?? "no result"
    ).channelError
  }
}

/// An answer that nobody reads.
struct LazadaNothing: Decodable {
  init(from decoder: any Decoder) {}
}

/// Calls Lazada for one seller.
struct LazadaClient {
  private static let authorisationHost = "https://auth.lazada.com/rest"
  let api: ChannelAPI

  private var account: ChannelAccount { api.account }
  /// Whether it is Lazada itself; a sandbox has one host for all.
  var isLive: Bool { account.baseURL.hasPrefix("https://api.lazada.") }

  func get<Answer: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try await call("GET", path, parameters, as: type)
  }

  func post<Answer: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    try await call("POST", path, parameters, as: type)
  }

  /// Like `post`, but hands a refusal back instead of throwing it; nil for a success.
  func failure(
    ofPosting parameters: [(name: String, value: String)], to path: String
  ) async throws(ChannelError) -> LazadaFailure? {
    let reply = try await send("POST", account.baseURL, path, parameters, hasToken: true)
    return try envelope(of: reply).failure
  }

  /// Calls an API of the authorisation host, which every country shares; in a sandbox it is the
  /// same host.
  func postAuthorisation<Answer: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)], as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let host = isLive ? Self.authorisationHost : account.baseURL
    let reply = try await send("POST", host, path, parameters, hasToken: false)
    return try answer(in: reply, as: type)
  }

  private func call<Answer: Decodable>(
    _ method: String, _ path: String, _ parameters: [(name: String, value: String)],
    as type: Answer.Type
  ) async throws(ChannelError) -> Answer {
    let reply = try await send(method, account.baseURL, path, parameters, hasToken: true)
    return try answer(in: reply, as: type)
  }

  /// The common parameters go into the query, the call's own into the query of a GET and the form
  /// of a POST. The signature covers all of them, and the path without the host's prefix.
  private func send(
    _ method: String, _ host: String, _ path: String, _ own: [(name: String, value: String)],
    hasToken: Bool
  ) async throws(ChannelError) -> ChannelReply {
    var common = [
      (name: "app_key", value: try account.credential(LazadaCredential.appKey)),
      (name: "timestamp", value: String(api.clock.now().microseconds / 1000)),
      (name: "sign_method", value: "sha256"),
    ]
    if hasToken {
      common.append(("access_token", try account.credential(LazadaCredential.accessToken)))
    }
    let sign = LazadaSigning.sign(
      path: path, parameters: common + own,
      appSecret: try account.credential(LazadaCredential.appSecret))
    common.append(("sign", sign))
    guard method == "POST" else {
      let query = ChannelQuery.encode(common + own)
      return try await api.http.send(ChannelRequest(method: method, url: "\(host)\(path)?\(query)"))
    }
    let request = ChannelRequest(
      method: method, url: "\(host)\(path)?\(ChannelQuery.encode(common))",
      headers: [("content-type", "application/x-www-form-urlencoded;charset=utf-8")],
      body: Array(ChannelQuery.encode(own).utf8))
    return try await api.http.send(request)
  }

  private func envelope(of reply: ChannelReply) throws(ChannelError) -> LazadaEnvelope {
    if reply.isSuccess { return try ChannelJSON.reply(LazadaEnvelope.self, from: reply) }
    guard let envelope = try? ChannelJSON.decode(LazadaEnvelope.self, from: reply.body),
      envelope.failure != nil
    else { throw reply.statusError }
    return envelope
  }

  private func answer<Answer: Decodable>(
    in reply: ChannelReply, as type: Answer.Type
  ) throws(ChannelError) -> Answer {
    if let failure = try envelope(of: reply).failure { throw failure.channelError }
    return try ChannelJSON.reply(type, from: reply)
  }
}
