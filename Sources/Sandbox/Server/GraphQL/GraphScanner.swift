/// Cuts GraphQL text into tokens.
struct GraphScanner {
  enum Token: Equatable, Sendable {
    case name(String)
    case integer(Int64)
    case number(Double)
    case string(String)
    /// One of `! $ ( ) : = @ [ ] { | }` and `...`.
    case mark(String)
    case end
  }

  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  mutating func next() throws -> Token {
    skipIgnored()
    guard index < bytes.count else { return .end }
    let byte = bytes[index]
    if Self.isNameStart(byte) { return .name(name()) }
    if byte == UInt8(ascii: "-") || Self.isDigit(byte) { return try number() }
    if byte == UInt8(ascii: "\"") { return try string() }
    if byte == UInt8(ascii: ".") {
      guard bytes[index...].prefix(3).elementsEqual("...".utf8) else {
        throw GraphError("Parse error on \".\"")
      }
      index += 3
      return .mark("...")
    }
    index += 1
    return .mark(String(UnicodeScalar(byte)))
  }

  private mutating func skipIgnored() {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
        UInt8(ascii: ","):
        index += 1
      case UInt8(ascii: "#"):
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
      default: return
      }
    }
  }

  private mutating func name() -> String {
    let start = index
    while index < bytes.count, Self.isNameStart(bytes[index]) || Self.isDigit(bytes[index]) {
      index += 1
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private mutating func number() throws -> Token {
    let start = index
    while index < bytes.count, Self.isDigit(bytes[index]) || "+-.eE".utf8.contains(bytes[index]) {
      index += 1
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text) else { throw GraphError("Parse error on \"\(text)\"") }
    return .number(number)
  }

  private mutating func string() throws -> Token {
    if bytes[index...].prefix(3).elementsEqual("\"\"\"".utf8) { return try block() }
    let start = index
    index += 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard index < bytes.count else { throw GraphError("Parse error: a string does not end") }
    index += 1
    // A GraphQL string is a JSON string (specification, section 2.9.4).
    guard case .string(let text) = JSONValue(parsing: Array(bytes[start..<index])) else {
      throw GraphError("Parse error: a string cannot be read")
    }
    return .string(text)
  }

  private mutating func block() throws -> Token {
    index += 3
    let start = index
    while index < bytes.count, !bytes[index...].prefix(3).elementsEqual("\"\"\"".utf8) {
      index += 1
    }
    guard index < bytes.count else { throw GraphError("Parse error: a string does not end") }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    index += 3
    return .string(text)
  }

  private static func isNameStart(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
