internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension ReadModel.State {
  /// How a channel's number for a bundle comes about.
  func explanation(
    ofBundle sku: SKUIndex, _ parts: [PoolDomain.Bundle.Part], on channel: ChannelID,
    listing: ListingID?
  ) -> ExplainAvailabilityResponse {
    var terms: [ExplainAvailabilityResponse.Term] = []
    var running: Quantity = 0
    for (number, part) in parts.enumerated() {
      let shown = availableToSell(part.sku, on: channel)
      let whole = shown / part.units
      let next = number == 0 ? whole : min(running, whole)
      terms.append(
        .init(
          name: "component", deltaCount: next - running, runningCount: next,
          explanation: "\(name(of: part.sku)): \(shown) to sell, \(part.units) in a bundle"))
      running = next
    }
    let end = availableToSell(sku, on: channel, listing: listing)
    let rule = ownBuffer(ofBundle: sku, on: channel, listing: listing)
    if end != running || rule != nil {
      terms.append(
        .init(
          name: "buffer", deltaCount: end - running, runningCount: end,
          explanation: "the bundle's own rules"))
    }
    return ExplainAvailabilityResponse(
      availableToSellCount: end, terms: terms,
      rules: rule.map {
        [.init(buffer: PoolAPI.Buffer($0, self), won: true, explanation: "the bundle's own rule")]
      } ?? [], sequence: sequence)
  }
}
