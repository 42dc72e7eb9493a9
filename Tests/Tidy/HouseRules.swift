/// Where things lie, and what the package may stand on.
enum HouseRules {
  static let entries: Set<String> = [
    ".ci", ".gitignore", ".swift-format", "CONTRIBUTING.md", "Deploy", "Makefile", "Package.swift",
    "Protos",
    "README.md", "Sources", "Tests", "buf.yaml",
  ]
  /// What tools leave there and git ignores.
  private static let leftovers = [
    ".git", ".build", ".swiftpm", ".vscode", ".idea", "var", "Package.resolved",
  ]
  private static let vagueNames: Set<String> = [
    "Utils", "Util", "Common", "Helpers", "Misc", "Extensions",
  ]

  static func checkEntries(_ names: [String]) -> [Violation] {
    names.filter { name in
      !entries.contains(name) && !leftovers.contains(name) && !name.hasPrefix(".build-")
    }.map { Violation(path: $0, line: 1, rule: "nothing else lies at the top") }
  }

  /// SwiftPM warns of a page inside a target; a design lies above the targets that it speaks of.
  static func checkPages(_ file: SourceFile) -> [Violation] {
    guard file.path.hasSuffix(".md") else { return [] }
    let isOutside = !file.path.contains("/") || file.path.hasPrefix("Deploy/")
    let isDesign =
      file.path.hasPrefix("Sources/") && file.name == "DESIGN.md"
      && LayerRules.allowed(file.path) == nil
    return isDesign || isOutside ? [] : [file.violation(0, "no page inside a target")]
  }

  static func checkPackage(_ file: SourceFile) -> [Violation] {
    guard file.path == "Package.swift" else { return [] }
    return file.violations("no Swift package: Debian's libraries and Foundation are all") {
      $0.contains(".package(")
    }
  }

  static func checkName(_ file: SourceFile) -> [Violation] {
    let stem = String(file.name.split(separator: ".").first ?? "")
    return file.path.hasSuffix(".swift") && vagueNames.contains(stem)
      ? [file.violation(0, "a file is named for its one type")] : []
  }
}
