import GatewayDomain
import Primitives
import Testing

@Suite struct LearntRateTests {
  private static let second: Int64 = 1_000_000_000

  /// What a channel did in a simulation, all at once wanting calls.
  private struct Run {
    var callCount = 0
    var refusalCount = 0
    var rate: LearntRate
  }

  /// A channel that takes `limit` calls a second and refuses the rest, and an account that wants as many as it may.
  private static func simulate(
    _ configured: Double, limit: (_ second: Int64) -> Double, seconds: Int64
  ) -> Run {
    var rate = LearntRate(configured, isFixed: false, now: 0)
    var bucket = TokenBucket(rate: configured, burst: max(1, configured), now: 0)
    var channel = TokenBucket(rate: limit(0), burst: max(1, limit(0)), now: 0)
    var run = Run(rate: rate)
    var now: Int64 = 0
    while true {
      now += bucket.reserve(now: now)
      guard now < seconds * second else { break }
      let bound = limit(now / second)
      if channel.rate != bound { channel.change(rate: bound, burst: max(1, bound), now: now) }
      if channel.reserve(within: 0, now: now).isTaken {
        run.callCount += 1
        rate.accepted(now: now)
      } else {
        run.refusalCount += 1
        rate.refused(now: now)
        bucket.pause(until: now + second, now: now)
      }
      bucket.change(rate: rate.current, burst: max(1, rate.current), now: now)
    }
    run.rate = rate
    return run
  }

  /// Goal: whatever the channel bears, the account finds it, uses most of it and is seldom refused.
  @Test(arguments: [0.5, 1, 3, 6, 9, 20]) func hiddenLimitIsFound(_ limit: Double) {
    let hours: Int64 = 4
    let run = Self.simulate(10, limit: { _ in limit }, seconds: hours * 3600)
    let possible = min(limit, 10) * Double(hours) * 3600
    #expect(Double(run.callCount) >= possible * 0.8, "\(run.callCount) of \(possible)")
    let allowed = limit >= 10 ? 0 : 20 * Int(hours)
    #expect(run.refusalCount <= allowed, "\(run.refusalCount) refusals in \(hours) h")
    #expect(run.rate.current <= min(10, limit * 1.1) + 0.01)
  }

  /// Goal: a channel that was slow for an hour and bears everything again is used fully within an hour.
  @Test func rateComesBackAfterABadHour() {
    let run = Self.simulate(10, limit: { $0 < 3600 ? 2 : 100 }, seconds: 2 * 3600)
    #expect(run.rate.current == 10)
  }

  @Test func refusalHalvesOnceForCallsThatWentOutTogether() {
    var rate = LearntRate(8, isFixed: false, now: 0)
    for _ in 0..<4 { rate.refused(now: Self.second) }
    #expect(rate.current == 4)
    rate.refused(now: 3 * Self.second)
    #expect(rate.current == 2)
    for number in 4..<100 { rate.refused(now: Int64(number) * 2 * Self.second) }
    #expect(rate.current == rate.floor && rate.floor == 0.1)
    #expect(LearntRate(0.02, isFixed: true, now: 0).floor == 0.02)
  }

  @Test func timeAloneDoesNotRaiseIt() {
    var rate = LearntRate(10, isFixed: false, now: 0)
    rate.refused(now: 0)
    rate.accepted(now: 86_400 * Self.second)
    #expect(rate.current < 7, "one call after a day is one call")
  }

  /// Goal: a channel that tells its bucket is believed, up to what somebody configured, and above what is only documented.
  @Test(arguments: [(false, 50.0), (true, 10.0)]) func toldBucketIsUsed(
    _ isFixed: Bool, _ expected: Double
  ) {
    var rate = LearntRate(10, isFixed: isFixed, now: 0)
    for number in 1...600 {
      let wait = rate.told(cost: 2, left: 90, perSecond: 100)
      rate.accepted(now: Int64(number) * Self.second)
      #expect(wait == 0)
    }
    #expect(abs(rate.current - expected) < 0.01)
    for number in 601...900 {
      _ = rate.told(cost: 50, left: 900, perSecond: 100)
      rate.accepted(now: Int64(number) * Self.second)
    }
    #expect(abs(rate.current - 2) < 0.01, "dearer calls, fewer of them")
    let wait = rate.told(cost: 50, left: 0, perSecond: 100)
    #expect(wait == Self.second)
    for (cost, left, perSecond) in [(0, 1, 1), (1, .nan, 1), (1, 1, 0), (.infinity, 1, 1)]
      as [(Double, Double, Double)]
    {
      let before = rate
      let wait = rate.told(cost: cost, left: left, perSecond: perSecond)
      #expect(wait == 0 && rate == before)
    }
  }

  @Test(
    arguments: [
      (300, 60, 0, 5), (900, 60, 0, 10), (0, 20, 20, 10), (0, 4000, 60, 10), (-1, 5, 0, 10),
      (1, 0, 0, 10),
    ] as [(Int, Double, Int64, Double)])
  func toldWindowIsSpread(_ left: Int, _ reset: Double, _ seconds: Int64, _ expected: Double) {
    var rate = LearntRate(10, isFixed: true, now: 0)
    let wait = rate.told(left: left, untilReset: reset)
    #expect(wait == seconds * Self.second && rate.current == expected)
  }
}
