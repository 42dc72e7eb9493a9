/// How long a function, a file and a program's wiring may be.
enum SizeRules {
  static let maximumFunctionLines = 70
  static let maximumFileLines = 600
  static let maximumMainLines = 40

  static func check(_ file: SourceFile) -> [Violation] {
    guard file.path.hasSuffix(".swift"), !file.isGenerated else { return [] }
    var found: [Violation] = []
    if file.isBroken {
      found.append(file.violation(file.lines.count - 1, "a string or comment is never closed"))
    }
    if !file.code.contains(where: { $0.contains { $0 != " " } }), file.name != "main.swift" {
      found.append(file.violation(0, "a file without code"))
    }
    if file.lines.count > maximumFileLines {
      let rule = "a file of \(file.lines.count) lines; \(maximumFileLines) are allowed"
      found.append(file.violation(maximumFileLines, rule))
    }
    for function in FunctionFinder.functions(in: file.code)
    where function.lineCount > maximumFunctionLines {
      let rule =
        "\(function.name) has \(function.lineCount) lines; \(maximumFunctionLines) are allowed"
      found.append(file.violation(function.line, rule))
    }
    return found
  }

  /// All that a program's Main has, in lines.
  static func checkMains(_ files: [SourceFile]) -> [Violation] {
    let mains = files.filter {
      $0.path.hasSuffix(".swift")
        && ($0.folder.hasPrefix("Sources/Services/") || $0.folder == "Sources/Sandbox/Main")
        && $0.folder.hasSuffix("/Main")
    }
    return Dictionary(grouping: mains, by: \.folder).values.compactMap { files in
      let count = files.reduce(0) { $0 + $1.lines.count }
      guard count > maximumMainLines, let file = files.first else { return nil }
      let rule = "\(file.folder) has \(count) lines; \(maximumMainLines) are allowed"
      return file.violation(0, rule)
    }
  }
}
