/// One line as it grows: `key=value key="two words"`, or a JSON object.
///
/// No value can begin a new line or a new field: what would is escaped.
struct LogLine {
  /// A longer value is cut, in bytes of UTF-8.
  static let maximumValueBytes = 4096

  private let format: Log.Format
  private var text: String

  init(_ format: Log.Format) {
    self.format = format
    text = format == .json ? "{" : ""
  }

  mutating func add(_ key: String, _ value: any LogValue) {
    let isFirst = text.utf8.count <= 1
    switch format {
    case .logfmt:
      if !isFirst { text += " " }
      text += Self.plainKey(key) + "="
      let shown = Self.cut(value.description)
      if Self.needsQuotes(shown) { appendQuoted(shown) } else { text += shown }
    case .json:
      if !isFirst { text += "," }
      appendQuoted(key)
      text += ":"
      if Self.isJSONNumber(value) {
        text += value.description
      } else {
        appendQuoted(Self.cut(value.description))
      }
    }
  }

  func finished() -> [UInt8] {
    Array((text + (format == .json ? "}\n" : "\n")).utf8)
  }

  private static func isJSONNumber(_ value: any LogValue) -> Bool {
    if let double = value as? Double { return double.isFinite }
    return value is Int || value is Int64 || value is Int32 || value is UInt64 || value is Bool
  }

  private static func cut(_ value: String) -> String {
    guard value.utf8.count > maximumValueBytes else { return value }
    return String(decoding: value.utf8.prefix(maximumValueBytes), as: UTF8.self) + "…"
  }

  private static func plainKey(_ key: String) -> String {
    String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) ? $0 : "_" })
  }

  private static func needsQuotes(_ value: String) -> Bool {
    value.isEmpty
      || value.unicodeScalars.contains {
        $0.value <= 0x20 || $0 == "=" || $0 == "\"" || $0 == "\\" || breaksLines($0)
      }
  }

  /// Control characters, and what some terminals and viewers take for the end of a line.
  private static func breaksLines(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
    default: false
    }
  }

  private mutating func appendQuoted(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case let scalar where Self.breaksLines(scalar):
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
