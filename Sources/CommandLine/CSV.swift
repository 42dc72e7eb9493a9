/// Lines of comma-separated values (RFC 4180).
enum CSV {
  enum Cell {
    case number(Int64)
    /// Somebody else's words.
    case text(String)
  }

  static func line(_ cells: [Cell]) -> String {
    cells.map(text).joined(separator: ",") + "\r\n"
  }

  private static func text(_ cell: Cell) -> String {
    switch cell {
    case .number(let number): "\(number)"
    case .text(let text): quoted(harmless(text))
    }
  }

  /// A spreadsheet takes a text that begins so for a formula, and would do what it says; an apostrophe
  /// in front makes it a text again.
  ///
  /// - Note: Source: owasp.org/www-community/attacks/CSV_Injection.
  private static func harmless(_ text: String) -> String {
    guard let first = text.unicodeScalars.first, "=+-@\t\r\n".unicodeScalars.contains(first) else {
      return text
    }
    return "'" + text
  }

  private static func quoted(_ text: String) -> String {
    let isSpecial = text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
    guard isSpecial else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
