/// A page of orders that have changed, as the events that would have told of them.
public struct OrderChanges: Sendable, Equatable {
  /// In the order of their changes.
  public var events: [ChannelEvent]
  /// Nil at the end.
  public var nextCursor: String?

  public init(events: [ChannelEvent], nextCursor: String?) {
    self.events = events
    self.nextCursor = nextCursor
  }
}
