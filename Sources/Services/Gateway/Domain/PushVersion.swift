/// What a listing's number was worked out from: the pool's sequence, then mapping's. Both only
/// rise.
public struct PushVersion: Hashable, Comparable, Sendable {
  public var pool: Int64
  public var mapping: Int64

  public init(pool: Int64, mapping: Int64 = 0) {
    self.pool = pool
    self.mapping = mapping
  }

  public static let none = PushVersion(pool: 0)

  public static func < (left: PushVersion, right: PushVersion) -> Bool {
    left.pool != right.pool ? left.pool < right.pool : left.mapping < right.mapping
  }
}
