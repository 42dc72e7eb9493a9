/// A channel that keeps the events which it could not deliver, of all shops of an app in one queue.
public protocol LostEventQueue: ChannelAdapter {
  /// Whose queue it is: accounts with the same key share it.
  func lostEventsKey(_ account: ChannelAccount) -> String
  /// The earliest of those that nobody has confirmed, of whatever shop.
  func lostEvents(api: ChannelAPI) async throws(ChannelError) -> LostEvents
  /// Has all up to `mark` forgotten: only for who has stored them.
  func confirmLostEvents(through mark: String, api: ChannelAPI) async throws(ChannelError)
}

/// The earliest part of a queue.
public struct LostEvents: Sendable, Equatable {
  /// As they would have come.
  public var bodies: [[UInt8]]
  /// How far it reaches; nil when there is nothing to confirm.
  public var mark: String?
  public var isMore: Bool

  public init(bodies: [[UInt8]], mark: String?, isMore: Bool) {
    self.bodies = bodies
    self.mark = mark
    self.isMore = isMore
  }
}
