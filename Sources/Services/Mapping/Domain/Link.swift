public import Primitives

/// A SKU and how many units of it.
public struct Component: Hashable, Sendable {
  public var sku: SKU
  public var quantity: Quantity

  public init(sku: SKU, quantity: Quantity) {
    self.sku = sku
    self.quantity = quantity
  }
}

/// What one sold unit of a listing takes from the pool.
public struct Link: Equatable, Sendable {
  /// How it came about.
  public enum Origin: String, CaseIterable, Sendable {
    case manual
    case exactSKU = "exact_sku"
  }

  /// Each SKU once.
  public let components: [Component]
  public let origin: Origin
  /// Who set it; empty when nobody said.
  public let actor: String
  public let startTime: Timestamp
  public internal(set) var endTime: Timestamp?

  public init(
    components: [Component], origin: Origin, actor: String, startTime: Timestamp,
    endTime: Timestamp? = nil
  ) {
    precondition(!components.isEmpty, "a link takes something")
    self.components = components
    self.origin = origin
    self.actor = actor
    self.startTime = startTime
    self.endTime = endTime
  }

  /// Whether it takes the same as `other`, in whatever order they are named.
  public func takes(_ other: [Component]) -> Bool {
    components.count == other.count && Set(components) == Set(other)
  }
}
