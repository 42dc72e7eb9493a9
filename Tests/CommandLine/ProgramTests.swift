import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import CommandLineMain

/// How words find their command, and what is said of those that are wrong.
@Suite struct ProgramTests {
  private static let command = Command(
    name: "try", usage: "A [B]", summary: "", wordLimit: 2, options: ["name": "none", "all": nil]
  ) { _ in 0 }

  private func parsed(_ words: String...) throws -> Arguments {
    try Arguments(words, for: Self.command)
  }

  @Test func optionsStandAnywhereAndMayCarryTheirValue() throws {
    let given = try parsed("a", "--name=x=y", "--all", "-5")
    #expect(given.positions == ["a", "-5"])
    #expect(given.option("name") == "x=y" && given.has("all") && !given.wantsHelp)
    #expect(try parsed("--name", "z").option("name") == "z")
    #expect(try parsed().option("name") == "none")
    #expect(try parsed("--", "--name", "b").positions == ["--name", "b"])
    #expect(try parsed("a", "b", "c", "-h").wantsHelp && parsed("--help").wantsHelp)
  }

  @Test(
    arguments: [
      (["--nmae", "x"], "there is no option --nmae, did you mean --name?"),
      (["--frob"], "there is no option --frob"), (["--all=x"], "--all takes no value"),
      (["--name"], "--name wants a value"), (["a", "b", "c", "d"], "c is one word too many"),
    ])
  func wrongWordsAreNamed(words: [String], problem: String) {
    #expect { try Arguments(words, for: Self.command) } throws: { "\($0)" == problem }
  }

  /// Goal: a wrong call is told before anybody is asked.
  @Test(arguments: [
    ["stok"], ["po"], ["po", "frob"], ["po", "set", "P"], ["po", "place", "P", "Q"], ["ledger"],
    ["stock", "A", "B"], ["receive", "A", "B", "5.5"], ["receive", "A", "B", "5", "6"],
    ["adjust", "A", "B", "-1", "damagd"], ["cancel-order", "shop", "1", "--count", "1"],
    ["transfer", "write-off", "T"], ["promotion", "set", "P", "A=1"], ["count", "recount", "C"],
    ["po", "place", "P", "--currency", "EUR"], ["orders", "--state", "frob"],
    ["ledger", "at", "yesterday", "A"], ["receive", "A", "B", "1", "--lot", "L", "--days", "0"],
  ])
  func wrongCallsAreRefused(words: [String]) async {
    #expect(await Program.run(words) == 64)
  }

  @Test(arguments: [
    ["--help"], ["-h"], ["help"], ["--version"], ["help", "stock"], ["help", "po"],
    ["help", "po", "set"], ["po", "--help"], ["po", "set", "-h"], ["stock", "-h"],
  ])
  func helpIsNoFailure(words: [String]) async {
    #expect(await Program.run(words) == 0)
  }

  /// Goal: a command is found by one name, its subject has a line in the help, and help fits a screen.
  @Test func commandsAreFoundAndHelpFits() {
    let names = Program.commands.map(\.name)
    #expect(Set(names).count == names.count)
    for words in names.map({ $0.split(separator: " ") }) where words.count == 2 {
      #expect(Help.subjects.keys.contains(String(words[0])) && !names.contains(String(words[0])))
    }
    let texts = [Help.all] + Program.commands.map(\.summary) + Program.commands.map(\.details)
    for line in texts.flatMap({ $0.split(separator: "\n") }) {
      #expect(line.count <= 130, "\(line)")
    }
  }

  @Test(
    arguments: [
      ("stok", "stock"), ("stcok", "stock"), ("order", "orders"), ("po", "po"), ("frob", nil),
      ("connections", "connections"), ("conections", "connections"), ("x", nil),
    ] as [(String, String?)])
  func theNearestWordIsMeant(word: String, nearest: String?) {
    let words = ["stock", "orders", "po", "connect", "connections"]
    #expect(Suggestion.nearest(word, among: words) == nearest)
  }

  @Test func distanceCountsLetters() {
    #expect(Suggestion.distance("", "abc") == 3 && Suggestion.distance("abc", "") == 3)
    #expect(Suggestion.distance("abc", "acb") == 1 && Suggestion.distance("abc", "abc") == 0)
    #expect(Suggestion.distance("kitten", "sitting") == 3)
  }

  /// Goal: the same is not said twice.
  @Test func fieldsAreNamedOnce() {
    func lines(_ violations: [(String, String)]) -> [String] {
      let list = violations.map { RPCError.FieldViolation(field: $0.0, problem: $0.1) }
      let first = violations[0]
      let more = violations.count > 1 ? " (and \(violations.count - 1) more)" : ""
      return Program.lines(
        of: RPCError(
          .invalidArgument, "INVALID_REQUEST", "\(first.0): \(first.1)\(more)", violations: list))
    }
    #expect(lines([("lines[0].quantity", "It is 0.")]).count == 1)
    #expect(lines([("a", "It is 0."), ("b", "It is 1.")]).count == 3)
  }

  @Test func aMistypedReasonIsNoReasonOfOnesOwn() throws {
    #expect(try StockCommands.reason("own_use") == .ownUse)
    #expect(try StockCommands.reason("flood") == nil)
    #expect(throws: UsageError.self) { try StockCommands.reason("damagd") }
  }

  /// Goal: what comes twice in a day has one expiry, never later than is said.
  @Test func daysOfALotEndAtMidnight() throws {
    let noon = Timestamp(seconds: 1_795_737_600 + 43_200)
    func expiry(_ words: String...) throws -> Timestamp? {
      try StockCommands.expireTime(
        Arguments(["A", "B", "1"] + words, for: StockCommands.receive), now: noon)
    }
    #expect(try expiry() == nil)
    #expect(try expiry("--days", "2") == Timestamp(seconds: 1_795_737_600 + 172_800))
    #expect(try expiry("--expires", "2026-11-28T12:00:00Z") == noon + .seconds(86_400))
    #expect(throws: UsageError.self) {
      try expiry("--days", "2", "--expires", "2026-11-28T12:00:00Z")
    }
  }

  @Test func portThatMayWantTLSIsAHint() {
    let error = RPCError(.unavailable, "CONNECTION_LOST", "It broke.", ["expected": "TLS"])
    let lines = Program.lines(of: error)
    #expect(lines.count == 2 && lines[1].contains("ONEPOOL_TLS_CA"))
  }

  @Test func anAccountIsNoChannel() {
    func refusal(_ channel: String, _ known: [String] = ["lazada", "shopify"]) -> String? {
      KnownChannels.refusal(of: channel, known: known, owners: ["web-shop": "shopify"])
    }
    #expect(refusal("shopify") == nil && refusal("web-shop", []) == nil)
    #expect(
      refusal("web-shop")
        == "there is no channel web-shop, which is an account of shopify; there is lazada, shopify")
    #expect(refusal("shoppy") == "there is no channel shoppy; there is lazada, shopify")
  }
}
