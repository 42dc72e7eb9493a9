internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// A call to a site's REST API: who calls, and with which parameters.
struct WooCommerceCall: Sendable {
  private static let stem = "wp-json/wc/v3/"
  private static let window: Int64 = 15 * 60

  let method: String
  let key: Shop.Key
  /// What stands behind `wc/v3`, in parts: `orders`, `727`, `refunds`.
  let path: [String]
  let query: FormFields
  let body: JSONValue
  private let address: String
  private let restPath: String
  private let authorization: String
  private let now: Timestamp

  /// Nil for a path that is not of the API.
  init?(_ request: HTTPRequest, at now: Timestamp) {
    let parts = request.path.dropFirst(WooCommercePlatform.stem.count + 1)
      .split(separator: "/", maxSplits: 1)
    guard parts.count == 2, parts[1].hasPrefix(Self.stem) else { return nil }
    method = request.method
    key = Shop.Key(channel: .woocommerce, shopID: String(parts[0]))
    restPath = String(parts[1])
    path = parts[1].dropFirst(Self.stem.count).split(separator: "/").map(String.init)
    query = FormFields(request.query)
    body = request.body.isEmpty ? [:] : JSONValue(parsing: request.body) ?? .null
    address =
      "http://\(request.header("host") ?? "localhost")\(WooCommercePlatform.stem)/\(parts[0])"
    authorization = request.header("authorization") ?? ""
    self.now = now
  }

  /// The shop, if its keys are right: by Basic authentication or in the query, as on a site with TLS,
  /// or signed by OAuth 1.0a.
  func authorise(_ transaction: any ReadTransaction) throws -> Shop {
    guard let shop = try transaction.shop(key) else { throw WooCommerceError.keys }
    let pair = "\(shop.secret("consumer_key")):\(shop.secret("consumer_secret"))"
    if query["oauth_consumer_key"] != nil {
      try checkSignature(shop)
    } else {
      let isGood =
        same(authorization, "Basic \(Base64.encode(Array(pair.utf8)))")
        || same("\(query["consumer_key"] ?? ""):\(query["consumer_secret"] ?? "")", pair)
      guard isGood else { throw WooCommerceError.keys }
    }
    return shop
  }

  private func same(_ left: String, _ right: String) -> Bool {
    ConstantTime.equal(Array(left.utf8), Array(right.utf8))
  }

  /// - Note: Source: RFC 5849, section 3.4.1; the address is the site's home URL, whatever the host
  ///   of the request is (class-wc-rest-authentication.php).
  private func checkSignature(_ shop: Shop) throws {
    guard query["oauth_consumer_key"] == shop.secret("consumer_key"),
      let time = query["oauth_timestamp"].flatMap({ Int64($0) }),
      (now.seconds - Self.window...now.seconds + Self.window).contains(time),
      query["oauth_nonce"]?.isEmpty == false, query["oauth_signature_method"] == "HMAC-SHA256",
      let signature = query["oauth_signature"]
    else { throw WooCommerceError.keys }
    let home = shop.secret("home_url").isEmpty ? address : shop.secret("home_url")
    let pairs = query.pairs.filter { $0.name != "oauth_signature" }
      .map { (Self.encoded($0.name), Self.encoded($0.value)) }.sorted { $0 < $1 }
    let text = pairs.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
    let base = "\(method)&\(Self.encoded("\(home)/\(restPath)"))&\(Self.encoded(text))"
    let secret = Array("\(shop.secret("consumer_secret"))&".utf8)
    let expected = Base64.encode(HMAC.sha256(key: secret, Array(base.utf8)))
    guard same(signature, expected) else { throw WooCommerceError.keys }
  }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for scalar in text.utf8.map({ UnicodeScalar($0) }) {
      let isPlain =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "-._~".unicodeScalars.contains(scalar))
      let digits = String(scalar.value, radix: 16, uppercase: true)
      result += isPlain ? String(scalar) : "%" + (digits.count < 2 ? "0" : "") + digits
    }
    return result
  }

  /// Rows of a page and how many come before them.
  func page() throws -> (offset: Int, size: Int) {
    let size = try integer("per_page", default: 10, in: 1...100)
    let page = try integer("page", default: 1, in: 1...1_000_000)
    return (Int((page - 1) * size), Int(size))
  }

  private func integer(
    _ name: String, default standard: Int64, in range: ClosedRange<Int64>
  ) throws -> Int64 {
    guard let text = query[name] else { return standard }
    guard let value = Int64(text), range.contains(value) else {
      throw WooCommerceError.parameter(name)
    }
    return value
  }

  /// `include=1,2`.
  var included: Set<String>? {
    query["include"].map { Set($0.split(separator: ",").map(String.init)) }
  }
}
