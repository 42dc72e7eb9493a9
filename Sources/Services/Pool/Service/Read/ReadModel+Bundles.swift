internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension ReadModel.State {
  /// What is available of a SKU; of a bundle, as many as its components make.
  func available(_ sku: SKUIndex) -> Quantity {
    guard let parts = bundles.components(of: sku) else { return stocks[sku.int].available }
    return PoolDomain.Bundle.whole(parts) { stocks[$0.int].available }
  }

  /// What a channel may show of a bundle: as many as its components' numbers on that channel make, and of these what a rule
  /// of the bundle's own leaves. The rules for all SKUs have counted in the components already.
  func availableToSell(
    ofBundle sku: SKUIndex, _ parts: [PoolDomain.Bundle.Part], on channel: ChannelID?
  ) -> Quantity {
    let whole = PoolDomain.Bundle.whole(parts) { part in
      buffers.availableToSell(of: part, on: channel, available: stocks[part.int].available)
    }
    return ownRule(of: sku, on: channel)?.availableToSell(of: whole) ?? whole
  }

  private func ownRule(of sku: SKUIndex, on channel: ChannelID?) -> PoolDomain.Buffer? {
    guard let rule = buffers.winner(of: sku, on: channel), rule.scope.sku != nil else { return nil }
    return rule
  }

  /// How a channel's number for a bundle comes about.
  func explanation(
    ofBundle sku: SKUIndex, _ parts: [PoolDomain.Bundle.Part], on channel: ChannelID
  ) -> ExplainAvailabilityResponse {
    var terms: [ExplainAvailabilityResponse.Term] = []
    var running: Quantity = 0
    for (number, part) in parts.enumerated() {
      let shown = buffers.availableToSell(
        of: part.sku, on: channel, available: stocks[part.sku.int].available)
      let whole = shown / part.units
      let next = number == 0 ? whole : min(running, whole)
      terms.append(
        .init(
          name: "component", deltaCount: next - running, runningCount: next,
          explanation: "\(name(of: part.sku)): \(shown) to sell, \(part.units) in a bundle"))
      running = next
    }
    let end = availableToSell(ofBundle: sku, parts, on: channel)
    let rule = ownRule(of: sku, on: channel)
    if rule != nil {
      terms.append(
        .init(
          name: "buffer", deltaCount: end - running, runningCount: end,
          explanation: "the bundle's own rule"))
    }
    return ExplainAvailabilityResponse(
      availableToSellCount: end, terms: terms,
      rules: rule.map {
        [.init(buffer: PoolAPI.Buffer($0, self), won: true, explanation: "the bundle's own rule")]
      } ?? [], sequence: sequence)
  }
}
