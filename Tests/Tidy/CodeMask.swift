/// Blanks comments and the text of strings in Swift source; line ends and code stay where they are.
///
/// Knows line and nested block comments, strings of one and of many lines, raw strings, and the code inside
/// interpolations. Does not know regex literals: house style is `Regex` builders or none.
struct CodeMask {
  private enum Mode: Equatable {
    /// `parentheses` that are open since an interpolation began; nil outside of one.
    case code(parentheses: Int?)
    case string(hashes: Int, isMultiline: Bool)
    case lineComment
    case blockComment(depth: Int)
  }

  private let input: [UInt8]
  private var position = 0
  private var modes: [Mode] = [.code(parentheses: nil)]
  private(set) var output: [UInt8] = []

  private static let quote = UInt8(ascii: "\"")
  private static let hash = UInt8(ascii: "#")
  private static let slash = UInt8(ascii: "/")
  private static let star = UInt8(ascii: "*")
  private static let backslash = UInt8(ascii: "\\")
  private static let opening = UInt8(ascii: "(")
  private static let closing = UInt8(ascii: ")")
  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")

  init(_ text: String) {
    input = Array(text.utf8)
    output.reserveCapacity(input.count)
  }

  /// Whether everything that was opened has been closed.
  var isAtRest: Bool {
    modes == [.code(parentheses: nil)] || modes == [.code(parentheses: nil), .lineComment]
  }

  mutating func run() {
    while position < input.count {
      switch modes[modes.count - 1] {
      case .code(let parentheses): stepCode(parentheses)
      case .string(let hashes, let isMultiline): stepString(hashes, isMultiline)
      case .lineComment: stepLineComment()
      case .blockComment(let depth): stepBlockComment(depth)
      }
    }
  }

  private func byte(_ offset: Int) -> UInt8? {
    let index = position + offset
    return index < input.count ? input[index] : nil
  }

  private mutating func keep(_ count: Int = 1) {
    for _ in 0..<count {
      output.append(input[position])
      position += 1
    }
  }

  private mutating func blank(_ count: Int = 1) {
    for _ in 0..<count {
      output.append(input[position] == Self.newline ? Self.newline : Self.space)
      position += 1
    }
  }

  private mutating func replaceMode(_ mode: Mode) { modes[modes.count - 1] = mode }

  private mutating func stepCode(_ parentheses: Int?) {
    switch byte(0) {
    case Self.slash where byte(1) == Self.slash:
      modes.append(.lineComment)
    case Self.slash where byte(1) == Self.star:
      modes.append(.blockComment(depth: 0))
    case Self.quote:
      openString(hashes: 0)
    case Self.hash:
      var count = 0
      while byte(count) == Self.hash { count += 1 }
      if byte(count) == Self.quote { openString(hashes: count) } else { keep(count) }
    case Self.opening:
      if let parentheses { replaceMode(.code(parentheses: parentheses + 1)) }
      keep()
    case Self.closing:
      if let parentheses {
        if parentheses == 0 {
          modes.removeLast()
        } else {
          replaceMode(.code(parentheses: parentheses - 1))
        }
      }
      keep()
    default:
      keep()
    }
  }

  private mutating func openString(hashes: Int) {
    keep(hashes)
    let isMultiline = byte(1) == Self.quote && byte(2) == Self.quote
    keep(isMultiline ? 3 : 1)
    modes.append(.string(hashes: hashes, isMultiline: isMultiline))
  }

  private func hashesFollow(at offset: Int, _ count: Int) -> Bool {
    (0..<count).allSatisfy { byte(offset + $0) == Self.hash }
  }

  private mutating func stepString(_ hashes: Int, _ isMultiline: Bool) {
    let quotes = isMultiline ? 3 : 1
    if byte(0) == Self.backslash, hashesFollow(at: 1, hashes) {
      if byte(1 + hashes) == Self.opening {
        blank(1 + hashes)
        keep()
        modes.append(.code(parentheses: 0))
      } else {
        blank(min(2 + hashes, input.count - position))
      }
    } else if (0..<quotes).allSatisfy({ byte($0) == Self.quote }), hashesFollow(at: quotes, hashes)
    {
      modes.removeLast()
      keep(quotes + hashes)
    } else {
      blank()
    }
  }

  private mutating func stepLineComment() {
    if byte(0) == Self.newline { modes.removeLast() }
    blank()
  }

  private mutating func stepBlockComment(_ depth: Int) {
    if byte(0) == Self.slash, byte(1) == Self.star {
      replaceMode(.blockComment(depth: depth + 1))
      blank(2)
    } else if byte(0) == Self.star, byte(1) == Self.slash {
      blank(2)
      if depth == 1 { modes.removeLast() } else { replaceMode(.blockComment(depth: depth - 1)) }
    } else {
      blank()
    }
  }
}
