internal import ChannelAdapter

struct ShopifyUserError: Decodable {
  var code: String?
  var field: [FlexibleID]?
  var message: String?

  var text: String { [code, message].compactMap { $0 }.joined(separator: ": ") }

  /// The first number of the field's path: which entry of the array is meant.
  var index: Int? { (field ?? []).compactMap { Int($0.text) }.first }
}

/// What a GraphQL answer says beside its data; `errors` is a text when it is the host that refuses.
private struct ShopifyErrors: Decodable {
  enum CodingKeys: String, CodingKey { case errors, extensions }
  struct Entry: Decodable {
    struct Extensions: Decodable {
      var code: String?
    }
    var message: String?
    var extensions: Extensions?
  }
  struct Extensions: Decodable {
    struct Cost: Decodable {
      struct Status: Decodable {
        var currentlyAvailable: Double?
        var restoreRate: Double?
      }
      var requestedQueryCost: Double?
      var actualQueryCost: Double?
      var throttleStatus: Status?
    }
    var cost: Cost?
  }
  var entries: [Entry]
  var text: String?
  var extensions: Extensions?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    entries = (try? container.decodeIfPresent([Entry].self, forKey: .errors)) ?? []
    text = try? container.decodeIfPresent(String.self, forKey: .errors)
    extensions = try? container.decodeIfPresent(Extensions.self, forKey: .extensions)
  }

  /// How long until the bucket holds enough points for the same call.
  var wait: Duration? {
    guard let cost = extensions?.cost, let needed = cost.requestedQueryCost,
      let available = cost.throttleStatus?.currentlyAvailable,
      let rate = cost.throttleStatus?.restoreRate, rate > 0
    else { return nil }
    let seconds = max(0, needed - available) / rate
    guard seconds.isFinite else { return nil }
    return .milliseconds(Int64(min(seconds, 3600) * 1000))
  }

  /// What the shop's bucket of points holds after a call that it took.
  var room: CallRoom? {
    guard let cost = extensions?.cost, let actual = cost.actualQueryCost, actual > 0,
      let left = cost.throttleStatus?.currentlyAvailable,
      let rate = cost.throttleStatus?.restoreRate, rate > 0
    else { return nil }
    return .bucket(cost: actual, left: left, perSecond: rate)
  }
}

private struct ShopifyData<Content: Decodable>: Decodable {
  var data: Content?
}

/// A query and the values of its variables.
private struct ShopifyQuery<Variables: Encodable>: Encodable {
  var query: String
  var variables: Variables
}

/// Calls one shop's Admin API.
struct ShopifyClient {
  let api: ChannelAPI

  func query<Variables: Encodable, Content: Decodable>(
    _ text: String, _ variables: Variables, as type: Content.Type
  ) async throws(ChannelError) -> Content {
    let account = api.account
    let token = try account.credential(ShopifyCredential.accessToken)
    let request = ChannelRequest(
      method: "POST",
      url: "\(account.baseURL)/admin/api/\(ShopifyAdapter.apiVersion)/graphql.json",
      headers: [("content-type", "application/json"), ("x-shopify-access-token", token)],
      body: ChannelJSON.encode(ShopifyQuery(query: text, variables: variables)))
    let reply = try await api.http.send(request)
    guard reply.isSuccess else { throw statusError(reply) }
    let errors = try ChannelJSON.reply(ShopifyErrors.self, from: reply)
    if let room = errors.room { api.tellRoom(room) }
    try check(errors)
    guard let content = try ChannelJSON.reply(ShopifyData<Content>.self, from: reply).data else {
      throw .malformed("the answer has neither errors nor data")
    }
    return content
  }

  private func statusError(_ reply: ChannelReply) -> ChannelError {
    // Only tokens that can be refreshed end; another is wrong or taken back.
    if reply.status == 401, api.account.credentials[ShopifyCredential.refreshToken] == nil {
      return .unauthorised("HTTP 401: \(reply.excerpt)")
    }
    return reply.statusError
  }

  private func check(_ errors: ShopifyErrors) throws(ChannelError) {
    if let text = errors.text { throw .refused(text) }
    guard let first = errors.entries.first else { return }
    let text = [first.extensions?.code, first.message].compactMap { $0 }.joined(separator: ": ")
    switch first.extensions?.code {
    case "THROTTLED": throw .rateLimited(after: errors.wait)
    case "ACCESS_DENIED": throw .unauthorised(text)
    case "SHOP_INACTIVE": throw .suspended(text)
    case "INTERNAL_SERVER_ERROR", "TIMEOUT": throw .unavailable(text)
    case "NOT_FOUND", "RESOURCE_NOT_FOUND": throw .notFound(text)
    default: throw .refused(text)
    }
  }
}

/// The variable that most queries take.
struct ShopifyIDVariable: Encodable {
  enum CodingKeys: String, CodingKey { case id, after }
  var id: String
  var after: String?
}

struct ShopifyNodes<Node: Decodable>: Decodable {
  struct PageInfo: Decodable {
    var hasNextPage: Bool?
    var endCursor: String?
  }
  var nodes: [Node]
  var pageInfo: PageInfo?

  var nextCursor: String? { pageInfo?.hasNextPage == true ? pageInfo?.endCursor : nil }
}

extension ShopifyNodes: Sendable where Node: Sendable {}
