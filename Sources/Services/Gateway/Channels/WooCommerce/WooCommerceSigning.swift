internal import ChannelAdapter

/// One-legged OAuth 1.0a, which WooCommerce wants on sites without TLS.
///
/// - Note: Source: RFC 5849, section 3.4; class-wc-rest-authentication.php, check_oauth_signature.
enum WooCommerceSigning {
  static func base(
    method: String, url: String, parameters: [(name: String, value: String)]
  ) -> String {
    let pairs = parameters.map { (ChannelQuery.encode($0.name), ChannelQuery.encode($0.value)) }
      .sorted { $0 < $1 }
    let query = pairs.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    return [method, ChannelQuery.encode(url), ChannelQuery.encode(query)].joined(separator: "&")
  }

  static func sign(
    method: String, url: String, parameters: [(name: String, value: String)], consumerSecret: String
  ) -> String {
    let base = base(method: method, url: url, parameters: parameters)
    return ChannelSignature.base64(key: "\(consumerSecret)&", Array(base.utf8))
  }
}
