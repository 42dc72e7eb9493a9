/// The moment at which somebody stops waiting, on the monotonic clock: no clock change moves it.
public struct Deadline: Hashable, Comparable, Sendable {
  /// Nanoseconds of `CLOCK_MONOTONIC`.
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  public static let never = Deadline(nanoseconds: .max)

  /// `span` from now; `never` when that is too far away to count.
  public static func after(_ span: Duration) -> Deadline {
    let (seconds, fraction) = span.components
    let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (ahead, isTooFar) = whole.addingReportingOverflow(fraction / 1_000_000_000)
    let (sum, isPastTheEnd) = ahead.addingReportingOverflow(monotonicNanoseconds())
    guard !isTooLong, !isTooFar, !isPastTheEnd else {
      return span < .zero ? Deadline(nanoseconds: 0) : .never
    }
    return Deadline(nanoseconds: sum)
  }

  /// What is left of it; zero when it is past.
  public var remaining: Duration {
    guard self != .never else { return .seconds(Int64.max / 1_000_000_000) }
    return .nanoseconds(max(0, nanoseconds - monotonicNanoseconds()))
  }

  public var isPast: Bool { self != .never && isPast(at: monotonicNanoseconds()) }

  /// - Parameter now: nanoseconds of the monotonic clock, for who asks of many at one moment.
  public func isPast(at now: Int64) -> Bool { self != .never && nanoseconds <= now }

  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
