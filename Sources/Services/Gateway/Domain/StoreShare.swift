/// How much of the room that the store may take is taken.
public struct StoreShare: Equatable, Sendable {
  /// The most bytes that the store may take; 0 for no bound.
  public var maximumBytes: Int64
  /// The bytes that are to stay free on the disk; 0 for none.
  public var freeBytes: Int64

  public init(maximumBytes: Int64, freeBytes: Int64) {
    self.maximumBytes = maximumBytes
    self.freeBytes = freeBytes
  }

  /// From 0 to 1 and above: 1 at a bound, whichever is nearer.
  ///
  /// - Parameter free: what is free on the disk; nil when nobody knows.
  public func taken(used: Int64, free: Int64?) -> Double {
    var share = maximumBytes > 0 ? Double(used) / Double(maximumBytes) : 0
    if freeBytes > 0, let free {
      share = max(share, free > 0 ? Double(freeBytes) / Double(free) : .infinity)
    }
    return share
  }
}
