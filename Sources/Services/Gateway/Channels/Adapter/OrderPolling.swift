public import Primitives

/// A channel whose changed orders can be asked for: what makes up for events that never came.
public protocol OrderPolling: ChannelAdapter {
  /// How often it is asked, and how far back each time.
  var polling: PollTraits { get }
  /// A page of the orders that changed at `since` or later, and of the returns where the channel lists them by time, as
  /// the events that would have told of them, in the order of their changes; `cursor` is nil for the first.
  func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges
}

/// How a channel is polled, unless somebody has set it otherwise.
public struct PollTraits: Sendable, Equatable {
  public var interval: Duration
  /// How far a poll begins before the last one: a search may show an order late, and clocks differ.
  public var overlap: Duration

  public init(interval: Duration = .seconds(300), overlap: Duration = .seconds(1800)) {
    self.interval = interval
    self.overlap = overlap
  }
}

extension OrderPolling {
  public var polling: PollTraits { PollTraits() }
}
