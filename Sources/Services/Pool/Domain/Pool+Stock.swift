internal import Primitives

extension Pool {
  func receive(_ command: ReceiveStock) throws(PoolError) -> Reply {
    let places = try places(command.lines)
    post(
      LedgerEntry(
        actor: command.actor, cause: command.cause,
        movements: places.map { Movement(.received, $0.sku, $0.location, $0.quantity) }))
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  func adjust(_ command: AdjustStock) throws(PoolError) -> Reply {
    let places = try places(command.lines)
    for (place, net) in netted(places) {
      let onHand = balance(place.sku, place.location).onHand
      guard net >= 0 || onHand + net >= 0 else {
        throw shortage(place, .onHand, present: onHand, requested: -net)
      }
    }
    // What was found goes first: so no step on the way has less than nothing.
    let found = places.filter { $0.quantity > 0 }
    let lost = places.filter { $0.quantity < 0 }
    post(
      LedgerEntry(
        reason: command.reason, actor: command.actor,
        movements: found.map { Movement(.found, $0.sku, $0.location, $0.quantity) }
          + lost.map { Movement(.lost, $0.sku, $0.location, -$0.quantity) }))
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  func resolve(_ command: ResolveUnavailable) throws(PoolError) -> Reply {
    let places = try places(command.lines)
    for (place, net) in netted(places) {
      let unavailable = balance(place.sku, place.location).unavailable
      guard net <= unavailable else {
        throw shortage(place, .unavailable, present: unavailable, requested: net)
      }
    }
    let kind: Movement.Kind =
      switch command.outcome {
      case .cleared: .cleared
      case .scrapped: .scrapped
      }
    post(
      LedgerEntry(
        reason: command.reason, actor: command.actor,
        movements: places.map { Movement(kind, $0.sku, $0.location, $0.quantity) }))
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  func takeBack(_ command: ReturnStock) throws(PoolError) -> Reply {
    let places = try places(command.lines.map(\.stock))
    let movements = zip(places, command.lines).map { place, line in
      let kind: Movement.Kind =
        switch line.disposition {
        case .restock: .restocked
        case .quarantine: .quarantined
        case .writeOff: .writtenOff
        }
      return Movement(kind, place.sku, place.location, place.quantity, lineID: line.lineID)
    }
    post(
      LedgerEntry(
        orderID: command.orderID, actor: command.actor, cause: command.returnID.text,
        movements: movements))
    return .balances(places.map { balance($0.sku, $0.location) })
  }

  /// A line whose names were looked up.
  private func places(_ lines: [StockLine]) throws(PoolError) -> [Hold.Line] {
    var found: [Hold.Line] = []
    found.reserveCapacity(lines.count)
    for line in lines {
      found.append(
        Hold.Line(
          sku: try catalog.index(line.sku), location: try catalog.index(line.location),
          quantity: line.quantity))
    }
    return found
  }

  /// The sums of the lines by SKU and location, in the order in which each first comes.
  private func netted(_ lines: [Hold.Line]) -> [(place: Hold.Line, net: Quantity)] {
    struct Key: Hashable {
      var sku: SKUIndex
      var location: LocationIndex
    }
    var sums: [Key: Quantity] = [:]
    var order: [Hold.Line] = []
    for line in lines {
      let key = Key(sku: line.sku, location: line.location)
      if sums[key] == nil { order.append(line) }
      sums[key, default: 0] += line.quantity
    }
    return order.map { ($0, sums[Key(sku: $0.sku, location: $0.location)] ?? 0) }
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
