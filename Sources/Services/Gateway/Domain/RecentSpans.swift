/// The last spans of one listing: at most 64 in a byte each, in place, so that many listings take little memory and none of it moves
/// as they are pushed. What is told of them is never too short, and at most 9 % too long.
public struct RecentSpans: Sendable {
  public static let capacity = 64
  private static let unitMicroseconds: Int64 = 100

  /// What a byte stands for, in tenths of a millisecond: each number up to 11, then steps of 9 %, up to five days.
  private static let bounds: [UInt32] = {
    var bounds: [UInt32] = [0]
    while bounds.count < 256 {
      let last = UInt64(bounds[bounds.count - 1])
      bounds.append(UInt32(clamping: max(last + 1, (last * 109 + 99) / 100)))
    }
    return bounds
  }()

  private var spans = InlineArray<64, UInt8>(repeating: 0)
  private var known: UInt8 = 0
  /// Where the next one goes: in place of the oldest, once there are as many as there may be.
  private var next: UInt8 = 0

  public init() {}

  public var count: Int { Int(known) }
  public var maximum: Duration { sorted.last.map(Self.duration) ?? .zero }

  public mutating func add(_ span: Duration) {
    let (seconds, attoseconds) = span.components
    let micros = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    let unit = UInt32(clamping: max(0, micros + Self.unitMicroseconds - 1) / Self.unitMicroseconds)
    spans[Int(next)] = Self.code(unit)
    next = (next + 1) % UInt8(Self.capacity)
    known = min(known + 1, UInt8(Self.capacity))
  }

  /// What a share (0 to 1) of them did not exceed; zero without any.
  public func quantile(_ share: Double) -> Duration {
    guard count > 0 else { return .zero }
    let rank = max(1, Int((share * Double(count)).rounded(.up)))
    return Self.duration(sorted[min(rank, count) - 1])
  }

  private var sorted: [UInt8] { (0..<count).map { spans[$0] }.sorted() }

  /// The least byte that stands for as much.
  private static func code(_ unit: UInt32) -> UInt8 {
    var low = 0
    var high = 255
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < unit { low = middle + 1 } else { high = middle }
    }
    return UInt8(low)
  }

  private static func duration(_ code: UInt8) -> Duration {
    .microseconds(Int64(bounds[Int(code)]) * unitMicroseconds)
  }
}
