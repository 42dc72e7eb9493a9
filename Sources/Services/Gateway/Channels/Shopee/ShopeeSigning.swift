internal import ChannelAdapter

/// How Shopee signs: lower-case hexadecimal HMAC-SHA256.
enum ShopeeSigning {
  /// What is signed for a call: partner, path and time, then what the call's audience adds: token
  /// and shop for a shop's API, nothing for a public one. `path` is the API's, from `/api/v2`,
  /// whatever host and prefix it has.
  static func base(
    partnerID: String, path: String, timestamp: Int64, accessToken: String = "", shopID: String = ""
  ) -> String {
    "\(partnerID)\(path)\(timestamp)\(accessToken)\(shopID)"
  }

  static func sign(_ base: String, partnerKey: String) -> String {
    ChannelSignature.hex(key: partnerKey, Array(base.utf8))
  }

  /// The signature of a push: the URL as configured, a bar, the raw body.
  static func push(url: String, body: [UInt8], pushPartnerKey: String) -> String {
    ChannelSignature.hex(key: pushPartnerKey, Array(url.utf8) + [UInt8(ascii: "|")] + body)
  }
}
