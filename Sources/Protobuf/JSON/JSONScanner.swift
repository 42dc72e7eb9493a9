/// Reads the tokens of JSON text (RFC 8259), one after another.
///
/// It is not Foundation's parser because that one keeps one of two equal keys without a word and turns
/// numbers of more than 15 digits into a `Double`; here the first is an error and the second stays exact.
struct JSONScanner {
  enum Kind {
    case object, array, string, number, boolean, null
  }

  private let bytes: UnsafeRawBufferPointer
  private let arena: Arena
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer, _ arena: Arena) {
    self.bytes = bytes
    self.arena = arena
  }

  /// What the next value is, judged by its first byte.
  mutating func kind() throws(CodecError) -> Kind {
    skipSpace()
    guard offset < bytes.count else { throw CodecError("ends where a value belongs") }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    default: throw unexpected("a value")
    }
  }

  /// Takes `character` if it is next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(CodecError) {
    guard take(character) else { throw unexpected("`\(character)`") }
  }

  mutating func end() throws(CodecError) {
    skipSpace()
    guard offset == bytes.count else { throw unexpected("the end") }
  }

  mutating func null() throws(CodecError) {
    try literal("null")
  }

  mutating func boolean() throws(CodecError) -> Bool {
    if bytes[offset] == UInt8(ascii: "t") {
      try literal("true")
      return true
    }
    try literal("false")
    return false
  }

  private mutating func literal(_ text: StaticString) throws(CodecError) {
    let length = text.utf8CodeUnitCount
    guard bytes.count - offset >= length,
      zip(
        bytes[offset..<offset + length], UnsafeBufferPointer(start: text.utf8Start, count: length)
      )
      .allSatisfy({ $0 == $1 })
    else { throw unexpected("a value") }
    offset += length
  }

  /// The text of a number, which has JSON's grammar.
  mutating func number() throws(CodecError) -> UnsafeRawBufferPointer {
    let start = offset
    while offset < bytes.count, Self.isNumberByte(bytes[offset]) { offset += 1 }
    let text = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
    guard JSONNumber.isWellFormed(text) else {
      throw CodecError("has a malformed number at byte \(start)")
    }
    return text
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  /// The UTF-8 of a string, checked; it lives in the input or in the arena.
  mutating func string() throws(CodecError) -> UnsafeRawBufferPointer {
    try expect("\"")
    let start = offset
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        offset += 1
        try Self.check(text, at: start)
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      guard byte >= 0x20 else { throw CodecError("has a control character at byte \(offset)") }
      offset += 1
    }
    throw CodecError("ends in the middle of a string")
  }

  /// The rest of a string that has an escape; what `start` to `offset` holds is plain.
  private mutating func escapedString(
    from start: Int
  ) throws(CodecError) -> UnsafeRawBufferPointer {
    var end = offset
    while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
      end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard end < bytes.count else { throw CodecError("ends in the middle of a string") }
    // No escape is shorter than what it stands for.
    let target = arena.allocate(end - start)
    target.copyMemory(from: bytes.baseAddress! + start, byteCount: offset - start)
    var count = offset - start
    while offset < end {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\\") {
        for unit in String(try escape()).utf8 {
          target.storeBytes(of: unit, toByteOffset: count, as: UInt8.self)
          count += 1
        }
      } else {
        guard byte >= 0x20 else { throw CodecError("has a control character at byte \(offset)") }
        target.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
        offset += 1
      }
    }
    offset = end + 1
    let text = UnsafeRawBufferPointer(start: target, count: count)
    try Self.check(text, at: start)
    return text
  }

  private static func check(_ text: UnsafeRawBufferPointer, at start: Int) throws(CodecError) {
    // A NUL is said of the field, by who knows whether it is a string or bytes.
    if UTF8Check.problem(in: text) == "is not UTF-8" {
      throw CodecError("has a string that is not UTF-8 at byte \(start)")
    }
  }

  private mutating func escape() throws(CodecError) -> Character {
    let start = offset
    offset += 2
    switch bytes[start + 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      if let scalar = Unicode.Scalar(first) { return Character(scalar) }
      // A high surrogate, which a low one must follow (RFC 8259 section 7).
      guard first < 0xDC00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
        bytes[offset + 1] == UInt8(ascii: "u")
      else { throw CodecError("has half a surrogate pair at byte \(start)") }
      offset += 2
      let second = try hexadecimal()
      guard 0xDC00...0xDFFF ~= second,
        let scalar = Unicode.Scalar(
          0x10000 + (UInt32(first) - 0xD800) << 10 + UInt32(second) - 0xDC00)
      else { throw CodecError("has half a surrogate pair at byte \(start)") }
      return Character(scalar)
    default: throw CodecError("has an unknown escape at byte \(start)")
    }
  }

  private mutating func hexadecimal() throws(CodecError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue
      else { throw CodecError("has a malformed \\u escape at byte \(offset)") }
      value = value << 4 | UInt16(digit)
      offset += 1
    }
    return value
  }

  /// Moves past a value of any kind.
  mutating func skip(depth: Int) throws(CodecError) {
    guard depth > 0 else { throw CodecError("is nested too deep") }
    switch try kind() {
    case .null: try null()
    case .boolean: _ = try boolean()
    case .number: _ = try number()
    case .string: _ = try string()
    case .array:
      try expect("[")
      if take("]") { return }
      repeat { try skip(depth: depth - 1) } while take(",")
      try expect("]")
    case .object:
      try expect("{")
      if take("}") { return }
      repeat {
        skipSpace()
        _ = try string()
        try expect(":")
        try skip(depth: depth - 1)
      } while take(",")
      try expect("}")
    }
  }

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  private func unexpected(_ wanted: String) -> CodecError {
    offset < bytes.count
      ? CodecError("is not JSON: \(wanted) belongs at byte \(offset)")
      : CodecError("is not JSON: it ends where \(wanted) belongs")
  }
}
