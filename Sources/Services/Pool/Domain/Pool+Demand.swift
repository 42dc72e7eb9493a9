internal import Primitives

extension Pool {
  /// A line of a sale or hold whose names were looked up.
  struct Wanted {
    var sku: SKUIndex
    var location: LocationIndex?
    var quantity: Quantity
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

  /// - Parameter number: of the line in its request, from 0.
  func wanted(
    _ line: DemandLine, _ quantity: Quantity, number: Int
  ) throws(PoolError) -> Wanted {
    let sku = try catalog.index(line.sku, line: number)
    var location: LocationIndex?
    if let text = line.location { location = try catalog.index(text, line: number) }
    return Wanted(sku: sku, location: location, quantity: quantity)
  }

  /// Says where the units of all lines come from, counting lines of one SKU together (peers T2):
  /// each line sees what the lines before it have taken. Changes nothing.
  ///
  /// A line has stock behind it as far as units are available of its SKU in all, and at its
  /// location if it names one. Lines that name a location are placed first, since the others can go
  /// anywhere.
  func plan(_ lines: [Wanted], bound: Bound) throws(PoolError) -> [Taken] {
    var taken: [Taken] = []
    taken.reserveCapacity(lines.count)
    for part in lent.parts {
      guard let place = findBalance(part.sku, part.location) else { continue }
      // What is owed to others does not come out of what an owner had set aside.
      if wantedOfBalance[place] == 0 { wantedOfBalance[place] = min(0, balances[place].available) }
      wantedOfBalance[place] -= part.quantity
    }
    defer { forget(lines, taken) }
    if lines.count == 1 {
      try place(0, lines, bound, into: &taken)
      return taken
    }
    var isMixed = false
    for line in lines.indices where lines[line].location != nil {
      try place(line, lines, bound, into: &taken)
      isMixed = true
    }
    for line in lines.indices where lines[line].location == nil {
      try place(line, lines, bound, into: &taken)
    }
    // The sort is stable in effect: takings of one line keep their order of rank.
    guard isMixed else { return taken }
    return taken.enumerated().sorted {
      ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
    }.map(\.element)
  }

  private func place(
    _ line: Int, _ lines: [Wanted], _ bound: Bound, into taken: inout [Taken]
  ) throws(PoolError) {
    let wanted = lines[line]
    let sku = wanted.sku
    var free = limit(sku, bound) - wantedOfSKU[sku.int]
    let named = wanted.location.map { findBalance(sku, $0) }
    if let named { free = min(free, named.map(freeUnits) ?? 0) }
    let oversold = max(0, wanted.quantity - max(0, free))
    if oversold > 0, bound != .none { throw shortage(line, lines, bound) }
    if let location = wanted.location {
      if let balance = named ?? nil { wantedOfBalance[balance] += wanted.quantity }
      taken.append(
        Taken(line: line, location: location, quantity: wanted.quantity, oversold: oversold))
    } else {
      try spread(line, wanted, oversold: oversold, into: &taken)
    }
    wantedOfSKU[sku.int] += wanted.quantity
  }

  /// Takes a line's units from the lowest rank that has some, then the next; what no location has
  /// is taken at the SKU's first one.
  private func spread(
    _ line: Int, _ wanted: Wanted, oversold: Quantity, into taken: inout [Taken]
  ) throws(PoolError) {
    let start = taken.count
    var left = wanted.quantity
    let first = stocks[wanted.sku.int].firstBalance
    var place = first
    while place >= 0, left > 0 {
      let quantity = min(left, freeUnits(Int(place)))
      if quantity > 0 {
        wantedOfBalance[Int(place)] += quantity
        left -= quantity
        taken.append(
          Taken(
            line: line, location: balances[Int(place)].location, quantity: quantity, oversold: 0))
      }
      place = nextBalance[Int(place)]
    }
    if left > 0 {
      if first >= 0 { wantedOfBalance[Int(first)] += left }
      let known = first >= 0 ? balances[Int(first)].location : catalog.ranked.first
      guard let location = known else { throw .locationUnknown(nil) }
      if taken.count > start, taken[start].location == location {
        taken[start].quantity += left
      } else {
        taken.append(Taken(line: line, location: location, quantity: left, oversold: 0))
      }
    }
    markOversold(&taken[start...], oversold)
  }

  private func markOversold(_ taken: inout ArraySlice<Taken>, _ oversold: Quantity) {
    var left = oversold
    for index in taken.indices.reversed() where left > 0 {
      taken[index].oversold = min(left, taken[index].quantity)
      left -= taken[index].oversold
    }
    precondition(left == 0, "no more units are oversold than are sold")
  }

  private func freeUnits(_ balance: Int) -> Quantity {
    max(0, balances[balance].available - wantedOfBalance[balance])
  }

  /// - Parameter more: units that would be available beside those that are, and those that are lent.
  func limit(_ sku: SKUIndex, _ bound: Bound, more: Quantity = 0) -> Quantity {
    let available = Lent.sum(stocks[sku.int].available, lent.quantity(of: sku) + more)
    guard case .shown(let channel) = bound else { return available }
    return buffers.availableToSell(of: sku, on: channel, available: available)
  }

  private func shortage(_ line: Int, _ lines: [Wanted], _ bound: Bound) -> PoolError {
    let sku = lines[line].sku
    var present = limit(sku, bound)
    var place: LocationID?
    var requested: Quantity = 0
    for other in lines where other.sku == sku { requested += other.quantity }
    if requested <= present, let location = lines[line].location {
      // All of the SKU would do: it is the place that is short.
      present = Lent.sum(
        balance(sku, location).available, lent.quantity(of: sku, at: location))
      place = catalog.location(location)
      requested = 0
      for other in lines where other.sku == sku && other.location == location {
        requested += other.quantity
      }
    }
    var shortage = PoolError.Shortage(
      sku: catalog.sku(sku), location: place, measure: .available, present: present,
      requested: requested)
    shortage.holders = holders(of: sku)
    return .insufficientStock(shortage)
  }

  private func holders(of sku: SKUIndex) -> [PoolError.Holder] {
    holdIndex.holders(of: sku, in: holds).compactMap { holds[$0] }
      .sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }
      .map {
        PoolError.Holder(
          holdID: $0.id, owner: $0.owner, quantity: $0.quantity(of: sku), expireTime: $0.expireTime)
      }
  }

  private func forget(_ lines: [Wanted], _ taken: [Taken]) {
    for line in lines {
      wantedOfSKU[line.sku.int] = 0
      var place = stocks[line.sku.int].firstBalance
      while place >= 0 {
        wantedOfBalance[Int(place)] = 0
        place = nextBalance[Int(place)]
      }
    }
  }
}
