internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// One call of Shopee's API, and whether it may be served.
struct ShopeeCall: Sendable {
  var path: String
  var query: FormFields
  var body: JSONValue
  var now: Timestamp

  /// A timestamp may be off by this many seconds. Source: Shopee developer guide 16.
  static let window: Int64 = 300

  var key: Shop.Key { Shop.Key(channel: .shopee, shopID: query["shop_id"] ?? "") }

  /// Checks time, app, shop, token and signature of a call for one shop.
  func authorise(_ transaction: any ReadTransaction) throws -> Shop {
    try checkTime()
    guard query["shop_id"] != nil else {
      throw ShopeeError.parameter("There is no shop_id in query.")
    }
    guard let token = query["access_token"] else {
      throw ShopeeError.parameter("There is no access_token in query.")
    }
    guard let shop = try transaction.shop(key),
      query["partner_id"] == shop.secret("partner_id")
    else { throw ShopeeError("error_auth", "The shop and the partner are not linked.") }
    try check(shop, base: "\(shop.secret("partner_id"))\(path)\(stamp)\(token)\(shop.key.shopID)")
    guard shop.accepts(token, at: now) else { throw ShopeeError.token }
    return shop
  }

  /// Checks a call that names no token: of the app itself.
  func authorisePublic(_ shop: Shop?) throws -> Shop {
    try checkTime()
    guard let shop, query["partner_id"] == shop.secret("partner_id") else {
      throw ShopeeError("error_auth", "The partner is not known.")
    }
    try check(shop, base: "\(shop.secret("partner_id"))\(path)\(stamp)")
    return shop
  }

  private var stamp: String { query["timestamp"] ?? "" }

  private func checkTime() throws {
    guard query["partner_id"] != nil else {
      throw ShopeeError.parameter("There is no partner_id in query.")
    }
    guard let time = query["timestamp"].flatMap({ Int64($0) }) else {
      throw ShopeeError.parameter("There is no timestamp in query.")
    }
    guard (now.seconds - Self.window...now.seconds + Self.window).contains(time) else {
      throw ShopeeError.expired
    }
    guard query["sign"] != nil else { throw ShopeeError.parameter("There is no sign in query.") }
  }

  private func check(_ shop: Shop, base: String) throws {
    let expected = Self.sign(key: shop.secret("partner_key"), base: base)
    guard ConstantTime.equal(Array(expected.utf8), Array((query["sign"] ?? "").utf8)) else {
      throw ShopeeError.sign
    }
  }

  /// Lower-case hexadecimal HMAC-SHA256. Source: Shopee developer guide 16.
  static func sign(key: String, base: String) -> String {
    Hex.encode(HMAC.sha256(key: key, base))
  }

  func integer(_ name: String, default standard: Int64, in range: ClosedRange<Int64>) throws
    -> Int64
  {
    guard let text = query[name] else { return standard }
    guard let value = Int64(text), range.contains(value) else {
      throw ShopeeError.parameter(
        "\(name) must be from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }

  /// A window of Unix seconds, 15 days wide at most.
  func window(_ first: String, _ last: String) throws -> (from: Timestamp, to: Timestamp) {
    guard let start = query[first].flatMap({ Int64($0) }),
      let end = query[last].flatMap({ Int64($0) })
    else { throw ShopeeError.parameter("\(first) and \(last) are required.") }
    let seconds = 0...Timestamp.distantFuture.seconds
    guard seconds.contains(start), seconds.contains(end) else {
      throw ShopeeError.parameter("\(first) and \(last) must be Unix seconds.")
    }
    guard start <= end, end - start <= 15 * 86_400 else {
      throw ShopeeError.parameter("Start time must be earlier than end time and diff in 15days.")
    }
    return (Timestamp(seconds: start), Timestamp(microseconds: end * 1_000_000 + 999_999))
  }

  /// A comma list of IDs.
  func list(_ name: String, atMost maximum: Int) throws -> [String] {
    let items = (query[name] ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
    guard !items.isEmpty else { throw ShopeeError.parameter("\(name) is required.") }
    guard items.count <= maximum else {
      throw ShopeeError.parameter("\(name) may have \(maximum) entries.")
    }
    return items.map { String($0) }
  }

  /// Required members of the body.
  func text(_ name: String) throws -> String {
    guard let text = body[name].text, !text.isEmpty else {
      throw ShopeeError.parameter("\(name) is required.")
    }
    return text
  }
}
