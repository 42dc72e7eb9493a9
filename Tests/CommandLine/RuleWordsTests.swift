import PoolAPI
import Primitives
import Testing

@testable import CommandLineMain

/// How an operator writes rules, and reads them.
@Suite struct RuleWordsTests {
  @Test(
    arguments: [
      ("5", .unitCount(5)), ("0", .unitCount(0)), ("-1", .unitCount(-1)),
      ("10%", .basisPoints(1000)), ("12.5%", .basisPoints(1250)), ("0.01%", .basisPoints(1)),
      ("50:10,2", .tiers(.init(thresholdCount: 50, aboveCount: 10, belowCount: 2))),
      ("demand:1.5", .demand(.init(lag: .milliseconds(1500)))),
      ("demand:60,150%", .demand(.init(lag: .seconds(60), factorBasisPoints: 15_000))),
      ("demand:60,measured", .demand(.init(lag: .seconds(60), lagIsMeasured: true))),
      ("none", nil),
    ] as [(String, Buffer.Margin?)])
  func marginIsRead(text: String, margin: Buffer.Margin?) throws {
    #expect(try RuleWords.margin(text) == margin)
  }

  @Test(
    arguments: [
      "", "x", "5x", "%", "-1%", "101%", "50:10", "50:10,2,3", "a:1,2", "demand:", "demand:0",
      "demand:-1", "demand:1,2,3%", "demand:1,x", "demand:nan", "demand:90000", "demand:1,",
      "demand:measured",
      "demand:1,measured,2%", "nan%", "inf%", ":", "1:2",
    ])
  func marginIsRefused(text: String) {
    #expect(throws: UsageError.self) { try RuleWords.margin(text) }
  }

  @Test func marginIsWrittenAsItIsRead() throws {
    for text in [
      "5", "10%", "12.5%", "0.01%", "0%", "50:10,2", "demand:1.5,150%", "none",
      "demand:2,100%,measured",
    ] {
      #expect(RuleWords.text(try RuleWords.margin(text)) == text)
    }
  }

  @Test func timesAreRead() throws {
    func time(_ words: [String]) throws -> Timestamp? {
      try Arguments(["5"] + words, for: RuleCommands.buffer).time(option: "from")
    }
    #expect(try time([]) == nil)
    let moment = Timestamp(seconds: 1_795_737_600)
    #expect(try time(["--from", "2026-11-27T00:00:00Z"]) == moment)
    #expect(try time(["--from=2026-11-27T00:00:00.500Z"]) == moment + .milliseconds(500))
    #expect(throws: UsageError.self) { try time(["--from", "27.11.2026"]) }
  }

  @Test func locationKeepsWhatIsNotGiven() throws {
    let known = Location(
      locationID: "A", displayName: "Main", rank: 3, etag: "r4", kind: .store, zones: ["n"],
      offersPickup: true)
    func changed(_ words: String) throws -> Location {
      var location = known
      let arguments = try Arguments(
        words.split(separator: " ").map(String.init), for: RuleCommands.location)
      try RuleCommands.change(&location, arguments)
      return location
    }
    #expect(try changed("A") == known)
    var other = known
    other.zones = ["s", "n"]
    other.offersPickup = false
    other.rank = 1
    #expect(try changed("A --zones s,n --pickup no --rank 1") == other)
    #expect(throws: UsageError.self) { try changed("A --kind shop") }
    #expect(throws: UsageError.self) { try changed("A --pickup maybe") }
    #expect(throws: UsageError.self) { try changed("A --rank x") }
    #expect(throws: UsageError.self) { try changed("A --rank 99999999999") }
    other.zones = []
    #expect(try changed("A --zones none --pickup no --rank 1") == other)
  }

  @Test func explanationInWords() {
    let answer = ExplainAvailabilityResponse(
      availableToSellCount: 3, rules: [.init(won: true, explanation: "of this SKU: it wins")],
      holders: [.init(holdID: "h", owner: "anna", quantity: 2, expireTime: .zero)], sequence: 9,
      locks: [
        .init(
          lastUnits: .init(channelID: "till", unitCount: 4), won: false, explanation: "it does not")
      ],
      places: [
        .init(locationID: "A", availableCount: 5, counts: true, explanation: "feeds shopee")
      ],
      owners: [.init(owner: "anna", quantity: 2, holdCount: 1)], holdCount: 3, ownerCount: 2,
      components: [
        .init(
          sku: "CAP", owners: [.init(owner: "bert", quantity: 1, holdCount: 1)], holdCount: 1,
          ownerCount: 1)
      ])
    #expect(
      ExplainCommand.lines(answer) == [
        "counts: of this SKU: it wins",
        "does not count: last 4 units for till, it does not",
        "at A: 5 available, counts: feeds shopee",
        "held by anna: 2 in 1 holds", "held by others: 1 owners",
        "hold h of anna: 2 until 1970-01-01T00:00:00.000Z", "and 2 younger holds",
        "CAP held by bert: 1 in 1 holds", "CAP and 1 younger holds",
        "available to sell: 3 at sequence 9",
      ])
  }
}
