public import Primitives

/// Why the units of a line were taken where they were.
public struct Placement: Hashable, Sendable {
  /// What became of a location that was considered; the numbers are those of the proto.
  public enum Outcome: Int32, CaseIterable, Sendable {
    /// Units are taken there.
    case taken = 1
    /// It has units; those before it had enough.
    case notNeeded
    /// It has none that are free.
    case empty
    /// It does not feed the channel.
    case notFeeding
    /// The line names another.
    case notNamed
  }

  public struct Considered: Hashable, Sendable {
    public var location: LocationIndex
    /// Units that could be taken there before the line took any.
    public var free: Quantity
    public var taken: Quantity
    public var outcome: Outcome
  }

  /// The request's line, from 0.
  public var line: Int
  /// Nil: the line names its location.
  public var strategy: Sourcing.Strategy?
  /// In the order in which they were asked, `Limits.explainedLocations` at most.
  public var considered: [Considered]
  /// Locations that were considered beyond those.
  public var omittedCount: Int
}
