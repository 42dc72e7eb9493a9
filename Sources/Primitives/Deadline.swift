/// The moment at which somebody stops waiting, on the monotonic clock: no clock change moves it.
public struct Deadline: Hashable, Comparable, Sendable {
  /// Nanoseconds of `CLOCK_MONOTONIC`.
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  public static let never = Deadline(nanoseconds: .max)

  public static func after(_ span: Duration) -> Deadline {
    let (sum, overflow) = monotonicNanoseconds().addingReportingOverflow(
      span.components.seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue
        + span.components.attoseconds / 1_000_000_000)
    return overflow ? .never : Deadline(nanoseconds: sum)
  }

  /// What is left of it; zero when it is past.
  public var remaining: Duration {
    guard self != .never else { return .seconds(Int64.max / 1_000_000_000) }
    return .nanoseconds(max(0, nanoseconds - monotonicNanoseconds()))
  }

  public var isPast: Bool { self != .never && nanoseconds <= monotonicNanoseconds() }

  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
