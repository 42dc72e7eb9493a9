/// A page of orders that have changed, as the events that would have told of them.
public struct OrderChanges: Sendable, Equatable {
  /// In the order of their changes.
  public var events: [ChannelEvent]
  /// Nil at the end.
  public var nextCursor: String?
  /// What the page says of an order, by its event's key, where that is all that matters for stock: an order that is known
  /// like this at the same moment needs no fetch.
  public var states: [String: ChannelOrder.State]

  public init(
    events: [ChannelEvent], nextCursor: String?, states: [String: ChannelOrder.State] = [:]
  ) {
    self.events = events
    self.nextCursor = nextCursor
    self.states = states
  }
}
