/// A file of text, and for Swift what of it is code.
struct SourceFile {
  /// From the top of the repository: `Sources/Kit/Log/Log.swift`.
  let path: String
  let lines: [String]
  /// The same lines with comments and the text of strings blanked out, so that a search finds code alone.
  let code: [String]
  /// Whether the end was reached inside a string or comment: then `code` cannot be trusted.
  let isBroken: Bool

  init(_ path: String, _ text: String) {
    self.path = path
    lines = Self.split(text)
    if path.hasSuffix(".swift") {
      var mask = CodeMask(text)
      mask.run()
      code = Self.split(String(decoding: mask.output, as: UTF8.self))
      isBroken = !mask.isAtRest
    } else {
      code = lines
      isBroken = false
    }
  }

  private static func split(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  var name: String { String(path.split(separator: "/").last ?? "") }
  var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }
  var isGenerated: Bool { path.contains("/Generated/") || path.contains(".pb-c.") }
  var isTest: Bool { path.hasPrefix("Tests/") }

  /// - Parameter index: from 0.
  func violation(_ index: Int, _ rule: String) -> Violation {
    Violation(path: path, line: index + 1, rule: rule)
  }

  /// Violations on each line of code that `isWrong` says so of.
  func violations(_ rule: String, where isWrong: (_ code: String) -> Bool) -> [Violation] {
    code.indices.filter { isWrong(code[$0]) }.map { violation($0, rule) }
  }
}
