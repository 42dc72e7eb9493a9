internal import ChannelAdapter
internal import Primitives

/// TikTok Shop's envelope: `code` 0 is the only sign of success, whatever the status is.
struct TikTokShopAnswer<Content: Decodable>: Decodable {
  enum CodingKeys: String, CodingKey { case code, message, data }
  var failure: TikTokShopFailure?
  var content: Content?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let code = try container.decode(LossyInt.self, forKey: .code).value
    if code == 0 {
      content = try container.decodeIfPresent(Content.self, forKey: .data)
    } else {
      let message = (try? container.decode(String.self, forKey: .message)) ?? ""
      failure = TikTokShopFailure(code: code, message: message)
    }
  }
}

/// An answer whose `data` nobody reads.
struct TikTokShopNothing: Decodable {
  init(from decoder: any Decoder) {}
}

/// The errors that a successful answer holds: of one SKU or product each.
struct TikTokShopErrors: Decodable {
  struct Entry: Decodable {
    struct Detail: Decodable {
      enum CodingKeys: String, CodingKey {
        case skuID = "sku_id"
        case more = "extra_errors"
      }
      struct More: Decodable {
        var code: LossyInt
        var message: Lossy<String>?
      }
      var skuID: FlexibleID?
      var more: [More]?
    }
    var code: LossyInt
    var message: Lossy<String>?
    var detail: Detail?

    /// 12052990, "check failed", says nothing; what it holds does.
    var failure: TikTokShopFailure {
      if let more = detail?.more?.first {
        return TikTokShopFailure(code: more.code.value, message: more.message?.value ?? "")
      }
      return TikTokShopFailure(code: code.value, message: message?.value ?? "")
    }
  }
  var errors: [Entry]?
}

/// Calls TikTok Shop for one shop.
struct TikTokShopClient {
  private static let authorisationHost = "https://auth.tiktok-shops.com"
  let api: ChannelAPI

  private var account: ChannelAccount { api.account }
  /// Whether it is TikTok itself; a sandbox has one host for all.
  var isLive: Bool { account.baseURL.contains("tiktokglobalshop.com") }

  func get<Content: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)] = [], as type: Content.Type,
    ofShop: Bool = true
  ) async throws(ChannelError) -> Content {
    let request = try request("GET", path, parameters, [], ofShop: ofShop)
    return try content(await answer(request, as: type))
  }

  func post<Content: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)] = [], _ body: some Encodable,
    as type: Content.Type
  ) async throws(ChannelError) -> Content {
    try content(await answer(path, parameters, body, as: type))
  }

  /// Like `post`, but hands a refusal back instead of throwing it.
  func answer<Content: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)] = [], _ body: some Encodable,
    as type: Content.Type
  ) async throws(ChannelError) -> TikTokShopAnswer<Content> {
    let body = ChannelJSON.encode(body)
    return try await answer(request("POST", path, parameters, body, ofShop: true), as: type)
  }

  /// Calls the host that gives tokens, which takes the app's secret in the query and no signature; in a sandbox it
  /// is the same host.
  func getAuthorisation<Content: Decodable>(
    _ path: String, _ parameters: [(name: String, value: String)], as type: Content.Type
  ) async throws(ChannelError) -> TikTokShopAnswer<Content> {
    let host = isLive ? Self.authorisationHost : account.baseURL
    let url = "\(host)\(path)?\(ChannelQuery.encode(parameters))"
    return try await answer(ChannelRequest(method: "GET", url: url), as: type)
  }

  private func request(
    _ method: String, _ path: String, _ own: [(name: String, value: String)], _ body: [UInt8],
    ofShop: Bool
  ) throws(ChannelError) -> ChannelRequest {
    var parameters =
      own + [
        (name: "app_key", value: try account.credential(TikTokShopCredential.appKey)),
        (name: "timestamp", value: String(api.clock.now().seconds)),
      ]
    let token = try token(TikTokShopCredential.accessToken)
    if ofShop {
      parameters.append(("shop_cipher", try self.token(TikTokShopCredential.shopCipher)))
    }
    let sign = TikTokShopSigning.sign(
      path: path, parameters: parameters, body: body,
      appSecret: try account.credential(TikTokShopCredential.appSecret))
    parameters.append(("sign", sign))
    return ChannelRequest(
      method: method, url: "\(account.baseURL)\(path)?\(ChannelQuery.encode(parameters))",
      headers: [("content-type", "application/json"), ("x-tts-access-token", token)], body: body)
  }

  /// What comes with the seller's authorisation: an account that does not have it yet gets it as it gets new tokens.
  private func token(_ name: String) throws(ChannelError) -> String {
    guard let value = account.credentials[name], !value.isEmpty else {
      throw .tokenExpired("account \(account.accountID) has no \(name) yet")
    }
    return value
  }

  private func answer<Content: Decodable>(
    _ request: ChannelRequest, as type: Content.Type
  ) async throws(ChannelError) -> TikTokShopAnswer<Content> {
    let reply = try await api.http.send(request)
    if reply.isSuccess { return try ChannelJSON.reply(TikTokShopAnswer<Content>.self, from: reply) }
    guard reply.status != 429,
      let answer = try? ChannelJSON.decode(TikTokShopAnswer<Content>.self, from: reply.body),
      answer.failure != nil
    else { throw reply.statusError }
    return answer
  }

  private func content<Content: Decodable>(
    _ answer: TikTokShopAnswer<Content>
  ) throws(ChannelError) -> Content {
    if let failure = answer.failure { throw failure.channelError }
    guard let content = answer.content else { throw .malformed("the answer has no data") }
    return content
  }
}
