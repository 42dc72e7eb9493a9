internal import Foundation

/// Base64 as gRPC metadata wants it: sent without padding, read with or without.
public enum Base64Codec {
  public static func encode(_ bytes: [UInt8]) -> String {
    var text = Data(bytes).base64EncodedString()
    while text.last == "=" { text.removeLast() }
    return text
  }

  public static func decode(_ text: String) -> [UInt8]? {
    let end = text.lastIndex { $0 != "=" }.map { text.index(after: $0) } ?? text.startIndex
    let digits = text[..<end]
    let count = digits.utf8.count
    // With padding it comes to whole groups of four; without, one digit alone says nothing.
    guard !digits.contains("="), count % 4 != 1,
      digits.endIndex == text.endIndex || text.utf8.count % 4 == 0
    else { return nil }
    let padding = String(repeating: "=", count: (4 - count % 4) % 4)
    return Data(base64Encoded: digits + padding).map { [UInt8]($0) }
  }
}

/// Percent encoding: of `grpc-message`, of paths and of forms.
public enum PercentCodec {
  /// `grpc-message`: bytes 0x20 to 0x7E but `%` stand for themselves (`doc/PROTOCOL-HTTP2.md`). A space at an end does
  /// not: no header field may begin or end with one (RFC 9113, section 8.2.1).
  public static func encodeMessage(_ text: String) -> String {
    let encoded = encode(text) { (0x20...0x7E).contains($0) && $0 != 0x25 }
    guard encoded.hasPrefix(" ") || encoded.hasSuffix(" ") else { return encoded }
    let inner = encoded.drop { $0 == " " }
    let before = encoded.count - inner.count
    let after = inner.reversed().prefix { $0 == " " }.count
    let space = "%20"
    return String(repeating: space, count: before) + inner.dropLast(after)
      + String(repeating: space, count: after)
  }

  /// RFC 3986 section 2.3: unreserved characters stand for themselves.
  public static func encodeComponent(_ text: String) -> String {
    encode(text) { byte in
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E: true
      default: false
      }
    }
  }

  /// Decodes `%XX`; a `%` that is not followed by two digits stands for itself. Bad UTF-8 is repaired.
  public static func decode(_ text: some StringProtocol) -> String {
    String(decoding: decodeBytes(text.utf8, plusIsSpace: false), as: UTF8.self)
  }

  /// The same for `application/x-www-form-urlencoded`, where `+` is a space.
  public static func decodeForm(_ text: some StringProtocol) -> String {
    String(decoding: decodeBytes(text.utf8, plusIsSpace: true), as: UTF8.self)
  }

  private static func encode(_ text: String, keeping keep: (UInt8) -> Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    if text.utf8.allSatisfy(keep) { return text }
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if keep(byte) {
        bytes.append(byte)
      } else {
        bytes.append(contentsOf: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func decodeBytes(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    var index = text.startIndex
    while index != text.endIndex {
      let byte = text[index]
      let next = text.index(after: index)
      if byte == 0x25, next != text.endIndex, let high = hexValue(text[next]) {
        let last = text.index(after: next)
        if last != text.endIndex, let low = hexValue(text[last]) {
          bytes.append(high << 4 | low)
          index = text.index(after: last)
          continue
        }
      }
      bytes.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
      index = next
    }
    return bytes
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}

/// `grpc-timeout`: 1 to 8 digits and a unit (`doc/PROTOCOL-HTTP2.md`, Timeout).
public enum TimeoutCodec {
  public static func encode(_ span: Duration) -> String {
    let nanoseconds = max(
      0,
      span.components.seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue
        + span.components.attoseconds / 1_000_000_000)
    let units: [(Int64, String)] = [
      (1, "n"), (1000, "u"), (1_000_000, "m"), (1_000_000_000, "S"), (60_000_000_000, "M"),
    ]
    // More than nanoseconds count: said in whole hours, as many as there is room for.
    guard span.components.seconds < 1_000_000_000 else {
      return "\(min(span.components.seconds / 3600, 99_999_999))H"
    }
    for (size, unit) in units where nanoseconds / size < 100_000_000 {
      return "\(nanoseconds / size)\(unit)"
    }
    return "\(nanoseconds / 3_600_000_000_000)H"
  }

  public static func decode(_ text: String) -> Duration? {
    let bytes = text.utf8
    guard (2...9).contains(bytes.count), let unit = bytes.last else { return nil }
    var amount: Int64 = 0
    for byte in bytes.dropLast() {
      guard (0x30...0x39).contains(byte) else { return nil }
      amount = amount * 10 + Int64(byte - 0x30)
    }
    switch unit {
    case UInt8(ascii: "n"): return .nanoseconds(amount)
    case UInt8(ascii: "u"): return .microseconds(amount)
    case UInt8(ascii: "m"): return .milliseconds(amount)
    case UInt8(ascii: "S"): return .seconds(amount)
    case UInt8(ascii: "M"): return .seconds(amount * 60)
    case UInt8(ascii: "H"): return .seconds(amount * 3600)
    default: return nil
    }
  }
}
