internal import Foundation
internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// One call of Lazada's API, and whether it may be served.
struct LazadaCall: Sendable {
  var path: String
  var parameters: FormFields
  /// A body that holds no parameters; it is signed after them.
  var body: [UInt8]
  var now: Timestamp

  /// A timestamp may be off by this many milliseconds. Source: Lazada document 108069.
  static let window: Int64 = 7_200_000

  init(_ request: HTTPRequest, path: String, now: Timestamp) {
    var parameters = FormFields(request.query)
    let type = (request.header("content-type") ?? "").lowercased()
    var body = request.body
    if type.hasPrefix("application/x-www-form-urlencoded") {
      parameters.add(FormFields(String(decoding: body, as: UTF8.self)))
      body = []
    }
    self.path = path
    self.parameters = parameters
    self.body = body
    self.now = now
  }

  /// Checks the app, the time and the signature, and finds the shop by its token.
  func authorise(_ transaction: any ReadTransaction) throws -> Shop {
    guard let token = parameters["access_token"] else { throw LazadaError.missing("access_token") }
    let shops = try apps(transaction)
    try checkSignature(shops[0])
    guard let shop = shops.first(where: { $0.accepts(token, at: now) }) else {
      throw LazadaError.token
    }
    return shop
  }

  /// Checks a call without a token; returns the app's shops.
  func authoriseApp(_ transaction: any ReadTransaction) throws -> [Shop] {
    let shops = try apps(transaction)
    try checkSignature(shops[0])
    return shops
  }

  private func apps(_ transaction: any ReadTransaction) throws -> [Shop] {
    guard let app = parameters["app_key"] else { throw LazadaError.missing("app_key") }
    let shops = try transaction.shopKeys().filter { $0.channel == .lazada }
      .compactMap { try transaction.shop($0) }.filter { $0.secret("app_key") == app }
    guard !shops.isEmpty else { throw LazadaError.app("IllegalAppKey", "The app key is not valid") }
    return shops
  }

  private func checkSignature(_ shop: Shop) throws {
    guard let text = parameters["timestamp"] else { throw LazadaError.missing("timestamp") }
    let window = now.milliseconds - Self.window...now.milliseconds + Self.window
    guard let time = Int64(text), window.contains(time) else {
      throw LazadaError.app("IllegalTimestamp", "The timestamp is not within 7200 seconds")
    }
    guard parameters["sign_method"] == "sha256" else { throw LazadaError.invalid("sign_method") }
    guard let sign = parameters["sign"] else { throw LazadaError.missing("sign") }
    let expected = Self.sign(
      path: path, parameters: parameters, body: body, secret: shop.secret("app_secret"))
    guard ConstantTime.equal(Array(expected.utf8), Array(sign.utf8)) else { throw LazadaError.sign }
  }

  /// Upper-case hexadecimal HMAC-SHA256 over the path, the sorted parameters and the body.
  ///
  /// - Note: Source: Lazada document 108069.
  static func sign(
    path: String, parameters: FormFields, body: [UInt8], secret: String
  ) -> String {
    let sorted = parameters.pairs.filter { $0.name != "sign" }
      .sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    let text = sorted.reduce(path) { $0 + $1.name + $1.value }
    return Hex.encode(HMAC.sha256(key: Array(secret.utf8), Array(text.utf8) + body)).uppercased()
  }

  func text(_ name: String) throws -> String {
    guard let text = parameters[name], !text.isEmpty else { throw LazadaError.missing(name) }
    return text
  }

  func integer(_ name: String, default standard: Int64, in range: ClosedRange<Int64>) throws
    -> Int64
  {
    guard let text = parameters[name] else { return standard }
    guard let value = Int64(text), range.contains(value) else { throw LazadaError.invalid(name) }
    return value
  }

  /// ISO 8601 with an offset.
  func time(_ name: String) throws -> Timestamp? {
    guard let text = parameters[name] else { return nil }
    guard let time = ISOTime.parse(text) else {
      throw LazadaError.seller("36", "E036: Invalid \(name): ISO 8601 with an offset")
    }
    return time
  }

  /// A JSON parameter.
  func json(_ name: String) throws -> JSONValue {
    guard let value = JSONValue(parsing: try text(name)) else { throw LazadaError.invalid(name) }
    return value
  }
}

/// Times as text: `2026-01-05T11:00:05+08:00`.
enum ISOTime {
  static func parse(_ text: String) -> Timestamp? {
    let formatter = ISO8601DateFormatter()
    for options: ISO8601DateFormatter.Options in [
      [.withInternetDateTime], [.withInternetDateTime, .withFractionalSeconds],
      [.withFullDate, .withTime, .withColonSeparatorInTime, .withTimeZone],
    ] {
      formatter.formatOptions = options
      if let date = formatter.date(from: text) {
        let microseconds = (date.timeIntervalSince1970 * 1e6).rounded()
        guard abs(microseconds) <= Double(Timestamp.distantFuture.microseconds) else { return nil }
        return Timestamp(microseconds: Int64(microseconds))
      }
    }
    return nil
  }
}
