public import Primitives

/// A channel whose changed orders can be asked for: what makes up for events that never came.
public protocol OrderPolling: ChannelAdapter {
  /// A page of the orders that changed at `since` or later, as the events that would have told of them, in the order
  /// of their changes; `cursor` is nil for the first.
  func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges
}
