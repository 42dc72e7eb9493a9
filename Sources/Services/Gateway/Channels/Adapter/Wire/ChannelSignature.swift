internal import Kit

/// The signatures that channels use, all of them HMAC-SHA256.
public enum ChannelSignature {
  /// Lower-case hexadecimal, as Shopee and Lazada's push have it.
  public static func hex(key: String, _ message: [UInt8]) -> String {
    Hex.encode(HMAC.sha256(key: Array(key.utf8), message))
  }

  /// Base64, as Shopify has it.
  public static func base64(key: String, _ message: [UInt8]) -> String {
    Base64.encode(HMAC.sha256(key: Array(key.utf8), message))
  }

  /// Compares in a time that does not tell where the first difference is.
  public static func matches(_ claimed: String?, _ expected: String) -> Bool {
    guard let claimed else { return false }
    return ConstantTime.equal(Array(claimed.utf8), Array(expected.utf8))
  }

  /// The same short text for the same bytes: part of an event's key where the channel has no ID for
  /// it.
  public static func digest(_ bytes: [UInt8]) -> String {
    Hex.encode(SHA256.hash(bytes).prefix(16))
  }

  /// A UUID that is always the same for the same text: an idempotency key.
  public static func derivedID(_ text: String) -> String { UUIDText.derived(from: text) }
}
