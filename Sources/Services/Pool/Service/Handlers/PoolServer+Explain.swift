internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension PoolServer {
  public func explainAvailability(
    _ request: ExplainAvailabilityRequest, context: ServerContext
  ) async throws -> ExplainAvailabilityResponse {
    var check = RequestCheck()
    let sku = check.identifier(SKU.self, request.sku, "sku")
    let channel = check.identifier(ChannelID.self, request.channelID, "channel_id")
    let listing = check.optionalIdentifier(ListingID.self, request.listingID, "listing_id")
    try check.finish()
    return try view.read { state in
      let index = try state.index(of: sku)
      let explanation = Explanation(of: index, on: channel, listing: listing, in: state)
      return ExplainAvailabilityResponse(
        explanation, holders: state.holders(of: index), sequence: state.sequence, state)
    }
  }
}

extension ExplainAvailabilityResponse {
  init(
    _ explanation: Explanation, holders: [Holder], sequence: Int64, _ names: some Names
  ) {
    let owners = Self.owners(holders)
    self.init(
      availableToSellCount: explanation.availableToSell,
      terms: explanation.terms.map {
        Term(
          name: $0.name, deltaCount: $0.delta, runningCount: $0.running, explanation: $0.words)
      },
      rules: explanation.rules.map {
        Rule(buffer: PoolAPI.Buffer($0.rule, names), won: $0.won, explanation: $0.words)
      },
      holders: Array(holders.prefix(Limits.explainedHolds)),
      balances: explanation.balances.map { PoolAPI.Balance($0.rule, names) },
      sequence: sequence,
      locks: explanation.locks.map {
        Lock(lastUnits: PoolAPI.LastUnits($0.rule, names), won: $0.won, explanation: $0.words)
      },
      places: explanation.balances.map {
        Place(
          locationID: names.name(of: $0.rule.location), availableCount: $0.rule.available,
          counts: $0.won, explanation: $0.words)
      },
      owners: Array(owners.prefix(Limits.explainedOwners)), holdCount: Int64(holders.count),
      ownerCount: Int64(owners.count))
  }

  /// Those with most units first.
  private static func owners(_ holders: [Holder]) -> [Owner] {
    Dictionary(grouping: holders, by: \.owner).map { owner, holds in
      Owner(
        owner: owner, quantity: holds.reduce(0) { $0 + $1.quantity },
        holdCount: Int64(holds.count))
    }.sorted { ($1.quantity, $0.owner) < ($0.quantity, $1.owner) }
  }
}
