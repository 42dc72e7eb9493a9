/// Calls and words that the house does without.
enum CallRules {
  static func check(_ file: SourceFile) -> [Violation] {
    guard file.path.hasSuffix(".swift"), !file.isGenerated else { return [] }
    var found: [Violation] = []
    for (index, code) in file.code.enumerated() {
      for (word, rule) in forbidden(in: file) where contains(code, word) {
        found.append(file.violation(index, rule))
      }
      if file.isTest, contains(code, "sleep("), !isExplained(file, index) {
        found.append(
          file.violation(index, "a test waits for what it expects; a pause between looks says why"))
      }
      if isUnproved(file, index) {
        found.append(
          file.violation(index, "what the compiler cannot check needs a comment that proves it"))
      }
    }
    return found + emptyCatches(file)
  }

  private static func forbidden(in file: SourceFile) -> [(word: String, rule: String)] {
    var words = [
      ("try!", "no try!: throw, or prove it with a precondition"),
      ("as!", "no as!: use as? and handle what is not there"),
      ("Task.detached", "no detached task: every task has an owner that awaits it"),
    ]
    if !file.isTest {
      words.append(
        ("fatalError(", "no fatalError: precondition for our bugs, throws for the caller's"))
      words.append(("usleep(", "no blocking sleep"))
      words.append(("Thread.sleep", "no blocking sleep"))
      if !file.path.hasPrefix("Sources/CommandLine/") {
        words.append(("print(", "only the command line prints"))
      }
    }
    return words
  }

  /// Whether `word` stands in `code` and is not the end of a longer name; `.print(` is somebody's method.
  static func contains(_ code: String, _ word: String) -> Bool {
    var rest = Substring(code)
    while let range = rest.firstRange(of: word) {
      let before = rest[..<range.lowerBound].last ?? code[..<range.lowerBound].last
      let isName = before.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
      let isMethod = word == "print(" && before == "."
      if !isName && !isMethod { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }

  /// An hour stands for "until somebody ends it"; anything else needs a comment there or on the line above.
  private static func isExplained(_ file: SourceFile, _ index: Int) -> Bool {
    let above = index > 0 ? file.lines[index - 1].drop { $0 == " " } : ""
    return file.code[index].contains("Task.sleep(for: .seconds(3600))")
      || file.lines[index].contains("//") || above.hasPrefix("//")
  }

  /// The comment stands on the line itself, or on the line above the declaration and its attributes.
  private static func isUnproved(_ file: SourceFile, _ index: Int) -> Bool {
    let code = file.code[index]
    guard code.contains("@unchecked Sendable") || code.contains("nonisolated(unsafe)") else {
      return false
    }
    if file.lines[index].contains("//") { return false }
    var above = index - 1
    while above >= 0 {
      let line = file.lines[above].drop { $0 == " " }
      if line.hasPrefix("//") { return false }
      // An attribute, or the declaration's own first lines.
      guard line.hasPrefix("@") || line.hasSuffix(",") || line.hasSuffix(":") else { return true }
      above -= 1
    }
    return true
  }

  /// One that names what it catches may say in a comment why there is nothing to do; in a test its name says it.
  private static func emptyCatches(_ file: SourceFile) -> [Violation] {
    var found: [Violation] = []
    for (index, code) in file.code.enumerated() where contains(code, "catch") {
      let following = index..<min(index + 5, file.code.count)
      let text = file.code[following].joined(separator: " ")
      guard let word = text.firstRange(of: "catch"),
        let brace = text[word.upperBound...].firstIndex(of: "{")
      else { continue }
      let isNamed = text[word.upperBound..<brace].contains { $0 != " " }
      let body = text[text.index(after: brace)...].drop { $0 == " " || $0 == "\t" }
      guard body.first == "}" else { continue }
      let isExplained = file.lines[following].joined(separator: "\n").contains("//")
      if !isNamed || !(isExplained || file.isTest) {
        found.append(file.violation(index, "no empty catch"))
      }
    }
    return found
  }

  /// What is unfinished does not land; told apart from templates such as those of mktemp(1).
  static func unfinished(_ file: SourceFile) -> [Violation] {
    let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    return file.lines.indices.filter { index in
      let line = file.lines[index]
      return words.contains { word in
        guard let range = line.firstRange(of: word) else { return false }
        let after = range.upperBound < line.endIndex ? line[range.upperBound] : " "
        return contains(line, word) && !after.isLetter
      }
    }.map { file.violation($0, "unfinished work does not land") }
  }
}
