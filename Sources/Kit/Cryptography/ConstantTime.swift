internal import COpenSSL

/// Comparison that takes the same time wherever the first difference is, so that nobody can find a
/// signature byte by byte.
public enum ConstantTime {
  public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return left.isEmpty || CRYPTO_memcmp(left, right, left.count) == 0
  }
}
