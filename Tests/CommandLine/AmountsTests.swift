import Testing

@testable import CommandLineMain

/// What the operator types for units, and what help shows of it.
@Suite struct AmountsTests {
  private func amounts(_ words: [String]) throws -> [String] {
    let command = Command(name: "po", usage: "", summary: "") { _ in 0 }
    return try InboundCommands.amounts(try Arguments(words, for: command), from: 0).map {
      "\($0.name) \($0.units) \($0.cost)"
    }
  }

  @Test func amountsAreNamesWithUnits() throws {
    #expect(try amounts(["TEE=5", "CAP=3@1250", "A=B=7"]) == ["TEE 5 0", "CAP 3 1250", "A=B 7 0"])
  }

  @Test(arguments: ["TEE", "=5", "TEE=", "TEE=x", "TEE=1@", "TEE=1@x", "TEE=1@2@3", "TEE=1.5"])
  func whatIsNoAmountIsSaidSo(word: String) {
    #expect(throws: UsageError.self) { try amounts([word]) }
  }

  @Test func amountsAreWanted() {
    #expect(throws: UsageError.self) { try amounts([]) }
  }

  @Test func everyCommandHasItsOwnName() {
    let names = Program.commands.map(\.name)
    #expect(Set(names).count == names.count)
    for name in ["po", "transfer", "count", "bundle", "reorder"] { #expect(names.contains(name)) }
  }
}
