public import Primitives

/// A SKU and how many units of it one sold unit of a listing takes.
public struct SKUAmount: Hashable, Sendable {
  public var sku: SKU
  public var quantity: Quantity

  public init(sku: SKU, quantity: Quantity) {
    self.sku = sku
    self.quantity = quantity
  }
}
