/// Request IDs that follow from what is asked: whoever asks the same again, after a crash too, has the same ID.
public enum OutboxRequestID {
  /// 40 characters from a SHA-256 of the parts; two requests that differ anywhere have different IDs.
  public static func derived(_ method: String, _ body: [UInt8]) -> String {
    var bytes = Array(method.utf8)
    bytes.append(0)
    bytes.append(contentsOf: body)
    return Hex.encode(SHA256.hash(bytes).prefix(20))
  }
}
