public import Primitives

/// One SKU of a return.
public struct ReturnOrderLine: Equatable, Sendable {
  public let id: LineID
  public let sku: SKU
  public let quantity: Quantity
  /// The order's line that the units were sold by, when it is known.
  public let orderLineID: LineID?
  /// What became of them; empty until it is decided, then never changed, unless the pool does not take it.
  public internal(set) var disposals: [Disposal]
  /// Why the pool did not take what was decided last, so that it has to be decided again; else empty.
  public internal(set) var refusal: String

  public init(
    id: LineID, sku: SKU, quantity: Quantity, orderLineID: LineID? = nil,
    disposals: [Disposal] = [], refusal: String = ""
  ) {
    self.id = id
    self.sku = sku
    self.quantity = quantity
    self.orderLineID = orderLineID
    self.disposals = disposals
    self.refusal = refusal
  }

  public var isDecided: Bool { !disposals.isEmpty }
}
