internal import Kit

/// The decoded parameters of a query or of a form body (`application/x-www-form-urlencoded`).
struct FormFields: Equatable, Sendable {
  private(set) var pairs: [(name: String, value: String)] = []

  init() {}

  init(_ text: some StringProtocol) {
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs.append((Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : ""))
    }
  }

  /// The first value of that name.
  subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

  mutating func add(_ other: FormFields) {
    pairs += other.pairs
  }

  static func == (left: FormFields, right: FormFields) -> Bool {
    left.pairs.elementsEqual(right.pairs, by: ==)
  }

  static func encoded(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
  }

  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      let character = Character(UnicodeScalar(byte))
      let isPlain =
        byte < 128 && (character.isLetter || character.isNumber || "-._~".contains(character))
      return isPlain ? String(character) : "%" + Hex.encode([byte]).uppercased()
    }.joined()
  }

  /// `%41` and `+` decoded; what is no escape stays as it is.
  private static func decoded(_ text: some StringProtocol) -> String {
    let source = Array(text.utf8)
    guard source.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
      return String(text)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.count)
    var index = 0
    while index < source.count {
      let byte = source[index]
      if byte == UInt8(ascii: "%"), index + 2 < source.count, let high = digit(source[index + 1]),
        let low = digit(source[index + 2])
      {
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        index += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
  }
}
