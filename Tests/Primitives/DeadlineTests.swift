import Primitives
import Testing

/// A deadline comes once, and never when it is `never`.
@Suite struct DeadlineTests {
  @Test func neverDoesNotPass() {
    #expect(!Deadline.never.isPast)
    #expect(Deadline.never.remaining > .seconds(1_000_000_000))
  }

  @Test func whatIsPastHasNothingLeft() {
    let past = Deadline(nanoseconds: 1)
    #expect(past.isPast)
    #expect(past.remaining == .zero)
    #expect(Deadline.after(.seconds(-1)).isPast)
  }

  @Test func whatIsAheadHasSomethingLeft() {
    let ahead = Deadline.after(.seconds(60))
    #expect(!ahead.isPast)
    #expect(ahead.remaining > .seconds(50) && ahead.remaining <= .seconds(60))
    #expect(ahead < Deadline.after(.seconds(120)))
    #expect(ahead < .never)
  }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.max / 1_000_000_000)])
  func aSpanTooLongToCountIsNever(span: Duration) {
    #expect(!Deadline.after(span).isPast)
  }
}
