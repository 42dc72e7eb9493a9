/// The listings of a pass by their places in the order of reading: several calls are under way at once, and one that fails is made
/// again.
public struct PassPlaces: Equatable, Sendable {
  public let count: Int
  /// All from here on were never taken.
  private var next = 0
  /// Taken and given back, in order.
  private var left: [Range<Int>] = []
  private var taken: [Range<Int>] = []

  public init(count: Int) {
    precondition(count >= 0, "a pass has listings or none")
    self.count = count
  }

  /// Whether some are to be read that nobody reads.
  public var hasMore: Bool { !left.isEmpty || next < count }
  /// How many are being read.
  public var takenCount: Int { taken.reduce(0) { $0 + $1.count } }
  /// All before this one are read: a restart goes on here.
  public var readThrough: Int {
    min(next, left.first?.lowerBound ?? count, taken.map(\.lowerBound).min() ?? count)
  }
  public var isFinished: Bool { readThrough == count }

  /// Takes the first that nobody reads, at most `limit` that stand together.
  public mutating func take(_ limit: Int) -> Range<Int>? {
    precondition(limit > 0, "a call reads something")
    guard hasMore else { return nil }
    let all = left.isEmpty ? next..<count : left.removeFirst()
    let own = all.prefix(limit)
    if all.lowerBound == next {
      next = own.upperBound
    } else if own.count < all.count {
      left.insert(own.upperBound..<all.upperBound, at: 0)
    }
    taken.append(own)
    return own
  }

  /// Of a range that was taken, all but the first `kept` are read another time.
  public mutating func giveBack(_ range: Range<Int>, keeping kept: Int = 0) {
    release(range)
    let own = range.prefix(kept)
    if !own.isEmpty { taken.append(own) }
    guard own.count < range.count else { return }
    let rest = own.upperBound..<range.upperBound
    left.insert(rest, at: left.firstIndex { $0.lowerBound > rest.lowerBound } ?? left.count)
  }

  public mutating func finish(_ range: Range<Int>) { release(range) }

  private mutating func release(_ range: Range<Int>) {
    guard let place = taken.firstIndex(of: range) else {
      preconditionFailure("what is given back or read was taken")
    }
    taken.remove(at: place)
  }
}
