internal import Primitives

extension Pool {
  func record(_ command: RecordSale) throws(PoolError) -> Reply {
    let place = sales.place(of: command.orderID)
    let (lines, bundles) = try components(of: command, in: place)
    var fresh = ShortList<Wanted>()
    fresh.reserveCapacity(lines.count)
    for number in lines.indices {
      var quantity = lines[number].quantity
      if let place {
        quantity -= try sales.read(place) { (sale) throws(PoolError) in
          try sold(lines[number], in: sale)
        }
      }
      let wanted = try wanted(lines[number], quantity, number: number)
      guard quantity > 0 else { continue }
      fresh.append(wanted)
    }
    let (taken, lent) = try plan(
      fresh, bound: command.refuseShortage ? .available : .none, channel: command.channelID,
      zone: command.zone, owner: command.owner)
    try checkMovements(taken.count + lent.parts.count)
    giveUp(lent, to: command.orderID.text)
    // The lines that had something new to sell are told by their numbers in the request.
    for place in placements.indices {
      placements[place].line = fresh[placements[place].line].number
    }
    var oversold: Quantity = 0
    var movements: [Movement] = []
    movements.reserveCapacity(taken.count)
    for taking in taken {
      oversold += taking.oversold
      movements.append(
        Movement(
          .sold, fresh[taking.line].sku, taking.location, taking.quantity,
          oversold: taking.oversold, lineID: lines[fresh[taking.line].number].lineID))
    }
    var entry = LedgerEntry(
      sourceTime: command.saleTime, orderID: command.orderID, channelID: command.channelID,
      actor: command.actor, cause: command.cause, movements: allot(movements, on: command.channelID)
    )
    if !bundles.isEmpty { entry.details.bundles = bundles }
    post(consume entry)
    return .sale(self.lines(of: command.orderID, command.lines, \.lineID), oversold: oversold)
  }

  /// How many units of a line its order has already.
  private func sold(_ line: DemandLine, in sale: Sale) throws(PoolError) -> Quantity {
    guard let known = sale.line(line.lineID) else { return 0 }
    guard catalog.sku(known.sku) == line.sku, known.sold <= line.quantity else {
      throw .lineConflict(sale.orderID, known.id)
    }
    return known.sold
  }

  func cancel(_ command: CancelSale) throws(PoolError) -> Reply {
    try settle(
      command.orderID, command.lines,
      LedgerEntry(
        sourceTime: command.sourceTime, orderID: command.orderID, reason: command.reason,
        actor: command.actor, cause: command.cause),
      .cancelled)
  }

  func ship(_ command: ShipSale) throws(PoolError) -> Reply {
    try settle(
      command.orderID, command.lines,
      LedgerEntry(
        sourceTime: command.sourceTime, orderID: command.orderID, actor: command.actor,
        cause: command.cause), .shipped)
  }

  /// Raises each line's total of cancelled or shipped units; a total that is reached already
  /// changes nothing.
  private func settle(
    _ order: OrderID, _ totals: [LineTotal], _ start: LedgerEntry, _ kind: Movement.Kind
  ) throws(PoolError) -> Reply {
    guard let sale = sales[order] else { throw .saleUnknown(order) }
    var entry = start
    for total in try components(of: totals, in: sale, kind) {
      guard let line = sale.line(total.lineID) else { throw .lineUnknown(order, total.lineID) }
      let wanted = total.total - (kind == .shipped ? line.shipped : line.cancelled)
      guard wanted > 0 else { continue }
      guard wanted <= line.open else {
        throw kind == .shipped
          ? .notCommitted(order, line.id, open: line.open)
          : .saleShipped(order, line.id, open: line.open)
      }
      append(line, wanted, kind, to: &entry)
    }
    try checkMovements(entry.movements)
    post(entry)
    return .sale(lines(of: order, totals, \.lineID), oversold: 0)
  }

  /// Ships what was taken first, cancels what was taken last.
  private func append(
    _ line: SaleLine, _ wanted: Quantity, _ kind: Movement.Kind, to entry: inout LedgerEntry
  ) {
    var left = wanted
    let places = line.allocations.indices
    // What was sold out of an allotment goes back to it first, while its promotion runs.
    var back =
      kind == .cancelled
      ? line.allotments.first { promotions[$0.promotion].isActive(at: now) } : nil
    for step in 0..<places.count where left > 0 {
      let allocation = line.allocations[kind == .shipped ? step : places.count - 1 - step]
      let quantity = min(left, allocation.open)
      guard quantity > 0 else { continue }
      left -= quantity
      var use: AllotmentUse?
      if let given = back, given.quantity > 0 {
        use = AllotmentUse(given.promotion, min(given.quantity, quantity))
        back?.quantity -= min(given.quantity, quantity)
      }
      entry.movements.append(
        Movement(
          kind, line.sku, allocation.location, quantity, lineID: line.id, allotment: use))
    }
    precondition(left == 0, "a line's open units are those of its allocations")
  }

  /// What has become of the lines that a request names.
  private func lines<Line>(
    of order: OrderID, _ lines: [Line], _ name: (Line) -> String
  ) -> ShortList<SaleLine> {
    guard let place = sales.place(of: order) else {
      preconditionFailure("order \(order) is known")
    }
    return sales.read(place) { sale in
      var found = ShortList<SaleLine>()
      found.reserveCapacity(lines.count)
      for line in lines {
        guard let line = sale.callersLine(name(line)) else {
          preconditionFailure("line \(name(line)) is known")
        }
        found.append(line)
      }
      return found
    }
  }
}
