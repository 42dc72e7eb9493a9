/// A moment: microseconds since 1970-01-01T00:00:00Z, leap seconds left out, as in Unix time.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    microseconds = seconds * 1_000_000 + Int64(nanoseconds) / 1000
  }

  public static let zero = Timestamp(microseconds: 0)
  /// 9999-12-31T23:59:59.999999Z, the last moment that `google.protobuf.Timestamp` can name.
  public static let distantFuture = Timestamp(microseconds: 253_402_300_799_999_999)

  /// Whole seconds since 1970, rounded towards the past.
  public var seconds: Int64 {
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// What `seconds` leaves out: 0 to 999,999,000.
  public var nanoseconds: Int32 { Int32((microseconds - seconds * 1_000_000) * 1000) }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microseconds < right.microseconds
  }

  public static func + (moment: Timestamp, span: Duration) -> Timestamp {
    Timestamp(microseconds: moment.microseconds + span.microseconds)
  }

  public static func - (moment: Timestamp, span: Duration) -> Timestamp {
    Timestamp(microseconds: moment.microseconds - span.microseconds)
  }

  /// The span from `earlier` to `later`; negative when they are the other way round.
  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .microseconds(later.microseconds - earlier.microseconds)
  }
}

extension Duration {
  /// Whole microseconds, rounded towards zero.
  public var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }

  /// Seconds with their fraction, for printing and metrics.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
