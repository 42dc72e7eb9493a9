import GatewayDomain
import Primitives
import Testing

@Suite struct DriftTests {
  private static let start = Timestamp(seconds: 1_767_600_000)

  /// What is known, in the order of the table's columns.
  struct Case: Sendable, CustomTestStringConvertible {
    var should: Quantity
    var shown: Quantity?
    var before: Quantity?
    var wasSeen = true
    var change: @Sendable (inout DriftFacts) -> Void = { _ in }
    var cause: DriftCause

    var testDescription: String { "\(should) \(shown.map { "\($0)" } ?? "–") \(cause)" }
  }

  @Test(
    arguments: [
      Case(should: 10, shown: nil, cause: .listingGone),
      Case(should: 10, shown: 25, before: 12, cause: .changedElsewhere),
      Case(should: 10, shown: 2, before: 12, cause: .changedElsewhere),
      Case(should: 10, shown: 9, before: 12, cause: .orderUnseen),
      Case(should: 10, shown: 6, before: 12, cause: .orderUnseen),
      Case(should: 10, shown: 5, before: 12, cause: .changedElsewhere),
      Case(should: 1, shown: 0, before: 12, cause: .orderUnseen),
      Case(should: 10, shown: 12, before: 12, wasSeen: false, cause: .pushNotApplied),
      Case(should: 10, shown: 3, before: 3, wasSeen: false, cause: .pushNotApplied),
      Case(should: 5000, shown: 999, before: 20, wasSeen: false, cause: .numberCapped),
      Case(should: 120, shown: 100, before: 500, wasSeen: false, cause: .numberCapped),
      Case(should: 120, shown: 119, before: 500, wasSeen: false, cause: .orderUnseen),
      Case(should: 10, shown: 11, before: nil, wasSeen: false, cause: .changedElsewhere),
      Case(should: 10, shown: 4, change: { $0.reservedCount = 6 }, cause: .promotion),
      Case(should: 10, shown: 16, change: { $0.reservedCount = 6 }, cause: .promotion),
      Case(should: 10, shown: 17, change: { $0.reservedCount = 6 }, cause: .changedElsewhere),
      Case(should: 3, shown: 10, change: { $0.isLocked = true }, cause: .promotion),
      Case(should: 3, shown: 10, change: { $0.isDead = true }, cause: .pushRefused),
      Case(should: 10, shown: 25, change: { $0.undoneCount = 1 }, cause: .changedElsewhere),
      Case(should: 10, shown: 25, change: { $0.undoneCount = 2 }, cause: .otherWriter),
    ]) func causeIsTheLikeliest(_ known: Case)
  {
    var facts = DriftFacts(should: known.should, shown: known.shown)
    facts.before = known.before
    facts.wasSeen = known.wasSeen
    known.change(&facts)
    #expect(facts.likelyCause == known.cause)
  }

  static func reading(
    _ shown: Quantity?, should: Quantity = 10, intakes: Int = 0, isCurrent: Bool = true
  ) -> DriftWatch.Reading {
    DriftWatch.Reading(shown: shown, should: should, intakeCount: intakes, isCurrent: isCurrent)
  }

  @Test func whatIsLessThanNothingIsNothing() {
    #expect(DriftTests.reading(-2, should: 0).agrees && DriftTests.reading(10).agrees)
    #expect(!DriftTests.reading(nil, should: 0).agrees && !DriftTests.reading(9).agrees)
  }

  /// Goal: only what differs in the same way twice, with nothing on its way, is a drift.
  @Test(
    arguments: [
      ([DriftTests.reading(12), DriftTests.reading(12)], [true]),
      ([DriftTests.reading(nil), DriftTests.reading(nil)], [true]),
      ([DriftTests.reading(9), DriftTests.reading(8), DriftTests.reading(8)], [false, true]),
      (
        [
          DriftTests.reading(9), DriftTests.reading(9, intakes: 1),
          DriftTests.reading(9, intakes: 1),
        ], [false, true]
      ),
      (
        [DriftTests.reading(9, isCurrent: false), DriftTests.reading(9), DriftTests.reading(9)],
        [false, true]
      ),
      (
        [DriftTests.reading(9), DriftTests.reading(9, isCurrent: false), DriftTests.reading(9)],
        [false, false]
      ),
      (
        [
          DriftTests.reading(9), DriftTests.reading(9), DriftTests.reading(4),
          DriftTests.reading(20),
        ], [true, true, true]
      ),
    ] as [([DriftWatch.Reading], [Bool])])
  func twoReadingsMakeADrift(_ readings: [DriftWatch.Reading], _ expected: [Bool]) {
    var now = Self.start
    var watch = DriftWatch(readings[0], now: now)
    var found: [Bool] = []
    for reading in readings.dropFirst() {
      now = max(now, watch.nextTime)
      found.append(watch.look(reading, now: now))
    }
    #expect(found == expected)
  }

  @Test func secondReadingThatComesTooEarlyDoesNotCount() {
    var watch = DriftWatch(DriftTests.reading(12), now: Self.start)
    let isEarlyDrift = watch.look(DriftTests.reading(12), now: Self.start + .seconds(29))
    #expect(!isEarlyDrift)
    #expect(watch.nextTime == Self.start + .seconds(30))
    let isDrift = watch.look(DriftTests.reading(12), now: Self.start + .seconds(30))
    #expect(isDrift)
  }

  @Test func pausesBetweenLooksGrowUpToABound() {
    var watch = DriftWatch(known: DriftTests.reading(12), since: Self.start, now: Self.start)
    var pauses: [Int64] = []
    var now = Self.start
    for _ in 0..<12 {
      _ = watch.look(DriftTests.reading(12), now: now)
      pauses.append((watch.nextTime - now).microseconds / 1_000_000)
      now = watch.nextTime
    }
    #expect(pauses == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800, 1800, 1800])
  }

  @Test(
    arguments: [
      ("correct", .correct, .correct), ("report", .report, .report),
      ("lower-only,shop-1=correct", .lowerOnly, .correct),
      (" report , shop-1 = lower-only ", .report, .lowerOnly),
      ("shop-1=report", .correct, .report),
    ] as [(String, DriftPolicy, DriftPolicy)])
  func policiesAreRead(_ text: String, _ usual: DriftPolicy, _ own: DriftPolicy) throws {
    let policies = try #require(DriftPolicies(text))
    #expect(policies[AccountID(trusted: "other")] == usual)
    #expect(policies[AccountID(trusted: "shop-1")] == own)
  }

  @Test(
    arguments: [
      "", "never", "correct,report", "shop-1=", "=report", "a=b=report", "a=report,a=correct", ",",
      "Correct",
    ]) func policiesThatMakeNoSenseAreRefused(_ text: String)
  {
    #expect(DriftPolicies(text) == nil)
  }

  @Test func policySaysWhatIsSetRight() {
    let both = DriftPolicy.allCases.map {
      [$0.corrects(shown: 12, should: 10), $0.corrects(shown: 8, should: 10)]
    }
    #expect(both == [[true, true], [true, false], [false, false]])
  }

  @Test func passIsSpreadOverItsTime() {
    var pass = ReconcilePass(startTime: Self.start, listingCount: 1000, isAsked: false)
    #expect(pass.nextTime(within: .seconds(1000)) == Self.start)
    pass.doneCount = 500
    #expect(pass.nextTime(within: .seconds(1000)) == Self.start + .seconds(450))
    pass.isAsked = true
    #expect(pass.nextTime(within: .seconds(1000)) == Self.start)
  }
}
