internal import ChannelAdapter

/// How Lazada signs calls and pushes.
enum LazadaSigning {
  /// The signature of a call: upper-case hexadecimal over the API path and all parameters but
  /// `sign`, in the order of their names' bytes, name and value joined with nothing between, values
  /// as they are before encoding.
  static func sign(
    path: String, parameters: [(name: String, value: String)], appSecret: String
  ) -> String {
    let sorted = parameters.filter { $0.name != "sign" }.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    let base = path + sorted.map { $0.name + $0.value }.joined()
    return ChannelSignature.hex(key: appSecret, Array(base.utf8)).uppercased()
  }

  /// The signature of a push: lower-case hexadecimal over the app key and the raw body.
  static func push(appKey: String, body: [UInt8], appSecret: String) -> String {
    ChannelSignature.hex(key: appSecret, Array(appKey.utf8) + body)
  }
}
