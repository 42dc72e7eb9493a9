public import Primitives

/// One SKU of a return.
public struct ReturnOrderLine: Equatable, Sendable {
  public let id: LineID
  public let sku: SKU
  public let quantity: Quantity
  /// The order's line that the units were sold by, when it is known.
  public let orderLineID: LineID?
  /// What became of them; empty until it is decided, then never changed.
  public internal(set) var disposals: [Disposal]

  public init(
    id: LineID, sku: SKU, quantity: Quantity, orderLineID: LineID? = nil,
    disposals: [Disposal] = []
  ) {
    self.id = id
    self.sku = sku
    self.quantity = quantity
    self.orderLineID = orderLineID
    self.disposals = disposals
  }

  public var isDecided: Bool { !disposals.isEmpty }
}
