/// The last spans of one listing, in tenths of a millisecond: at most 64, so that many listings take little memory.
public struct RecentSpans: Equatable, Sendable {
  public static let capacity = 64
  private static let unitMicroseconds: Int64 = 100
  private var spans: [UInt32] = []
  /// Where the next one goes, once there are as many as there may be.
  private var next = 0

  public init() {}

  public var count: Int { spans.count }
  public var maximum: Duration { spans.max().map(Self.duration) ?? .zero }

  public mutating func add(_ span: Duration) {
    let (seconds, attoseconds) = span.components
    let micros = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    let unit = UInt32(clamping: max(0, micros + Self.unitMicroseconds - 1) / Self.unitMicroseconds)
    if spans.count < Self.capacity {
      spans.append(unit)
    } else {
      spans[next] = unit
      next = (next + 1) % Self.capacity
    }
  }

  /// What a share (0 to 1) of them did not exceed; zero without any.
  public func quantile(_ share: Double) -> Duration {
    guard !spans.isEmpty else { return .zero }
    let rank = max(1, Int((share * Double(spans.count)).rounded(.up)))
    return Self.duration(spans.sorted()[min(rank, spans.count) - 1])
  }

  private static func duration(_ unit: UInt32) -> Duration {
    .microseconds(Int64(unit) * unitMicroseconds)
  }
}
