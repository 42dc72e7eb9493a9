import Primitives
import Testing

/// Moments and spans keep their microseconds, before 1970 too.
@Suite struct TimeTests {
  @Test(arguments: [
    (Int64(0), Int64(0), Int32(0)),
    (1_500_000, 1, 500_000_000),
    (-1, -1, 999_999_000),
    (-1_000_000, -1, 0),
    (-1_500_000, -2, 500_000_000),
    (253_402_300_799_999_999, 253_402_300_799, 999_999_000),
  ])
  func secondsRoundTowardsThePast(microseconds: Int64, seconds: Int64, nanoseconds: Int32) {
    let moment = Timestamp(microseconds: microseconds)
    #expect(moment.seconds == seconds)
    #expect(moment.nanoseconds == nanoseconds)
    #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds) == moment)
  }

  @Test func spansAddUp() {
    let start = Timestamp(seconds: 100)
    #expect(start + .milliseconds(1500) == Timestamp(microseconds: 101_500_000))
    #expect((start + .seconds(7)) - start == .seconds(7))
    #expect(start - .seconds(200) == Timestamp(seconds: -100))
    #expect(start < start + .microseconds(1))
  }

  @Test func aDurationHasSecondsAndMicroseconds() {
    #expect(Duration.milliseconds(1500).microseconds == 1_500_000)
    #expect(Duration.milliseconds(1500).inSeconds == 1.5)
    #expect(Duration.nanoseconds(999).microseconds == 0)
  }

  @Test func aManualClockMovesWhenTold() {
    let clock = ManualClock(Timestamp(seconds: 10))
    #expect(clock.now() == Timestamp(seconds: 10))
    clock.advance(by: .seconds(5))
    #expect(clock.now() == Timestamp(seconds: 15))
    clock.set(.zero)
    #expect(clock.now() == .zero)
  }

  @Test func theSystemsClockIsInThisCentury() {
    #expect(SystemClock().now() > Timestamp(seconds: 1_767_225_600))
    #expect(SystemClock().now() < Timestamp(seconds: 4_102_444_800))
  }
}
