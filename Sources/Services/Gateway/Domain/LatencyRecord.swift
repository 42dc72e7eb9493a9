/// How long things took: 32 buckets to each doubling, so a percentile is right within 3 %. The
/// maximum is exact.
public struct LatencyRecord: Equatable, Sendable {
  private static let parts = 32
  private var counts: [UInt32]
  public private(set) var count = 0
  public private(set) var maximum = Duration.zero

  public init() {
    // Up to 2^40 µs, which is 12 days.
    counts = Array(repeating: 0, count: Self.parts * 36 + Self.parts)
  }

  public mutating func add(_ span: Duration) {
    let micros = max(
      0, span.components.seconds * 1_000_000 + span.components.attoseconds / 1_000_000_000_000)
    counts[min(Self.bucket(micros), counts.count - 1)] += 1
    count += 1
    maximum = max(maximum, span)
  }

  public mutating func add(_ other: LatencyRecord) {
    for index in counts.indices { counts[index] += other.counts[index] }
    count += other.count
    maximum = max(maximum, other.maximum)
  }

  /// What a share of all (0 to 1) did not exceed; zero without any.
  public func quantile(_ share: Double) -> Duration {
    guard count > 0 else { return .zero }
    let rank = max(1, Int((share * Double(count)).rounded(.up)))
    var below = 0
    for (index, number) in counts.enumerated() {
      below += Int(number)
      if below >= rank { return min(.microseconds(Self.upperBound(index)), maximum) }
    }
    return maximum
  }

  /// Values below `parts` have a bucket each; above, the five bits behind the leading one choose
  /// it.
  private static func bucket(_ micros: Int64) -> Int {
    guard micros >= parts else { return Int(micros) }
    let exponent = 63 - micros.leadingZeroBitCount
    let shift = exponent - 5
    return parts * (exponent - 4) + Int(micros >> Int64(shift)) - parts
  }

  private static func upperBound(_ bucket: Int) -> Int64 {
    guard bucket >= parts else { return Int64(bucket) }
    let shift = bucket / parts - 1
    let part = Int64(bucket % parts + parts)
    return ((part + 1) << Int64(shift)) - 1
  }
}
