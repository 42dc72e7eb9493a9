/// Bytes as base64 text (RFC 4648). Reading takes only what writing makes: whole padding, no other
/// character, no bits left over; so each text stands for bytes that no other text stands for.
public enum Base64 {
  private static let standard = Alphabet("+/", isPadded: true)
  private static let forURL = Alphabet("-_", isPadded: false)

  public static func encode(_ bytes: [UInt8]) -> String { standard.encode(bytes) }

  /// The bytes that `text` stands for, or nil.
  public static func decode(_ text: String) -> [UInt8]? { standard.decode(text) }

  /// The alphabet for addresses, without padding (section 5).
  public static func encodeForURL(_ bytes: [UInt8]) -> String { forURL.encode(bytes) }

  public static func decodeFromURL(_ text: String) -> [UInt8]? { forURL.decode(text) }

  private struct Alphabet: Sendable {
    private static let padding = UInt8(ascii: "=")
    private let characters: [UInt8]
    private let values: [UInt8?]
    private let isPadded: Bool

    init(_ lastTwo: String, isPadded: Bool) {
      let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
      characters = Array((letters + lastTwo).utf8)
      var values = [UInt8?](repeating: nil, count: 256)
      for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
      self.values = values
      self.isPadded = isPadded
    }

    func encode(_ bytes: [UInt8]) -> String {
      var text: [UInt8] = []
      text.reserveCapacity((bytes.count + 2) / 3 * 4)
      for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits: UInt32 = 0
        for (index, byte) in group.enumerated() { bits |= UInt32(byte) << UInt32(16 - 8 * index) }
        for index in 0...group.count { text.append(characters[Int(bits >> (18 - 6 * index)) & 63]) }
        if isPadded { for _ in group.count..<3 { text.append(Self.padding) } }
      }
      return String(decoding: text, as: UTF8.self)
    }

    func decode(_ text: String) -> [UInt8]? {
      var characters = Array(text.utf8)
      if isPadded {
        guard characters.count.isMultiple(of: 4) else { return nil }
        for _ in 0..<2 where characters.last == Self.padding { characters.removeLast() }
      }
      guard characters.count % 4 != 1 else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(characters.count * 3 / 4)
      var bits: UInt32 = 0
      var bitCount = 0
      for character in characters {
        guard let value = values[Int(character)] else { return nil }
        bits = bits << 6 | UInt32(value)
        bitCount += 6
        guard bitCount >= 8 else { continue }
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        bits &= (1 << UInt32(bitCount)) - 1
      }
      return bits == 0 ? bytes : nil
    }
  }
}
