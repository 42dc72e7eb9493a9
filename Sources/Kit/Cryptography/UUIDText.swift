/// UUIDs as text, for request IDs (RFC 9562).
public enum UUIDText {
  /// A new one, version 4.
  public static func random() -> String { text(SecureRandom.bytes(16), version: 4) }

  /// Always the same one for the same text, version 8: for a step that may be repeated.
  public static func derived(from text: String) -> String {
    self.text(Array(SHA256.hash(text).prefix(16)), version: 8)
  }

  private static func text(_ random: [UInt8], version: UInt8) -> String {
    var bytes = random
    bytes[6] = bytes[6] & 0x0F | version << 4
    bytes[8] = bytes[8] & 0x3F | 0x80
    let hex = Array(Hex.encode(bytes))
    let ends = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
    return ends.map { String(hex[$0.0..<$0.1]) }.joined(separator: "-")
  }
}
