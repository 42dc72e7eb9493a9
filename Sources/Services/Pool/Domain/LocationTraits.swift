public import Primitives

/// What kind of place a location is, and whom it serves.
public struct LocationTraits: Hashable, Sendable {
  /// The numbers are those of the proto.
  public enum Kind: Int32, CaseIterable, Sendable {
    case warehouse = 1
    case store
  }

  public var kind: Kind
  /// The zones that it serves, the nearest first.
  public var zones: [Zone]
  /// Whether customers may collect here what a channel sells that it does not feed.
  public var offersPickup: Bool

  public init(kind: Kind = .warehouse, zones: [Zone] = [], offersPickup: Bool = false) {
    self.kind = kind
    self.zones = zones
    self.offersPickup = offersPickup
  }

  /// How far a zone is: its place among those that are served; beyond all of them when it is none.
  public func distance(to zone: Zone) -> Int { zones.firstIndex(of: zone) ?? Int.max }
}
