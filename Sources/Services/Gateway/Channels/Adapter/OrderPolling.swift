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
  /// How far back it is asked once a day: a search may never have shown an order while it was looked for.
  public var sweepReach: Duration
  /// How coarse the times are that orders changed at: of one tick two changes may look the same. Zero where an event's key
  /// tells any two apart.
  public var tick: Duration

  public init(
    interval: Duration = .seconds(300), overlap: Duration = .seconds(1800),
    sweepReach: Duration = .seconds(7 * 86_400), tick: Duration = .seconds(1)
  ) {
    self.interval = interval
    self.overlap = overlap
    self.sweepReach = sweepReach
    self.tick = tick
  }
}

extension OrderPolling {
  public var polling: PollTraits { PollTraits() }
}
