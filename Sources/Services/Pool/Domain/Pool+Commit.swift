internal import Primitives

extension Pool {
  func commit(_ command: CommitHold) throws(PoolError) -> Reply {
    guard let known = holds[command.holdID] else { return try repeated(command) }
    let state = known.state(at: now)
    switch state {
    case .held:
      let (part, rest) = try split(known, command.lines)
      try checkNames(part.count, in: command.orderID)
      let taken = allotLate(
        part.map { $0.movement(.committed) }, on: command.channelID ?? known.channelID)
      return commit(known, command, taken, rest: rest.map { $0.movement(.released) })
    case .expired: return try retake(known, command)
    case .committed:
      // The units of a hold go to one order, and no more of them later.
      guard known.orderID == command.orderID, isCommitted(known, command.lines) else {
        throw .holdEnded(known.id, state)
      }
      return .hold(known, linesOf(known, in: command.orderID))
    case .released: throw .holdEnded(known.id, state)
    }
  }

  private func commit(
    _ known: Hold, _ command: CommitHold, _ taken: consuming [Movement], rest: [Movement] = []
  ) -> Reply {
    for number in taken.indices { taken[number].lineID = String(number + 1) }
    taken += rest
    post(
      LedgerEntry(
        sourceTime: command.sourceTime, orderID: command.orderID, holdID: known.id,
        channelID: command.channelID ?? known.channelID, actor: command.actor,
        cause: command.cause, movements: consume taken))
    let hold = hold(known.id)
    let lines = linesOf(hold, in: command.orderID)
    return .hold(consume hold, lines)
  }

  /// An expired hold becomes an order all the same, if its units can be had again: where they were
  /// if the caller had named the place, else anywhere.
  private func retake(_ known: Hold, _ command: CommitHold) throws(PoolError) -> Reply {
    let lines = ShortList(
      try split(known, command.lines).part.map {
        Wanted(sku: $0.sku, location: $0.isPlaced ? $0.location : nil, quantity: $0.quantity)
      })
    let plan: (taken: ShortList<Taken>, lent: Lent)
    do throws(PoolError) {
      plan = try self.plan(
        lines, bound: known.channelID.map { .shown(on: $0) } ?? .available,
        channel: known.channelID, owner: known.owner, besides: known.id)
    } catch {
      guard case .insufficientStock(var shortage) = error else { throw error }
      shortage.expired = known.id
      throw .insufficientStock(shortage)
    }
    try checkMovements(plan.taken.count + plan.lent.parts.count)
    try checkNames(plan.taken.count, in: command.orderID)
    giveUp(plan.lent, to: known.id.text)
    let taken = plan.taken.map {
      Movement(.retaken, lines[$0.line].sku, $0.location, $0.quantity)
    }
    let movements = allot(taken, on: command.channelID ?? known.channelID)
    return commit(known, command, movements)
  }

  /// The lines of a hold are an order's `1`, `2`, …, which it must not have yet.
  private func checkNames(_ count: Int, in order: OrderID) throws(PoolError) {
    guard let place = sales.place(of: order) else { return }
    let taken = sales.read(place) { sale in
      (1...count).first { sale.callersLine(String($0)) != nil }
    }
    if let taken { throw .lineTaken(order, String(taken)) }
  }

  /// The part of a hold's lines that is wanted, in the order of the request, and the rest.
  private func split(
    _ hold: Hold, _ lines: [DemandLine]
  ) throws(PoolError) -> (part: [Hold.Line], rest: [Hold.Line]) {
    guard !lines.isEmpty else { return (hold.lines, []) }
    var rest = hold.lines
    var parts: ShortList<Wanted> = []
    for (number, line) in lines.enumerated() {
      parts += components(of: try wanted(line, line.quantity, number: number), in: hold)
    }
    var taken = [[Hold.Line]](repeating: [], count: parts.count)
    // Lines that name a location go first, since the others can come from anywhere.
    let numbers =
      parts.indices.filter { parts[$0].location != nil }
      + parts.indices.filter { parts[$0].location == nil }
    for number in numbers {
      let wanted = parts[number]
      var left = wanted.quantity
      for place in rest.indices
      where left > 0 && rest[place].sku == wanted.sku
        && (wanted.location == nil || rest[place].location == wanted.location)
      {
        let quantity = min(left, rest[place].quantity)
        guard quantity > 0 else { continue }
        left -= quantity
        var line = rest[place].split(quantity)
        line.isPlaced = line.isPlaced || wanted.location != nil
        taken[number].append(line)
      }
      guard left == 0 else {
        throw .insufficientStock(
          PoolError.Shortage(
            sku: catalog.sku(wanted.sku),
            location: wanted.location.map { catalog.location($0) }, measure: .held,
            present: wanted.quantity - left, requested: wanted.quantity))
      }
    }
    return (taken.flatMap(\.self), rest.filter { $0.quantity > 0 })
  }

  /// Whether the lines are those that were committed; no lines stand for whatever it was.
  private func isCommitted(_ hold: Hold, _ lines: [DemandLine]) -> Bool {
    guard !lines.isEmpty else { return true }
    var parts: ShortList<Wanted> = []
    for (number, line) in lines.enumerated() {
      guard let wanted = try? wanted(line, line.quantity, number: number) else { return false }
      parts += components(of: wanted, in: hold)
    }
    return hold.has(parts)
  }

  /// Answers a commit whose hold is forgotten from the sale that it became.
  private func repeated(_ command: CommitHold) throws(PoolError) -> Reply {
    guard let sale = sales[command.orderID], let source = sale.source,
      source.holdID == command.holdID
    else { throw .holdUnknown(command.holdID) }
    let lines = (1...source.lineCount).compactMap { sale.line(String($0)) }
    return .formerHold(source, sale.orderID, lines)
  }

  private func linesOf(_ hold: Hold, in order: OrderID) -> [SaleLine] {
    guard let place = sales.place(of: order) else { return [] }
    return sales.read(place) { sale in
      hold.lines.indices.compactMap { sale.line(String($0 + 1)) }
    }
  }
}
