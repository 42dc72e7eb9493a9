import Testing

/// The repository keeps the rules that the compiler and the formatter cannot see.
@Suite struct TidyTests {
  private let tree: SourceTree

  init() throws { tree = try SourceTree.shared.get() }

  private func expectNone(_ violations: [Violation]) {
    for violation in violations { Issue.record("\(violation)") }
  }

  @Test func theTreeIsReadWhole() {
    #expect(tree.swift.count > 100)
    #expect(tree.files.contains { $0.path == "Package.swift" })
    #expect(tree.files.contains { $0.path == "Sources/Primitives/Deadline.swift" })
  }

  @Test func importsOnlyPointDown() {
    expectNone(tree.swift.filter { $0.path.contains("/") }.flatMap(LayerRules.check))
  }

  @Test func everyRowOfTheTableIsAFolder() {
    let folders = Set(tree.files.map(\.folder))
    for row in LayerRules.table.keys.sorted() {
      #expect(folders.contains { $0 == row || $0.hasPrefix(row + "/") }, "\(row) is no folder")
    }
  }

  @Test func functionsAndFilesAreShort() {
    expectNone(tree.swift.flatMap(SizeRules.check) + SizeRules.checkMains(tree.swift))
  }

  @Test func forbiddenCallsAreNotMade() {
    expectNone(tree.swift.flatMap(CallRules.check))
  }

  @Test func nothingUnfinishedLies() {
    expectNone(tree.written.flatMap(CallRules.unfinished))
  }

  @Test func thingsLieWhereTheyBelong() {
    expectNone(
      HouseRules.checkEntries(tree.entries) + tree.files.flatMap(HouseRules.checkPages)
        + tree.files.flatMap(HouseRules.checkPackage) + tree.swift.flatMap(HouseRules.checkName))
  }
}
