public import Primitives

/// What a caller can do wrong, or the world.
public enum FulfilmentError: Error, Equatable, Sendable {
  case orderUnknown(OrderID)
  case lineUnknown(OrderID, LineID)
  /// The ID is taken by an order of another account or channel.
  case orderExists(OrderID)
  /// Lines were added to an order that has left.
  case orderEnded(OrderID, Order.State)
  case stateWrong(OrderID, Order.State)
  /// A known line has another SKU, or more units.
  case lineConflict(OrderID, LineID)
  /// More units are cancelled than were ordered.
  case tooManyUnits(OrderID, LineID, open: Quantity)
  /// The order is to be sent.
  case notForPickup(OrderID)
  /// It is to wait until a moment that has passed.
  case expireTimeOver(OrderID, Timestamp)
  case tooManyLines(OrderID, count: Int)
  case poolUnavailable(OrderID, reason: String)
  case sequenceUnknown(Int64)
}
