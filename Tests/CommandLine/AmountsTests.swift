import Testing

@testable import CommandLineMain

/// What the operator types for units, and what help shows of it.
@Suite struct AmountsTests {
  private func amounts(_ words: [String], costs: Bool = true) throws -> [String] {
    let command = Command(name: "po", usage: "", summary: "", wordLimit: nil) { _ in 0 }
    let arguments = try Arguments(words, for: command)
    return try InboundCommands.amounts(arguments, from: 0, costs: costs).map {
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

  /// A count of `5@3` is a slip of the hand, not five.
  @Test func costsStandWhereThereAreCosts() {
    #expect(throws: UsageError.self) { try amounts(["TEE=5@3"], costs: false) }
  }
}
