/// An `import` in a line of code.
struct Import {
  /// `public`, `internal`, or nothing.
  let access: String?
  let module: String

  private static let accesses: Set<String> = [
    "public", "internal", "package", "private", "fileprivate",
  ]
  private static let kinds: Set<String> = [
    "struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor",
  ]

  init?(_ code: String) {
    guard code.contains("import") else { return nil }
    var words = code.split { $0 == " " || $0 == "\t" }.map(String.init)
    while let word = words.first, word.hasPrefix("@") { words.removeFirst() }
    access = words.first.flatMap { Self.accesses.contains($0) ? $0 : nil }
    if access != nil { words.removeFirst() }
    guard words.first == "import" else { return nil }
    words.removeFirst()
    if let word = words.first, Self.kinds.contains(word) { words.removeFirst() }
    guard let name = words.first?.split(separator: ".").first else { return nil }
    module = String(name)
  }
}
