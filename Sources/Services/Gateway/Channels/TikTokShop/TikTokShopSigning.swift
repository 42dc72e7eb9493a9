internal import ChannelAdapter

/// How TikTok Shop signs calls and events.
enum TikTokShopSigning {
  /// The signature of a call: lower-case hexadecimal over the API path, the parameters in the order of their
  /// names' bytes, name and value joined with nothing between, and the raw body, with the app's secret at both
  /// ends. `sign` and `access_token` are not signed, values are as they are before encoding.
  static func sign(
    path: String, parameters: [(name: String, value: String)], body: [UInt8], appSecret: String
  ) -> String {
    let sorted = parameters.filter { $0.name != "sign" && $0.name != "access_token" }.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    let start = appSecret + path + sorted.map { $0.name + $0.value }.joined()
    return ChannelSignature.hex(
      key: appSecret, Array(start.utf8) + body + Array(appSecret.utf8))
  }

  /// The signature of an event: lower-case hexadecimal over the app key and the raw body.
  static func event(appKey: String, body: [UInt8], appSecret: String) -> String {
    ChannelSignature.hex(key: appSecret, Array(appKey.utf8) + body)
  }
}
