internal import COpenSSL

/// Bytes that nobody can guess: for keys, tokens and nonces.
public enum SecureRandom {
  public static func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = RAND_bytes(&bytes, Int32(count))
    precondition(result == 1, "the system's random source failed")
    return bytes
  }
}
