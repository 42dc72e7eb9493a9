public import Primitives

/// What a caller can do wrong, or the world.
public enum ReturnsError: Error, Equatable, Sendable {
  case returnUnknown(ReturnID)
  /// The ID is taken by another return.
  case returnExists(ReturnID)
  case orderUnknown(OrderID)
  /// Nothing of the order has left, so nothing can come back.
  case orderNotShipped(OrderID)
  /// The order has no such line, or it is of another SKU.
  case orderLineUnknown(OrderID, LineID)
  /// The return has no such line.
  case lineUnknown(ReturnID, LineID)
  /// More comes back than was sold.
  case tooManyUnits(OrderID, LineID, open: Quantity)
  case stateWrong(ReturnID, ReturnOrder.State)
  /// The line was decided otherwise.
  case lineInspected(ReturnID, LineID)
  /// The pool does not take units back into the lot that the decision names; the line is to be decided again.
  case lotRefused(ReturnID, LineID, reason: String)
  /// A line's disposals do not add up to its quantity; its position in the request.
  case unbalanced([Unbalanced])
  case poolUnavailable(ReturnID, reason: String)
  case locationUnknown(LocationID)
  /// The pool cannot be asked for its locations.
  case locationsUnavailable(LocationID, reason: String)
  case fulfilmentUnavailable(OrderID, reason: String)
  case sequenceUnknown(Int64)

  /// A line whose disposals do not add up.
  public struct Unbalanced: Equatable, Sendable {
    public var position: Int
    public var wanted: Quantity
    public var given: Quantity

    public init(position: Int, wanted: Quantity, given: Quantity) {
      self.position = position
      self.wanted = wanted
      self.given = given
    }
  }
}
