public import Primitives

/// A page of orders that have changed, as the events that would have told of them.
public struct OrderChanges: Sendable, Equatable {
  /// In the order of their changes.
  public var events: [ChannelEvent]
  /// Nil at the end.
  public var nextCursor: String?
  /// What the page says of an order, by its event's key, where that is all that matters for stock: an order that is known
  /// like this at the same moment needs no fetch.
  public var states: [String: ChannelOrder.State]
  /// How many units of an order the page has as not cancelled, by its event's key, on a channel where the order's time does
  /// not move with them: one that is known with other units is fetched.
  public var openCounts: [String: Quantity]

  public init(
    events: [ChannelEvent], nextCursor: String?, states: [String: ChannelOrder.State] = [:],
    openCounts: [String: Quantity] = [:]
  ) {
    self.events = events
    self.nextCursor = nextCursor
    self.states = states
    self.openCounts = openCounts
  }
}
