internal import Primitives

/// Where the units of a line without a location come from.
extension Pool {
  /// Takes a line's units from the channel's first choice that has some, then the next; what no
  /// location has is taken at the first one.
  func spread(
    _ line: Int, _ wanted: Wanted, _ claim: Claim, oversold: Quantity,
    into taken: inout ShortList<Taken>
  ) throws(PoolError) {
    let start = taken.count
    if let sourcing = claim.sourcing {
      try spread(line, wanted, sourcing, claim.zone, into: &taken)
    } else {
      try spreadByRank(line, wanted, into: &taken)
    }
    markOversold(&taken, from: start, oversold)
  }

  /// Every location feeds the channel: no list is made of them.
  private func spreadByRank(
    _ line: Int, _ wanted: Wanted, into taken: inout ShortList<Taken>
  ) throws(PoolError) {
    let start = taken.count
    var left = wanted.quantity
    let first = stocks[wanted.sku.int].firstBalance
    var place = first
    while place >= 0, left > 0 {
      left -= take(line, left, at: Int(place), into: &taken)
      place = nextBalance[Int(place)]
    }
    guard left > 0 else { return }
    let known = first >= 0 ? balances[Int(first)].location : catalog.ranked.first
    guard let location = known else { throw .locationUnknown(nil) }
    takeMissing(line, wanted.sku, left, at: location, after: start, into: &taken)
  }

  private func spread(
    _ line: Int, _ wanted: Wanted, _ sourcing: Sourcing, _ zone: Zone?,
    into taken: inout ShortList<Taken>
  ) throws(PoolError) {
    let start = taken.count
    let places = choices(wanted.sku, sourcing, zone)
    let free = places.map(freeUnits)
    var left = wanted.quantity
    for place in places where left > 0 { left -= take(line, left, at: place, into: &taken) }
    if left > 0 {
      let known =
        places.first.map { balances[$0].location }
        ?? firstChoice(sourcing, zone) ?? catalog.ranked.first
      guard let location = known else { throw .locationUnknown(nil) }
      takeMissing(line, wanted.sku, left, at: location, after: start, into: &taken)
    }
    explain(line, wanted.sku, sourcing, Array(zip(places, free)), taken[start...])
  }

  /// - Returns: the units that were taken there.
  private func take(
    _ line: Int, _ wanted: Quantity, at balance: Int, into taken: inout ShortList<Taken>
  ) -> Quantity {
    let quantity = min(wanted, freeUnits(balance))
    guard quantity > 0 else { return 0 }
    wantedOfBalance.add(quantity, to: balance)
    taken.append(
      Taken(line: line, location: balances[balance].location, quantity: quantity, oversold: 0))
    return quantity
  }

  /// Takes what no location has.
  private func takeMissing(
    _ line: Int, _ sku: SKUIndex, _ quantity: Quantity, at location: LocationIndex,
    after start: Int, into taken: inout ShortList<Taken>
  ) {
    want(quantity, of: sku, at: location, balance: findBalance(sku, location))
    if taken.count > start, taken[start].location == location {
      taken[start].quantity += quantity
    } else {
      taken.append(Taken(line: line, location: location, quantity: quantity, oversold: 0))
    }
  }

  // MARK: Choice

  /// The SKU's balances at locations that feed a channel, first choice first.
  private func choices(_ sku: SKUIndex, _ sourcing: Sourcing, _ zone: Zone?) -> [Int] {
    var found: [Int] = []
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      if sourcing.isFed(by: balances[Int(place)].location) { found.append(Int(place)) }
      place = nextBalance[Int(place)]
    }
    return found.sorted {
      order($0, sourcing, zone).lexicographicallyPrecedes(order($1, sourcing, zone))
    }
  }

  private func order(_ balance: Int, _ sourcing: Sourcing, _ zone: Zone?) -> [Int] {
    let location = balances[balance].location
    let free = sourcing.strategy == .mostStock ? -Int(freeUnits(balance)) : 0
    return [free] + order(location, sourcing, zone)
  }

  private func order(_ location: LocationIndex, _ sourcing: Sourcing, _ zone: Zone?) -> [Int] {
    var distance = 0
    if sourcing.strategy == .nearest, let zone {
      distance = catalog.locations[location.int].traits.distance(to: zone)
    }
    return [distance, sourcing.place(of: location) ?? 0, catalog.rankPlaces[location.int]]
  }

  /// The first choice among all that feed a channel, whatever is there.
  private func firstChoice(_ sourcing: Sourcing, _ zone: Zone?) -> LocationIndex? {
    catalog.ranked.filter(sourcing.isFed).min {
      order($0, sourcing, zone).lexicographicallyPrecedes(order($1, sourcing, zone))
    }
  }

  // MARK: Explanation

  /// Explains a line that names its location, before its units are taken.
  func explainNamed(_ line: Int, _ wanted: Wanted, _ balance: Int?, _ claim: Claim) {
    guard claim.sourcing != nil, placements.count < Limits.explainedLines,
      let location = wanted.location
    else { return }
    var considered = [
      Placement.Considered(
        location: location, free: balance.map(freeUnits) ?? 0, taken: wanted.quantity,
        outcome: .taken)
    ]
    eachPlace(of: wanted.sku) { place in
      let other = balances[place].location
      guard other != location else { return }
      considered.append(
        Placement.Considered(
          location: other, free: freeUnits(place), taken: 0, outcome: .notNamed))
    }
    addPlacement(line, nil, considered)
  }

  /// Says which locations were asked, in which order, and what became of each.
  private func explain(
    _ line: Int, _ sku: SKUIndex, _ sourcing: Sourcing, _ choices: [(place: Int, free: Quantity)],
    _ taken: Slice<ShortList<Taken>>
  ) {
    guard placements.count < Limits.explainedLines else { return }
    func units(_ location: LocationIndex) -> Quantity {
      taken.reduce(0) { $1.location == location ? $0 + $1.quantity : $0 }
    }
    var considered = choices.map { place, free in
      let location = balances[place].location
      let units = units(location)
      return Placement.Considered(
        location: location, free: free, taken: units,
        outcome: units > 0 ? .taken : free > 0 ? .notNeeded : .empty)
    }
    let asked = Set(considered.map(\.location))
    for taking in taken where !asked.contains(taking.location) {
      considered.append(
        Placement.Considered(
          location: taking.location, free: 0, taken: taking.quantity, outcome: .taken))
    }
    eachPlace(of: sku) { place in
      let location = balances[place].location
      guard !sourcing.isFed(by: location) else { return }
      considered.append(
        Placement.Considered(
          location: location, free: freeUnits(place), taken: 0, outcome: .notFeeding))
    }
    addPlacement(line, sourcing.strategy, considered)
  }

  private func addPlacement(
    _ line: Int, _ strategy: Sourcing.Strategy?, _ considered: [Placement.Considered]
  ) {
    let told = considered.prefix(Limits.explainedLocations)
    placements.append(
      Placement(
        line: line, strategy: strategy, considered: Array(told),
        omittedCount: considered.count - told.count))
  }

  private func eachPlace(of sku: SKUIndex, _ body: (Int) -> Void) {
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      body(Int(place))
      place = nextBalance[Int(place)]
    }
  }
}
