public import Primitives

extension AvailabilitySource {
  /// What is available of a SKU over all locations; of a bundle, as many as its components make.
  public func availableUnits(_ sku: SKUIndex) -> Quantity {
    guard !bundles.isEmpty, let parts = bundles.components(of: sku) else { return available(sku) }
    return Bundle.whole(parts) { available($0) }
  }

  /// What a channel may show of a bundle: as many as its components' numbers on that channel make, and of
  /// these what the rules of the bundle's own leave. The rules for all SKUs have counted in the components
  /// already. A bundle has no rate of sale of its own, so a buffer that follows demand hides its least.
  func availableToSell(
    ofBundle sku: SKUIndex, _ parts: [Bundle.Part], on channel: ChannelID?, listing: ListingID?
  ) -> Quantity {
    let whole = Bundle.whole(parts) { availableToSell($0, on: channel) }
    var left = ownBuffer(ofBundle: sku, on: channel, listing: listing)?.left(of: whole) ?? whole
    if let lock = lastUnits.winner(of: sku, group(of: sku)), lock.channel != channel,
      lock.scope != LastUnits.Scope()
    {
      left = min(left, availableUnits(sku) - lock.units)
    }
    return max(0, left)
  }

  /// The buffer of a bundle's own, or of its group.
  public func ownBuffer(
    ofBundle sku: SKUIndex, on channel: ChannelID?, listing: ListingID?
  ) -> Buffer? {
    guard let rule = buffer(of: sku, on: channel, listing: listing),
      rule.scope.sku != nil || rule.scope.group != nil
    else { return nil }
    return rule
  }
}
