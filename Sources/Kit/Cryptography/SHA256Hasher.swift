internal import COpenSSL

/// Hashes one message after the other with one context, so that none of them costs memory. For one
/// thread at a time.
public final class SHA256Hasher {
  /// Fetched once: by its name OpenSSL would look it up for each message (EVP_MD_fetch(3)). It is
  /// only read and never freed.
  private nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)
  private let context: OpaquePointer

  public init() {
    guard let made = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    context = made
    precondition(
      EVP_DigestInit_ex(context, Self.algorithm, nil) == 1, "SHA-256 is always there")
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  /// Adds the next bytes of the message.
  public func add(_ bytes: UnsafeRawBufferPointer) {
    let code = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(code == 1, "EVP_DigestUpdate fails only for a wrong context")
  }

  public func add(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { add($0) }
  }

  /// The hash of what was added since the last call.
  public func finish() -> SHA256Digest {
    var digest = SHA256Digest()
    digest.withMutableBytes { bytes in
      let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      precondition(
        EVP_DigestFinal_ex(context, start, nil) == 1 && EVP_DigestInit_ex(context, nil, nil) == 1,
        "a hash fails only for a wrong context")
    }
    return digest
  }
}
