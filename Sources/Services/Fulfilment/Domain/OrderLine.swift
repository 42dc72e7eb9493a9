public import Primitives

/// One SKU of an order.
public struct OrderLine: Equatable, Sendable {
  public let id: LineID
  public let sku: SKU
  /// Units ordered; it only grows.
  public internal(set) var quantity: Quantity
  /// Units of them that were cancelled; it only grows.
  public internal(set) var cancelledCount: Quantity
  /// The channel's line that it came from.
  public let channelLineID: String
  public let title: String

  public init(
    id: LineID, sku: SKU, quantity: Quantity, cancelledCount: Quantity = 0,
    channelLineID: String = "", title: String = ""
  ) {
    precondition(0...quantity ~= cancelledCount, "no more is cancelled than was ordered")
    self.id = id
    self.sku = sku
    self.quantity = quantity
    self.cancelledCount = cancelledCount
    self.channelLineID = channelLineID
    self.title = title
  }

  /// Units that are still to be delivered, or were.
  public var openCount: Quantity { quantity - cancelledCount }
}
