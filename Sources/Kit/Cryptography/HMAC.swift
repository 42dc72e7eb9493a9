internal import COpenSSL

/// Keyed hashes (RFC 2104), by OpenSSL: how channels sign their webhooks and check our requests.
public enum HMAC {
  public static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    code(EVP_sha256(), key, message)
  }

  public static func sha1(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    code(EVP_sha1(), key, message)
  }

  public static func sha256(key: String, _ message: String) -> [UInt8] {
    sha256(key: Array(key.utf8), Array(message.utf8))
  }

  private static func code(_ hash: OpaquePointer?, _ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    // A nil key would make OpenSSL take the key of the call before (HMAC(3)).
    let anyKey = key.isEmpty ? [0] : key
    let result = COpenSSL.HMAC(
      hash, anyKey, Int32(key.count), message, message.count, &digest, &count)
    precondition(result != nil, "HMAC fails only without memory")
    return Array(digest.prefix(Int(count)))
  }
}
