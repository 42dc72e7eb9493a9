/// A channel that tells its customers when what they come for is ready. That they have it, `markShipped` tells.
public protocol PickupTelling: ChannelAdapter {
  /// Tells the channel that an order for pickup waits at the counter. Telling it twice is a success.
  func markReady(_ notice: ReadyNotice, api: ChannelAPI) async throws(ChannelError)
}

public struct ReadyNotice: Sendable, Equatable {
  public var orderExternalID: String

  public init(orderExternalID: String) {
    self.orderExternalID = orderExternalID
  }
}
