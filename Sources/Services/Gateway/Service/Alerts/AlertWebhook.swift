public import ChannelAdapter
public import Kit
internal import Primitives

/// Where alerts are told, and how they are signed.
///
/// `OnePool-Signature: t=<Unix seconds>,v1=<hex>` is the HMAC-SHA256 of `<Unix seconds>.<body>` under the shared secret;
/// `OnePool-Delivery` is the same for every try of one message.
public struct AlertWebhook: Sendable {
  public var url: String
  public var secret: Secret
  public var http: any ChannelHTTP
  /// How long an alert that stays open is not told again.
  public var repeatAfter: Duration

  public init(url: String, secret: Secret, http: any ChannelHTTP, repeatAfter: Duration) {
    self.url = url
    self.secret = secret
    self.http = http
    self.repeatAfter = repeatAfter
  }

  /// - Throws: `ChannelError.unavailable` unless the answer is a 2xx.
  func send(_ body: [UInt8], delivery: String, now: Timestamp) async throws(ChannelError) {
    let reply = try await http.send(
      ChannelRequest(
        method: "POST", url: url,
        headers: [
          ("content-type", "application/json"), ("OnePool-Delivery", delivery),
          ("OnePool-Signature", Self.signature(body, secret, now)),
        ], body: body))
    guard (200..<300).contains(reply.status) else { throw .unavailable("status \(reply.status)") }
  }

  static func signature(_ body: [UInt8], _ secret: Secret, _ now: Timestamp) -> String {
    let code = HMAC.sha256(key: secret.bytes, Array("\(now.seconds).".utf8) + body)
    return "t=\(now.seconds),v1=\(Hex.encode(code))"
  }
}
