internal import Primitives

extension Pool {
  /// A line of a sale or hold whose names were looked up.
  struct Wanted {
    var sku: SKUIndex
    var location: LocationIndex?
    var quantity: Quantity
    /// Of the line in its request, from 0.
    var number = 0
  }

  /// Units that one line takes at one location.
  struct Taken {
    var line: Int
    var location: LocationIndex
    var quantity: Quantity
    var oversold: Quantity
  }

  /// What a request may take.
  enum Bound: Equatable {
    /// As much as it wants: what is missing is counted as oversold.
    case none
    /// What is available.
    case available
    /// What the channel may show.
    case shown(on: ChannelID)
  }

  /// Who asks for units, and by which rules.
  struct Claim {
    var bound: Bound
    var channel: ChannelID?
    /// The channel's; nil when every location feeds it, by rank.
    var sourcing: Sourcing?
    /// Where the customer is.
    var zone: Zone?
  }

  /// - Parameter number: of the line in its request, from 0.
  func wanted(
    _ line: DemandLine, _ quantity: Quantity, number: Int
  ) throws(PoolError) -> Wanted {
    let sku = try catalog.index(line.sku, line: number)
    var location: LocationIndex?
    if let text = line.location { location = try catalog.index(text, line: number) }
    return Wanted(sku: sku, location: location, quantity: quantity, number: number)
  }

  /// Says where the units of all lines come from, counting lines of one SKU together (peers T2):
  /// each line sees what the lines before it have taken. Changes nothing.
  ///
  /// A line has stock behind it as far as units are available of its SKU at the locations that feed
  /// the channel, and at its location if it names one. Lines that name a location are placed first,
  /// since the others can go anywhere.
  func plan(
    _ lines: ShortList<Wanted>, bound: Bound, channel: ChannelID? = nil, zone: Zone? = nil
  ) throws(PoolError) -> ShortList<Taken> {
    let claim = Claim(
      bound: bound, channel: channel, sourcing: sourcings[channel], zone: zone)
    var taken = ShortList<Taken>()
    taken.reserveCapacity(lines.count)
    defer { forgetWanted() }
    if lines.count == 1 {
      try place(0, lines, claim, into: &taken)
      return taken
    }
    var isMixed = false
    for line in lines.indices where lines[line].location != nil {
      try place(line, lines, claim, into: &taken)
      isMixed = true
    }
    for line in lines.indices where lines[line].location == nil {
      try place(line, lines, claim, into: &taken)
    }
    // The sort is stable in effect: takings of one line keep their order of rank.
    guard isMixed else { return taken }
    placements.sort { $0.line < $1.line }
    return ShortList(
      taken.enumerated().sorted {
        ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
      }.map(\.element))
  }

  private func place(
    _ line: Int, _ lines: ShortList<Wanted>, _ claim: Claim, into taken: inout ShortList<Taken>
  ) throws(PoolError) {
    let wanted = lines[line]
    let sku = wanted.sku
    if let location = wanted.location { try checkServing(location, claim) }
    var free = limit(wanted, claim) - wantedAlready(wanted, claim)
    let named = wanted.location.map { findBalance(sku, $0) }
    if let named { free = min(free, named.map(freeUnits) ?? 0) }
    let oversold = max(0, wanted.quantity - max(0, free))
    if oversold > 0, claim.bound != .none { throw shortage(line, lines, claim) }
    if let location = wanted.location {
      explainNamed(line, wanted, named ?? nil, claim)
      want(wanted.quantity, of: sku, at: location, balance: named ?? nil)
      taken.append(
        Taken(line: line, location: location, quantity: wanted.quantity, oversold: oversold))
    } else {
      try spread(line, wanted, claim, oversold: oversold, into: &taken)
    }
    wantedOfSKU.add(wanted.quantity, to: sku.int)
  }

  /// Notes units that the command at hand wants at a location.
  func want(
    _ quantity: Quantity, of sku: SKUIndex, at location: LocationIndex, balance: Int?
  ) {
    if let balance {
      wantedOfBalance.add(quantity, to: balance)
    } else {
      wantedElsewhere[sku, default: [:]][location, default: 0] += quantity
    }
  }

  /// Counts units as oversold that were taken at last.
  func markOversold(_ taken: inout ShortList<Taken>, from start: Int, _ oversold: Quantity) {
    var left = oversold
    for index in (start..<taken.count).reversed() where left > 0 {
      taken[index].oversold = min(left, taken[index].quantity)
      left -= taken[index].oversold
    }
    precondition(left == 0, "no more units are oversold than are sold")
  }

  func freeUnits(_ balance: Int) -> Quantity {
    max(0, here(balances[balance]) - wantedOfBalance[balance])
  }

  /// A location that does not feed the channel gives it units for collection only, and only if it
  /// offers that; what has been sold has been sold.
  private func checkServing(_ location: LocationIndex, _ claim: Claim) throws(PoolError) {
    guard claim.bound != .none, let sourcing = claim.sourcing, !sourcing.isFed(by: location),
      !catalog.locations[location.int].traits.offersPickup
    else { return }
    throw .locationNotServing(catalog.location(location), sourcing.channel)
  }

  /// Whether a line asks for units that do not count for its channel, at a location that does not
  /// feed it.
  func isApart(_ wanted: Wanted, _ claim: Claim) -> Bool {
    guard let sourcing = claim.sourcing, let location = wanted.location else { return false }
    return !sourcing.isFed(by: location)
  }

  /// The units on which a line may count before any line has taken some.
  func limit(_ wanted: Wanted, _ claim: Claim) -> Quantity {
    lent.isEmpty
      ? limit(wanted, claim, in: self)
      : limit(wanted, claim, in: LentSource(pool: self, lent: lent))
  }

  private func limit(
    _ wanted: Wanted, _ claim: Claim, in source: some AvailabilitySource
  ) -> Quantity {
    let sku = wanted.sku
    let place = isApart(wanted, claim) ? wanted.location : nil
    let present = place.map { here(balance(sku, $0)) }
    if case .shown(let channel) = claim.bound {
      return present.map { source.availableForPickup(sku, on: channel, available: $0) }
        ?? source.availableToSell(sku, on: channel)
    }
    let available = present ?? source.available(sku, on: claim.channel)
    // What has been sold has been sold; who asks first leaves alone what is kept for others.
    return claim.bound == .none
      ? available : source.besideAllotments(sku, on: claim.channel, available, of: available)
  }

  /// What other lines want already of the units on which a line may count.
  private func wantedAlready(_ wanted: Wanted, _ claim: Claim) -> Quantity {
    guard let sourcing = claim.sourcing, !sourcing.isFedByAll, wantedOfSKU[wanted.sku.int] > 0
    else { return wantedOfSKU[wanted.sku.int] }
    let isApart = isApart(wanted, claim)
    func counts(_ location: LocationIndex) -> Bool {
      isApart ? location == wanted.location : sourcing.isFed(by: location)
    }
    var sum: Quantity = 0
    var place = stocks[wanted.sku.int].firstBalance
    while place >= 0 {
      if counts(balances[Int(place)].location) { sum += wantedOfBalance[Int(place)] }
      place = nextBalance[Int(place)]
    }
    for (location, quantity) in wantedElsewhere[wanted.sku] ?? [:] where counts(location) {
      sum += quantity
    }
    return sum
  }

  private func shortage(_ line: Int, _ lines: ShortList<Wanted>, _ claim: Claim) -> PoolError {
    let sku = lines[line].sku
    let isApart = isApart(lines[line], claim)
    var present = limit(lines[line], claim)
    var place = isApart ? lines[line].location.map { catalog.location($0) } : nil
    var requested: Quantity = 0
    for other in lines where other.sku == sku {
      let shares =
        isApart ? other.location == lines[line].location : !self.isApart(other, claim)
      if shares { requested += other.quantity }
    }
    if requested <= present, let location = lines[line].location {
      // All of the SKU would do: it is the place that is short.
      present = here(balance(sku, location))
      place = catalog.location(location)
      requested = 0
      for other in lines where other.sku == sku && other.location == location {
        requested += other.quantity
      }
    }
    var shortage = PoolError.Shortage(
      sku: catalog.sku(sku), location: place, measure: .available, present: present,
      requested: requested)
    let location = place == nil ? nil : lines[line].location
    shortage.holders = holders(of: sku) { other in
      location.map { $0 == other } ?? claim.sourcing?.isFed(by: other) ?? true
    }
    shortage.allotted = allotted(sku, from: claim.channel).prefix(Limits.toldHolders).map(told)
    shortage.restricted = promotions.own(sku, on: claim.channel, at: now).flatMap {
      promotions[$0.promotion].strategy == .restrict ? told($0) : nil
    }
    return .insufficientStock(shortage)
  }

  private func told(_ allotment: Allotment) -> PoolError.Allotted {
    PoolError.Allotted(
      promotionID: promotions[allotment.promotion].id, quantity: allotment.remaining)
  }

  /// Who holds what is not there for the command at hand. What the asker's own holds would give up is not told: it counts as
  /// available already.
  ///
  /// - Parameter counts: whether units at a location would do.
  private func holders(
    of sku: SKUIndex, where counts: (LocationIndex) -> Bool
  ) -> [PoolError.Holder] {
    let lent = lent.quantities(of: sku, where: counts)
    return holdIndex.holders(of: sku, in: holds) { hold in
      hold.quantity(of: sku, where: counts) - (lent[hold.id] ?? 0)
    }
    .sorted { ($0.hold.createTime, $0.hold.id) < ($1.hold.createTime, $1.hold.id) }
    .map { hold, units in
      PoolError.Holder(
        holdID: hold.id, owner: hold.owner, quantity: units, expireTime: hold.expireTime)
    }
  }

  private func forgetWanted() {
    wantedOfBalance.removeAll()
    wantedOfSKU.removeAll()
    if !wantedElsewhere.isEmpty { wantedElsewhere.removeAll() }
  }
}
