internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// One call of TikTok Shop's API, and whether it may be served.
struct TikTokCall: Sendable {
  var path: String
  /// What stands at the star of its path.
  var id: String
  var query: FormFields
  var token: String
  private var raw: [UInt8]
  private var isJSON: Bool
  var body: JSONValue
  var now: Timestamp

  /// How many seconds a timestamp may be behind, and ahead. Source: TikTok Shop Partner Center, "Sign your API request".
  static let window: (behind: Int64, ahead: Int64) = (300, 30)

  init(_ request: HTTPRequest, path: String, id: String, now: Timestamp) {
    self.path = path
    self.id = id
    query = FormFields(request.query)
    token = request.header("x-tts-access-token") ?? ""
    raw = request.body
    isJSON = (request.header("content-type") ?? "").lowercased().hasPrefix("application/json")
    body = JSONValue(parsing: request.body) ?? .null
    self.now = now
  }

  /// Checks app, time, signature, token and cipher, and finds the shop.
  func authorise(_ transaction: any ReadTransaction, ofShop: Bool = true) throws -> Shop {
    let shops = try app(transaction)
    guard let time = query["timestamp"].flatMap({ Int64($0) }),
      (now.seconds - Self.window.behind...now.seconds + Self.window.ahead).contains(time)
    else { throw TikTokError.time }
    let expected = Self.sign(
      path: path, parameters: query, body: raw, secret: shops[0].secret("app_secret"))
    guard ConstantTime.equal(Array(expected.utf8), Array((query["sign"] ?? "").utf8)) else {
      throw TikTokError.sign
    }
    guard isJSON else { throw TikTokError.parameter("The content type must be application/json") }
    guard raw.isEmpty || body.members != nil else {
      throw TikTokError.parameter("The body is not a JSON object")
    }
    let open = shops.filter { $0.accepts(token, at: now) }
    guard let first = open.first else { throw TikTokError.token }
    guard ofShop else { return first }
    guard let shop = open.first(where: { $0.secret("shop_cipher") == query["shop_cipher"] }) else {
      throw TikTokError.cipher
    }
    return shop
  }

  /// The shops of the app that a call names.
  func app(_ transaction: any ReadTransaction) throws -> [Shop] {
    let shops = try transaction.shopKeys().filter { $0.channel == .tiktok }
      .compactMap { try transaction.shop($0) }.filter { $0.secret("app_key") == query["app_key"] }
    guard !shops.isEmpty else { throw TikTokError.app }
    return shops
  }

  /// Lower-case hexadecimal HMAC-SHA256 over secret, path, sorted parameters, body and secret.
  ///
  /// - Note: Source: TikTok Shop Partner Center, "Sign your API request".
  static func sign(
    path: String, parameters: FormFields, body: [UInt8], secret: String
  ) -> String {
    let sorted = parameters.pairs.filter { $0.name != "sign" && $0.name != "access_token" }
      .sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    let text = sorted.reduce(secret + path) { $0 + $1.name + $1.value }
    return Hex.encode(
      HMAC.sha256(key: Array(secret.utf8), Array(text.utf8) + body + Array(secret.utf8)))
  }

  /// A page's size and where it begins; the token is the sandbox's own.
  func page(in range: ClosedRange<Int64>) throws -> (size: Int64, offset: Int64) {
    guard let size = query["page_size"].flatMap({ Int64($0) }), range.contains(size) else {
      throw TikTokError.parameter(
        "page_size is required, from \(range.lowerBound) to \(range.upperBound)")
    }
    guard let token = query["page_token"], !token.isEmpty else { return (size, 0) }
    guard token.hasPrefix("from-"), let offset = Int64(token.dropFirst(5)),
      (0...1_000_000_000).contains(offset)
    else { throw TikTokError.parameter("page_token is invalid") }
    return (size, offset)
  }

  /// The token of the next page; empty at the end.
  static func nextPage(_ offset: Int64, isMore: Bool) -> JSONValue {
    isMore ? .string("from-\(offset)") : ""
  }

  /// A Unix time of the body.
  func time(_ name: String, default standard: Timestamp) throws -> Timestamp {
    guard body.has(name) else { return standard }
    guard let seconds = body[name].integer, (0...Timestamp.distantFuture.seconds).contains(seconds)
    else { throw TikTokError.parameter("param \(name) type invalid. expected type:int64") }
    return Timestamp(seconds: seconds)
  }

  func text(_ name: String) throws -> String {
    guard let text = body[name].string, !text.isEmpty else {
      throw TikTokError.parameter("\(name) is required")
    }
    return text
  }

  /// A list of IDs, which are text here.
  func list(_ name: String, atMost maximum: Int) throws -> [String] {
    let items = body[name].array ?? []
    let texts = items.compactMap(\.string)
    guard texts.count == items.count, texts.count <= maximum else {
      throw TikTokError.parameter("\(name) may have \(maximum) IDs, as text")
    }
    return texts
  }
}
