internal import Primitives

extension Pool {
  func create(_ command: CreateHold) throws(PoolError) -> Reply {
    var lines: [Wanted] = []
    for (number, line) in command.lines.enumerated() {
      lines += components(of: try wanted(line, line.quantity, number: number))
    }
    if let known = holds[command.holdID] {
      guard isSame(known, command, lines) else { throw .holdExists(command.holdID) }
      return .hold(known, [])
    }
    guard command.expireTime > now, command.expireTime <= now + Limits.holdSpan else {
      throw .expiryOutOfRange(command.expireTime, now: now)
    }
    let bound: Bound = command.channelID.map { .shown(on: $0) } ?? .available
    let taken = try plan(
      lines, bound: bound, channel: command.channelID, zone: command.zone)
    post(
      LedgerEntry(
        holdID: command.holdID, channelID: command.channelID, owner: command.owner,
        expireTime: command.expireTime, actor: command.owner,
        movements: taken.map { Movement(.held, lines[$0.line].sku, $0.location, $0.quantity) }))
    return .hold(hold(command.holdID), [])
  }

  func commit(_ command: CommitHold) throws(PoolError) -> Reply {
    guard let known = holds[command.holdID] else { return try repeated(command) }
    guard try known.canFinish(as: .committed, at: now) else {
      // The units of a hold go to one order.
      guard known.orderID == command.orderID else { throw .holdEnded(known.id, .committed) }
      return .hold(known, linesOf(known, in: command.orderID))
    }
    if let sale = sales[command.orderID] {
      for number in 1...known.lines.count where sale.line("\(number)") != nil {
        throw .lineConflict(command.orderID, "\(number)")
      }
    }
    post(
      LedgerEntry(
        orderID: command.orderID, holdID: known.id, channelID: command.channelID,
        cause: command.cause,
        movements: known.lines.enumerated().map { number, line in
          Movement(.committed, line.sku, line.location, line.quantity, lineID: "\(number + 1)")
        }))
    let hold = hold(known.id)
    return .hold(hold, linesOf(hold, in: command.orderID))
  }

  /// Answers a commit whose hold is forgotten from the sale that it became.
  private func repeated(_ command: CommitHold) throws(PoolError) -> Reply {
    guard let sale = sales[command.orderID], let source = sale.source,
      source.holdID == command.holdID
    else { throw .holdUnknown(command.holdID) }
    let lines = (1...source.lineCount).compactMap { sale.line("\($0)") }
    return .formerHold(source.holdID, sale.orderID, lines)
  }

  func release(_ id: HoldID) throws(PoolError) -> Reply {
    guard let known = holds[id] else { throw .holdUnknown(id) }
    guard try known.canFinish(as: .released, at: now) else { return .hold(known, []) }
    post(
      LedgerEntry(
        holdID: id,
        movements: known.lines.map { Movement(.released, $0.sku, $0.location, $0.quantity) }))
    return .hold(hold(id), [])
  }

  private func hold(_ id: HoldID) -> Hold {
    guard let hold = holds[id] else { preconditionFailure("hold \(id) was just written") }
    return hold
  }

  private func linesOf(_ hold: Hold, in order: OrderID) -> [SaleLine] {
    guard let sale = sales[order] else { return [] }
    return hold.lines.indices.compactMap { sale.line("\($0 + 1)") }
  }

  /// Whether a hold is what the command would have made: the command comes a second time.
  private func isSame(_ hold: Hold, _ command: CreateHold, _ lines: [Wanted]) -> Bool {
    guard hold.owner == command.owner, hold.expireTime == command.expireTime else { return false }
    var left: [SKUIndex: Quantity] = [:]
    for line in hold.lines { left[line.sku, default: 0] += line.quantity }
    for line in lines { left[line.sku, default: 0] -= line.quantity }
    guard left.values.allSatisfy({ $0 == 0 }) else { return false }
    return lines.allSatisfy { line in
      guard let location = line.location else { return true }
      let wanted = lines.reduce(Quantity(0)) {
        $1.sku == line.sku && $1.location == location ? $0 + $1.quantity : $0
      }
      let there = hold.lines.reduce(Quantity(0)) {
        $1.sku == line.sku && $1.location == location ? $0 + $1.quantity : $0
      }
      return there >= wanted
    }
  }
}
