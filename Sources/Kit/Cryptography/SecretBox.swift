internal import COpenSSL

/// Keeps secrets unreadable at rest: AES-256-GCM (NIST SP 800-38D) with a new random nonce each time.
///
/// A sealed box is `version 1 ‖ nonce (12) ‖ ciphertext ‖ tag (16)`.
public struct SecretBox: Sendable {
  /// Why a box does not open.
  public enum Failure: Error, Hashable, CustomStringConvertible {
    case notABox
    /// The box was altered, belongs to another context, or was sealed with another key.
    case altered

    public var description: String {
      switch self {
      case .notABox: "the stored secret has a form that this version does not know"
      case .altered: "the stored secret was altered or sealed with another key"
      }
    }
  }

  public static let keyBytes = 32
  private static let version: UInt8 = 1
  private static let nonceBytes = 12
  private static let tagBytes = 16
  /// The first seals, each opens: a key is changed by putting a new one in front.
  let keys: [[UInt8]]

  /// - Parameter keys: at least one, of 32 bytes each.
  public init(keys: [[UInt8]]) {
    precondition(!keys.isEmpty, "nothing is sealed without a key")
    precondition(keys.allSatisfy { $0.count == Self.keyBytes }, "AES-256 takes 32 bytes")
    self.keys = keys
  }

  public init(key: [UInt8]) { self.init(keys: [key]) }

  /// - Parameter context: what the secret belongs to (an account); the box opens for no other.
  public func seal(_ secret: [UInt8], context: String) -> [UInt8] {
    let nonce = SecureRandom.bytes(Self.nonceBytes)
    let cipher = EVP_CIPHER_CTX_new()
    defer { EVP_CIPHER_CTX_free(cipher) }
    var sealed = [UInt8](repeating: 0, count: secret.count + 16)
    var tag = [UInt8](repeating: 0, count: Self.tagBytes)
    var count: Int32 = 0
    var rest: Int32 = 0
    let additional = Array(context.utf8)
    let succeeded =
      EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, keys[0], nonce) == 1
      && EVP_EncryptUpdate(cipher, nil, &rest, additional, Int32(additional.count)) == 1
      && EVP_EncryptUpdate(cipher, &sealed, &count, secret, Int32(secret.count)) == 1
      && EVP_EncryptFinal_ex(cipher, nil, &rest) == 1
      && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), &tag) == 1
    precondition(succeeded, "AES-256-GCM fails only without memory")
    return [Self.version] + nonce + sealed.prefix(Int(count)) + tag
  }

  public func open(_ box: [UInt8], context: String) throws(Failure) -> [UInt8] {
    for key in keys.dropLast() {
      do throws(Failure) {
        return try open(box, context, key)
      } catch .altered {
        // Sealed with an older key, or altered: the last one tells.
        continue
      }
    }
    return try open(box, context, keys[keys.count - 1])
  }

  private func open(
    _ box: [UInt8], _ context: String, _ key: [UInt8]
  ) throws(Failure) -> [UInt8] {
    let overhead = 1 + Self.nonceBytes + Self.tagBytes
    guard box.count >= overhead, box[0] == Self.version else { throw .notABox }
    let nonce = Array(box[1..<(1 + Self.nonceBytes)])
    let sealed = Array(box[(1 + Self.nonceBytes)..<(box.count - Self.tagBytes)])
    var tag = Array(box.suffix(Self.tagBytes))
    let cipher = EVP_CIPHER_CTX_new()
    defer { EVP_CIPHER_CTX_free(cipher) }
    var secret = [UInt8](repeating: 0, count: sealed.count + 16)
    var count: Int32 = 0
    var rest: Int32 = 0
    let additional = Array(context.utf8)
    let prepared =
      EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1
      && EVP_DecryptUpdate(cipher, nil, &rest, additional, Int32(additional.count)) == 1
      && EVP_DecryptUpdate(cipher, &secret, &count, sealed, Int32(sealed.count)) == 1
      && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), &tag) == 1
    precondition(prepared, "AES-256-GCM fails only without memory")
    guard EVP_DecryptFinal_ex(cipher, nil, &rest) == 1 else { throw .altered }
    return Array(secret.prefix(Int(count)))
  }
}
