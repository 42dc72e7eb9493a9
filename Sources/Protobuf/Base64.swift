/// Base64 of RFC 4648: writes the standard alphabet, reads that and the URL-safe one.
package enum Base64 {
  package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 1
      guard count == 3 else { continue }
      for shift in [18, 12, 6, 0] as [UInt32] { text.append(symbol(bits >> shift)) }
      bits = 0
      count = 0
    }
    if count == 1 {
      text += [symbol(bits >> 2), symbol(bits << 4), UInt8(ascii: "="), UInt8(ascii: "=")]
    } else if count == 2 {
      text += [symbol(bits >> 10), symbol(bits >> 4), symbol(bits << 2), UInt8(ascii: "=")]
    }
    return text
  }

  /// Nil when `text` is not base64. The padding may be missing.
  package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var symbols = 0
    var padding = 0
    for character in text {
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let value = value(of: character) else { return nil }
      bits = bits << 6 | value
      symbols += 1
      if symbols % 4 != 1 {
        // 6, 4 and 2 bits are left over after the 2nd, 3rd and 4th character.
        let left = [0, 0, 4, 2][symbols % 4] as UInt32
        bytes.append(UInt8(truncatingIfNeeded: bits >> left))
      }
    }
    guard symbols % 4 != 1 else { return nil }
    guard padding == 0 || (symbols + padding) % 4 == 0 && padding < 3 else { return nil }
    return bytes
  }

  private static func symbol(_ bits: UInt32) -> UInt8 {
    alphabet[Int(bits & 63)]
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) + 4
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
