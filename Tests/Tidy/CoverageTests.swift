import Testing

/// What a page promises to be tested is.
@Suite struct CoverageTests {
  private static let page = "Sources/Services/Gateway/Channels/DESIGN.md"
  private static let painCount = 36

  private let tree: SourceTree

  init() throws { tree = try SourceTree.shared.get() }

  /// Names of tests in a line: `Suite.test`.
  private static func names(in line: String) -> [(suite: String, test: String)] {
    line.matches(of: #/`([A-Z][A-Za-z0-9]*Tests)\.([a-z][A-Za-z0-9]*)`/#).map {
      (String($0.output.1), String($0.output.2))
    }
  }

  @Test func eachPainOfIntegratorsHasATestOrAReason() throws {
    let lines = try #require(tree.files.first { $0.path == Self.page }).lines
    for number in 1...Self.painCount {
      let row = try #require(lines.first { $0.hasPrefix("| \(number) |") }, "pain \(number)")
      #expect(!Self.names(in: row).isEmpty || row.contains("| — "), "pain \(number)")
    }
  }

  /// The functions that stand in the files of each suite.
  private var functions: [String: Set<String>] {
    var found: [String: Set<String>] = [:]
    for file in tree.swift where file.isTest {
      let text = file.code.joined(separator: "\n")
      let names = text.matches(of: #/func ([a-z][A-Za-z0-9]*)\(/#).map { String($0.output.1) }
      for suite in text.matches(of: #/struct ([A-Z][A-Za-z0-9]*Tests) /#) {
        found[String(suite.output.1), default: []].formUnion(names)
      }
    }
    return found
  }

  @Test func namedTestsAreThere() throws {
    let lines = try #require(tree.files.first { $0.path == Self.page }).lines
    let names = lines.flatMap(Self.names)
    #expect(names.count > Self.painCount)
    let functions = functions
    for (suite, test) in names {
      #expect(functions[suite]?.contains(test) == true, "\(suite).\(test)")
    }
  }
}
