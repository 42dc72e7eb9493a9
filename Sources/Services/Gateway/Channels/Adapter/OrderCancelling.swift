public import Primitives

/// A channel that lets the seller cancel what was sold and is not there.
public protocol OrderCancelling: ChannelAdapter {
  /// Cancels an order, or units of it, with a reason that leaves the listing's number alone. Cancelling what is
  /// cancelled is a success.
  func cancelOrder(_ cancellation: OrderCancellation, api: ChannelAPI) async throws(ChannelError)
}

public struct OrderCancellation: Sendable, Equatable {
  public enum Cause: Sendable {
    case outOfStock
    /// The customer did not come for it.
    case notCollected
  }

  public var orderExternalID: String
  /// The order's lines as the channel names them, with how many units of each are to be cancelled in the end, those
  /// that are cancelled already among them; empty for the whole order.
  public var lines: [(lineID: String, quantity: Quantity)]
  public var cause: Cause

  public init(
    orderExternalID: String, lines: [(lineID: String, quantity: Quantity)] = [],
    cause: Cause = .outOfStock
  ) {
    self.orderExternalID = orderExternalID
    self.lines = lines
    self.cause = cause
  }

  public static func == (left: OrderCancellation, right: OrderCancellation) -> Bool {
    left.orderExternalID == right.orderExternalID && left.cause == right.cause
      && left.lines.elementsEqual(right.lines, by: ==)
  }
}
