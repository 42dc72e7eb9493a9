import GatewayDomain
import Primitives
import Testing

@Suite struct LagBudgetTests {
  private static let start = Timestamp(seconds: 1_767_600_000)

  @Test(arguments: [
    (0.99, 100, 0, 1.0), (0.99, 100, 1, 0), (0.99, 200, 1, 0.5), (0.99, 100, 3, -2),
    (0.5, 10, 5, 0), (0, 10, 10, 0), (1, 10, 0, 1), (1, 10, 2, -2), (0.99, 0, 0, 1),
  ])
  func leftIsWhatMayStillBeLate(_ objective: Double, _ all: Int, _ late: Int, _ left: Double) {
    var budget = LagBudget(.init(target: .seconds(1), objective: objective))
    for number in 0..<all {
      budget.add(number < late ? .milliseconds(1001) : .seconds(1), now: Self.start)
    }
    #expect(abs(budget.left(now: Self.start) - left) < 1e-9)
    #expect(budget.counts(now: Self.start) == (all, late))
  }

  @Test func whatIsAnHourOldDoesNotCount() {
    var budget = LagBudget(.init(target: .seconds(1), objective: 0.9))
    budget.add(.seconds(2), now: Self.start)
    #expect(budget.left(now: Self.start + .seconds(3000)) < 0)
    #expect(budget.left(now: Self.start + LagBudget.window) == 1)
    // Many hours leave no more than one behind; a clock that goes back loses none.
    for hour in 0..<50 { budget.add(.seconds(2), now: Self.start + .seconds(Int64(hour) * 3600)) }
    budget.add(.seconds(2), now: Self.start)
    let now = Self.start + .seconds(49 * 3600)
    #expect(budget.counts(now: now) == (2, 2))
  }

  @Test func recentSpansAreTheLastOnes() {
    var spans = RecentSpans()
    #expect(spans.quantile(0.5) == .zero && spans.maximum == .zero && spans.count == 0)
    for number in 1...200 { spans.add(.milliseconds(number)) }
    #expect(spans.count == RecentSpans.capacity)
    for (told, exact) in [
      (spans.maximum, 200), (spans.quantile(0), 137), (spans.quantile(1), 200),
      (spans.quantile(0.5), 168),
    ] as [(Duration, Int64)] {
      #expect(told >= .milliseconds(exact) && told <= .microseconds(exact * 1090), "\(exact)")
    }
    var odd = RecentSpans()
    odd.add(.microseconds(1))
    odd.add(.seconds(-5))
    odd.add(.seconds(10_000_000))
    #expect(odd.quantile(0) == .zero && odd.quantile(0.5) == .microseconds(100))
    #expect(odd.maximum > .seconds(400_000))
  }

  /// Goal: who waits for a spare token wakes up neither too early nor later than it must.
  @Test(arguments: [0.1, 1, 1.5, 2, 5, 10, 50, 1000])
  func spareTokenIsThereWhenItWasTold(_ rate: Double) {
    var bucket = TokenBucket(rate: rate, burst: max(1, rate), now: 0)
    var now: Int64 = 0
    for turn in 0..<200 {
      let wait = bucket.spareWait(now: now)
      var early = bucket
      let isEarly = early.takeSpare(now: now + wait * 99 / 100)
      #expect(isEarly == (wait == 0), "turn \(turn)")
      // A microsecond for what floating point loses.
      now += wait + 1000
      let isTaken = bucket.takeSpare(now: now)
      #expect(isTaken, "turn \(turn)")
      if turn == 100 { bucket.pause(until: now + 5_000_000_000, now: now) }
    }
  }

  @Test func spareTokensLeaveHalfForOthers() {
    var bucket = TokenBucket(rate: 10, burst: 10, now: 0)
    var taken = 0
    for _ in 0..<20 where bucket.takeSpare(now: 0) { taken += 1 }
    #expect(taken == 5)
    let wait = bucket.reserve(now: 0)
    #expect(wait == 0, "the others have theirs")
    // An account of one call a second has one to spare when it has saved it up.
    var slow = TokenBucket(rate: 1, burst: 1, now: 0)
    var turns: [Bool] = []
    for second in [0, 0, 1] { turns.append(slow.takeSpare(now: Int64(second) * 1_000_000_000)) }
    #expect(turns == [true, false, true])
    slow.pause(until: 9_000_000_000, now: 2_000_000_000)
    let whilePaused = slow.takeSpare(now: 3_000_000_000)
    #expect(!whilePaused)
  }
}
