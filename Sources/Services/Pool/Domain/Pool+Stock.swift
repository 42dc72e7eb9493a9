internal import Primitives

extension Pool {
  func receive(_ command: ReceiveStock) throws(PoolError) -> Reply {
    let places = try places(command.lines)
    var entry = LedgerEntry(
      sourceTime: command.sourceTime, actor: command.actor, cause: command.cause,
      movements: places.map { Movement(.received, $0.sku, $0.location, $0.quantity) })
    var intake = LotIntake()
    for (number, line) in command.lines.enumerated() {
      guard let lot = line.lot else { continue }
      let place = places[number]
      let known = try intake.take(lot, of: place.sku, at: place.location, self)
      entry.details.lots.append(LotUnits(movement: number, tag: known, quantity: line.quantity))
    }
    post(entry)
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  func adjust(_ command: AdjustStock) throws(PoolError) -> Reply {
    let places = try places(command.lines)
    for sum in netted(places) where sum.lost > 0 {
      // Less than nothing may be on hand: what is found makes up for that first, and only what is
      // then there can be lost.
      let onHand = balance(sum.place.sku, sum.place.location).onHand
      guard onHand + sum.net >= 0 else {
        throw shortage(sum.place, .onHand, present: onHand, requested: sum.lost)
      }
    }
    let tags = try lots(of: command, at: places)
    // What was found goes first: so no step on the way has less than nothing. What is lost of no certain lot goes last, so
    // that it leaves the others what they lose.
    let lost = places.indices.filter { places[$0].quantity < 0 }
    let order =
      places.indices.filter { places[$0].quantity > 0 } + lost.filter { tags[$0] != nil }
      + lost.filter { tags[$0] == nil }
    var entry = LedgerEntry(
      sourceTime: command.sourceTime, reason: command.reason, actor: command.actor,
      cause: command.cause)
    for (number, line) in order.enumerated() {
      let place = places[line]
      let units = abs(place.quantity)
      entry.movements.append(
        Movement(place.quantity > 0 ? .found : .lost, place.sku, place.location, units))
      guard let tag = tags[line] else { continue }
      entry.details.lots.append(LotUnits(movement: number, tag: tag, quantity: units))
    }
    try checkMovements(entry.movements)
    entry.details.note = command.note
    post(entry)
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  func resolve(_ command: ResolveUnavailable) throws(PoolError) -> Reply {
    let places = try places(command.lines)
    for sum in netted(places) {
      let unavailable = balance(sum.place.sku, sum.place.location).unavailable
      guard sum.net <= unavailable else {
        throw shortage(sum.place, .unavailable, present: unavailable, requested: sum.net)
      }
    }
    let kind: Movement.Kind =
      switch command.outcome {
      case .cleared: .cleared
      case .scrapped: .scrapped
      }
    post(
      LedgerEntry(
        sourceTime: command.sourceTime, reason: command.reason, actor: command.actor,
        cause: command.cause,
        movements: places.map { Movement(kind, $0.sku, $0.location, $0.quantity) }))
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  func takeBack(_ command: ReturnStock) throws(PoolError) -> Reply {
    try refuseLotsOfBundles(command)
    let lines = try components(of: command)
    let places = try places(lines.map(\.stock))
    var intake = LotIntake()
    var lots: [LotUnits] = []
    for (number, (line, place)) in zip(lines, places).enumerated() {
      guard let tag = line.stock.lot, line.disposition == .restock else { continue }
      let known = try intake.takeBack(tag, of: place.sku, at: place.location, self)
      lots.append(LotUnits(movement: number, tag: known, quantity: place.quantity))
    }
    let movements = zip(places, lines).map { place, line in
      let kind: Movement.Kind =
        switch line.disposition {
        case .restock: .restocked
        case .quarantine: .quarantined
        case .writeOff: .writtenOff
        }
      return Movement(kind, place.sku, place.location, place.quantity, lineID: line.lineID)
    }
    var entry = LedgerEntry(
      sourceTime: command.sourceTime, orderID: command.orderID, reason: command.reason,
      actor: command.actor, cause: command.returnID.text, movements: movements)
    entry.details.lots = lots
    post(entry)
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  /// A line whose names were looked up.
  private func places(_ lines: [StockLine]) throws(PoolError) -> [Hold.Line] {
    var found: [Hold.Line] = []
    found.reserveCapacity(lines.count)
    for (number, line) in lines.enumerated() {
      found.append(
        Hold.Line(
          sku: try stockIndex(line.sku, line: number),
          location: try catalog.index(line.location, line: number), quantity: line.quantity))
    }
    return found
  }

  /// What the lines of one SKU at one location come to.
  private struct Sum {
    var place: Hold.Line
    var net: Quantity = 0
    /// Of the negative lines alone, as a positive number.
    var lost: Quantity = 0
  }

  /// The sums of the lines by SKU and location, in the order in which each first comes.
  private func netted(_ lines: [Hold.Line]) -> [Sum] {
    struct Key: Hashable {
      var sku: SKUIndex
      var location: LocationIndex
    }
    var places: [Key: Int] = [:]
    var sums: [Sum] = []
    for line in lines {
      let key = Key(sku: line.sku, location: line.location)
      let place = places[key] ?? sums.count
      if place == sums.count {
        places[key] = place
        sums.append(Sum(place: line))
      }
      sums[place].net += line.quantity
      sums[place].lost += max(0, -line.quantity)
    }
    return sums
  }

  private func shortage(
    _ place: Hold.Line, _ measure: PoolError.Measure, present: Quantity, requested: Quantity
  ) -> PoolError {
    .insufficientStock(
      PoolError.Shortage(
        sku: catalog.sku(place.sku), location: catalog.location(place.location), measure: measure,
        present: present, requested: requested))
  }
}
