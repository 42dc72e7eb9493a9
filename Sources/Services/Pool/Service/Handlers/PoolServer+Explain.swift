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
    if let time = request.time {
      let past = try await past(of: sku, on: [channel], at: time, context)
      return view.read { state in
        let explanation = Explanation(of: past.sku, on: channel, listing: listing, in: past)
        return ExplainAvailabilityResponse(explanation, sequence: past.sequence, state)
      }
    }
    let index = try view.read { try $0.index(of: sku) }
    var holders = view.read { Holders(of: index, $0) }
    while holders.isLong { view.read { holders.advance($0) } }
    var response = view.read { state in
      // Where a look at all of them is short, they are told as they are at this very moment.
      if !holders.isBegun { holders = Holders(of: index, state) }
      while !holders.isFinished { holders.advance(state) }
      if let parts = state.bundles.components(of: index) {
        return state.explanation(ofBundle: index, parts, on: channel, listing: listing)
      }
      let explanation = Explanation(of: index, on: channel, listing: listing, in: state)
      return ExplainAvailabilityResponse(
        explanation, incoming: state.incomingMessages(of: index), sequence: state.sequence, state)
    }
    response.add(holders.messages)
    return response
  }
}

extension ExplainAvailabilityResponse {
  init(
    _ explanation: Explanation, incoming: [PoolAPI.Incoming] = [], sequence: Int64,
    _ names: some Names
  ) {
    self.init(
      availableToSellCount: explanation.availableToSell,
      terms: explanation.terms.map {
        Term(
          name: $0.name, deltaCount: $0.delta, runningCount: $0.running, explanation: $0.words)
      },
      rules: explanation.rules.map {
        Rule(buffer: PoolAPI.Buffer($0.rule, names), won: $0.won, explanation: $0.words)
      },
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
      incoming: incoming)
  }

  /// - Parameter all: the holders, the oldest first.
  fileprivate mutating func add(_ all: [Holder]) {
    let allOwners = Self.owners(all)
    holders = Array(all.prefix(Limits.explainedHolds))
    owners = Array(allOwners.prefix(Limits.explainedOwners))
    holdCount = Int64(all.count)
    ownerCount = Int64(allOwners.count)
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
