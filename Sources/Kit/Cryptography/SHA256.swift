internal import COpenSSL

/// SHA-256 (FIPS 180-4), by OpenSSL.
public enum SHA256 {
  public static let digestBytes = 32

  public static func hash(_ bytes: [UInt8]) -> [UInt8] { hash([bytes]) }

  public static func hash(_ text: String) -> [UInt8] { hash([Array(text.utf8)]) }

  /// The hash of `parts` one after the other.
  public static func hash(_ parts: [[UInt8]]) -> [UInt8] {
    let context = EVP_MD_CTX_new()
    precondition(context != nil, "out of memory")
    defer { EVP_MD_CTX_free(context) }
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "SHA-256 is always there")
    for part in parts {
      let code = part.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
      precondition(code == 1, "EVP_DigestUpdate fails only for a wrong context")
    }
    var digest = [UInt8](repeating: 0, count: digestBytes)
    precondition(
      EVP_DigestFinal_ex(context, &digest, nil) == 1,
      "EVP_DigestFinal_ex fails only for a wrong context")
    return digest
  }
}
