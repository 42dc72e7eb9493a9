public import Primitives

/// What a listing may show.
public enum ListingNumber {
  /// The least over its components of what is available to sell, in whole units of the listing,
  /// within 0 and `maximum`.
  ///
  /// - Parameter available: what the listing's channel may show of a SKU; nil when the pool has not
  ///   said.
  /// - Returns: nil when the listing takes nothing from the pool or a component's number is not
  ///   known.
  public static func wanted(
    _ components: some Sequence<SKUAmount>, maximum: Quantity, available: (SKU) -> Quantity?
  ) -> Quantity? {
    var least: Quantity?
    for component in components {
      precondition(component.quantity > 0, "a link takes at least one unit")
      guard let units = available(component.sku) else { return nil }
      let whole = max(0, units) / component.quantity
      least = min(least ?? whole, whole)
    }
    return least.map { min($0, maximum) }
  }
}
