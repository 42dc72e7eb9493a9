/// Lines of Swift with their indentation.
struct SwiftText {
  private(set) var text = ""
  private var depth = 0

  mutating func line(_ line: String = "") {
    if line.isEmpty {
      text += "\n"
    } else {
      text += String(repeating: "  ", count: depth) + line + "\n"
    }
  }

  /// `head {`, the lines of `body` one step in, `}`.
  mutating func block<Failure: Error>(
    _ head: String, end: String = "}", _ body: (inout SwiftText) throws(Failure) -> Void
  ) throws(Failure) {
    line("\(head) {")
    depth += 1
    try body(&self)
    depth -= 1
    line(end)
  }

  /// A `switch`, whose cases stand below it and not one step in.
  mutating func cases(_ subject: String, _ body: (inout SwiftText) -> Void) {
    line("switch \(subject) {")
    body(&self)
    line("}")
  }

  mutating func comment(_ comment: String) {
    var lines = comment.split(separator: "\n", omittingEmptySubsequences: false)
    while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
    for text in lines {
      let text = text.hasPrefix(" ") ? text.dropFirst() : text
      line(text.isEmpty ? "///" : "/// \(text)")
    }
  }
}
