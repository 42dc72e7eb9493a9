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
    let now = now
    let instant = request.time.map { min(now, check.instant($0, "time", now: now)) }
    try check.finish()
    if let time = instant {
      let past = try await past(of: sku, on: [channel], at: time, context)
      return view.read { state in
        if let parts = past.bundles.components(of: past.sku) {
          let explanation = BundleExplanation(
            of: past.sku, parts, on: channel, listing: listing, in: past)
          return ExplainAvailabilityResponse(explanation, sequence: past.sequence, state)
        }
        let explanation = Explanation(of: past.sku, on: channel, listing: listing, in: past)
        return ExplainAvailabilityResponse(explanation, sequence: past.sequence, state)
      }
    }
    let index = try view.read { try $0.index(of: sku) }
    func skus(_ state: ReadModel.State) -> [SKUIndex] {
      state.bundles.components(of: index)?.map(\.sku) ?? [index]
    }
    var search = view.readRecords { records, state in HolderSearch(of: skus(state), records) }
    while search.isLong { view.readRecords { records, _ in search.advance(records) } }
    var (response, sourcing) = view.readRecords { records, state in
      search.finish(of: skus(state), records)
      let sourcing = state.sourcings[channel]
      if let parts = state.bundles.components(of: index) {
        let explanation = BundleExplanation(
          of: index, parts, on: channel, listing: listing, in: state)
        return (
          ExplainAvailabilityResponse(explanation, sequence: state.sequence, state), sourcing
        )
      }
      let explanation = Explanation(of: index, on: channel, listing: listing, in: state)
      let incoming = state.incomingMessages(of: index)
      return (
        ExplainAvailabilityResponse(
          explanation, incoming: incoming, sequence: state.sequence, state), sourcing
      )
    }
    response.add(
      search.all.map { $0.messages { sourcing?.isFed(by: $0) ?? true } })
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
      terms: explanation.terms.map { Term($0) },
      rules: explanation.rules.map { Rule($0, names) },
      balances: explanation.balances.map { PoolAPI.Balance($0.rule, names) },
      sequence: sequence,
      locks: explanation.locks.map { Lock($0, names) },
      places: explanation.balances.map { Place($0, names) }, incoming: incoming)
  }

  /// - Parameter all: the holders of the SKU, or of each component of the bundle; the oldest first.
  fileprivate mutating func add(_ all: [[Holder]]) {
    for (number, all) in all.enumerated() {
      let allOwners = Holders.owners(all)
      let owners = Array(allOwners.prefix(Limits.explainedOwners))
      if components.isEmpty {
        holders = Array(all.prefix(Limits.explainedHolds))
        self.owners = owners
        (holdCount, ownerCount) = (Int64(all.count), Int64(allOwners.count))
      } else {
        components[number].holders = Array(all.prefix(Limits.explainedComponentHolds))
        components[number].owners = owners
        components[number].holdCount = Int64(all.count)
        components[number].ownerCount = Int64(allOwners.count)
      }
    }
  }
}

extension ExplainAvailabilityResponse {
  init(_ explanation: BundleExplanation, sequence: Int64, _ names: some Names) {
    self.init(
      availableToSellCount: explanation.availableToSell,
      terms: explanation.terms.map { Term($0) }, rules: explanation.rules.map { Rule($0, names) },
      sequence: sequence, locks: explanation.locks.map { Lock($0, names) },
      components: explanation.components.map { Component($0, names) })
  }
}

extension ExplainAvailabilityResponse.Component {
  fileprivate init(_ component: BundleExplanation.Component, _ names: some Names) {
    let own = component.explanation
    self.init(
      sku: names.name(of: component.part.sku), unitCount: component.part.units,
      availableToSellCount: own.availableToSell, bundleCount: component.bundles,
      binds: component.binds, terms: own.terms.map { .init($0) },
      rules: own.rules.map { .init($0, names) },
      balances: own.balances.map { PoolAPI.Balance($0.rule, names) },
      locks: own.locks.map { .init($0, names) }, places: own.balances.map { .init($0, names) })
  }
}

extension ExplainAvailabilityResponse.Term {
  fileprivate init(_ term: Explanation.Term) {
    self.init(
      name: term.name, deltaCount: term.delta, runningCount: term.running,
      explanation: term.words)
  }
}

extension ExplainAvailabilityResponse.Rule {
  fileprivate init(_ rule: Explanation.Considered<PoolDomain.Buffer>, _ names: some Names) {
    self.init(buffer: PoolAPI.Buffer(rule.rule, names), won: rule.won, explanation: rule.words)
  }
}

extension ExplainAvailabilityResponse.Lock {
  fileprivate init(_ lock: Explanation.Considered<PoolDomain.LastUnits>, _ names: some Names) {
    self.init(
      lastUnits: PoolAPI.LastUnits(lock.rule, names), won: lock.won, explanation: lock.words)
  }
}

extension ExplainAvailabilityResponse.Place {
  fileprivate init(_ balance: Explanation.Considered<PoolDomain.Balance>, _ names: some Names) {
    self.init(
      locationID: names.name(of: balance.rule.location), availableCount: balance.rule.available,
      counts: balance.won, explanation: balance.words)
  }
}
