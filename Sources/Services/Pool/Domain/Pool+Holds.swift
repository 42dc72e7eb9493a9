internal import Primitives

extension Pool {
  func create(_ command: CreateHold) throws(PoolError) -> Reply {
    let known = holds[command.holdID]
    let first = known?.asMade
    var lines = ShortList<Wanted>()
    for (number, line) in command.lines.enumerated() {
      lines += components(of: try wanted(line, line.quantity, number: number), in: first)
    }
    if let known, let first {
      // Its end does not count, since a cart asks with a later one each time; `extend` moves it.
      guard first.owner == command.owner, first.channelID == command.channelID, first.has(lines)
      else { throw .holdExists(command.holdID) }
      return .hold(known, [])
    }
    guard command.expireTime > now, command.expireTime <= now + Limits.holdSpan else {
      throw .expiryOutOfRange(command.expireTime, now: now)
    }
    if !bundles.isEmpty { try checkSKUs([], lines, owner: command.owner) }
    let (taken, lent) = try plan(
      lines, bound: bound(command.channelID), channel: command.channelID, zone: command.zone,
      owner: command.owner)
    try checkMovements(taken.count + lent.parts.count)
    try checkCaps(lines, owner: command.owner, lent: lent, isNew: true)
    giveUp(lent, to: command.holdID.text)
    let movements = taken.map { Movement(.held, lines[$0.line].sku, $0.location, $0.quantity) }
    var entry = LedgerEntry(
      holdID: command.holdID, channelID: command.channelID, owner: command.owner,
      expireTime: command.expireTime, actor: command.actor, cause: command.cause,
      movements: allot(movements, on: command.channelID),
      placed: placed(taken, lines))
    if !bundles.isEmpty {
      entry.details.bundles = freshBundles(command.lines.lazy.map(\.sku))
    }
    post(entry)
    return .hold(hold(command.holdID), [])
  }

  /// What a hold with this channel may take.
  private func bound(_ channel: ChannelID?) -> Bound {
    channel.map { .shown(on: $0) } ?? .available
  }

  /// The numbers of those takings whose location was named.
  private func placed(_ taken: ShortList<Taken>, _ lines: ShortList<Wanted>) -> [Int] {
    taken.indices.filter { lines[taken[$0].line].location != nil }
  }

  func release(_ command: ReleaseHold) throws(PoolError) -> Reply {
    let id = command.holdID
    guard let known = holds[id] else { throw .holdUnknown(id) }
    guard try known.canFinish(as: .released, at: now) else { return .hold(known, []) }
    post(
      LedgerEntry(
        holdID: id, reason: command.reason, actor: known.actor(command.actor),
        cause: command.cause, movements: known.lines.map { $0.movement(.released) }))
    return .hold(hold(id), [])
  }

  /// Never shortens: calls that come twice, or in another order, end in the same.
  func extend(_ command: ExtendHold) throws(PoolError) -> Reply {
    let known = try heldHold(command.holdID)
    guard command.expireTime > known.expireTime else { return .hold(known, []) }
    guard command.expireTime <= known.createTime + Limits.holdSpan else {
      throw .expiryOutOfRange(command.expireTime, now: now)
    }
    post(
      LedgerEntry(
        holdID: known.id, expireTime: command.expireTime, actor: known.actor(command.actor),
        cause: command.cause,
        movements: known.lines.map { Movement(.extended, $0.sku, $0.location, $0.quantity) }))
    return .hold(hold(known.id), [])
  }

  func edit(_ command: EditHold) throws(PoolError) -> Reply {
    let known = try heldHold(command.holdID)
    guard command.etag == known.etag else { throw .holdChanged(description(of: known)) }
    let changes = try netted(command.lines, in: known)
    var rest = known.lines
    var given = Lent()
    // Lines that name a location go first, since the others can come from anywhere.
    for isNamed in [true, false] {
      for line in changes where line.quantity < 0 && (line.location != nil) == isNamed {
        try take(line, of: known.id, from: &rest, given: &given)
      }
    }
    let more = ShortList(changes.filter { $0.quantity > 0 })
    try checkSKUs(rest.filter { $0.quantity > 0 }, more, owner: known.owner)
    let (taken, lent) = try plan(
      more, bound: bound(known.channelID), channel: known.channelID, owner: known.owner,
      besides: known.id, given: given)
    // So that what ends the hold later, which nothing refuses, moves no more than that either.
    if !taken.isEmpty {
      try checkMovements(known.lines.count + taken.count + lent.parts.count)
    }
    try checkCaps(more, owner: known.owner, lent: lent, isNew: false)
    let own = lent.parts.filter { $0.holdID == known.id }
    giveUp(Lent(lent.parts.lazy.filter { $0.holdID != known.id }), to: known.id.text)
    let added = taken.map { Movement(.held, more[$0.line].sku, $0.location, $0.quantity) }
    var entry = LedgerEntry(
      holdID: known.id, channelID: known.channelID, actor: known.actor(command.actor),
      cause: command.cause,
      movements: own.map(\.released) + allot(added, on: known.channelID, giving: own),
      placed: placed(taken, more).map { $0 + own.count })
    entry.details.bundles = freshBundles(
      command.lines.lazy.filter { $0.delta > 0 }.map(\.sku), of: known)
    post(entry)
    return .hold(hold(known.id), [])
  }

  /// The deltas of each SKU and location in one; those that come to nothing are left out.
  private func netted(
    _ lines: [EditHold.Line], in hold: Hold
  ) throws(PoolError) -> ShortList<Wanted> {
    var sums = ShortList<Wanted>()
    for (number, line) in lines.enumerated() {
      let wanted = try wanted(
        DemandLine(sku: line.sku, quantity: 0, location: line.location), line.delta, number: number)
      for part in components(of: wanted, in: hold) {
        let place = sums.firstIndex { $0.sku == part.sku && $0.location == part.location }
        if let place {
          sums[place].quantity += part.quantity
        } else {
          sums.append(part)
        }
      }
    }
    return ShortList(sums.filter { $0.quantity != 0 })
  }

  /// Takes units out of a hold's lines, the last line first.
  private func take(
    _ change: Wanted, of id: HoldID, from lines: inout [Hold.Line], given: inout Lent
  ) throws(PoolError) {
    let wanted = -change.quantity
    var left = wanted
    for number in lines.indices.reversed()
    where left > 0 && lines[number].sku == change.sku
      && (change.location == nil || lines[number].location == change.location)
    {
      let quantity = min(left, lines[number].quantity)
      guard quantity > 0 else { continue }
      left -= quantity
      let part = lines[number].split(quantity)
      given.add(
        Lent.Part(
          holdID: id, sku: change.sku, location: part.location, quantity: quantity,
          allotment: part.allotment))
    }
    guard left > 0 else { return }
    throw .insufficientStock(
      PoolError.Shortage(
        sku: catalog.sku(change.sku), location: change.location.map { catalog.location($0) },
        measure: .held, present: wanted - left, requested: wanted))
  }

  /// Refuses a hold of too many SKUs.
  ///
  /// - Parameter known: what it has beside them.
  private func checkSKUs(
    _ known: [Hold.Line], _ more: ShortList<Wanted>, owner: String
  ) throws(PoolError) {
    let present = Set(known.map(\.sku))
    let count = present.union(more.map(\.sku)).count
    guard count > Limits.holdSKUs, count > present.count else { return }
    throw .holdLimit(
      HoldCaps.Excess(
        .skusOfHold, owner: owner, sku: nil, maximum: Quantity(Limits.holdSKUs),
        present: Quantity(present.count), requested: Quantity(count - present.count)))
  }

  /// A hold that has not ended.
  private func heldHold(_ id: HoldID) throws(PoolError) -> Hold {
    guard let known = holds[id] else { throw .holdUnknown(id) }
    let state = known.state(at: now)
    guard state == .held else { throw .holdEnded(id, state) }
    return known
  }

  func hold(_ id: HoldID) -> Hold {
    guard let hold = holds[id] else { preconditionFailure("hold \(id) was just posted") }
    return hold
  }

  private func description(of hold: Hold) -> PoolError.KnownHold {
    PoolError.KnownHold(
      id: hold.id, etag: hold.etag, state: hold.state(at: now), expireTime: hold.expireTime,
      units: hold.lines.prefix(Limits.toldLines).map {
        PoolError.KnownHold.Units(sku: catalog.sku($0.sku), quantity: $0.quantity)
      }, lineCount: hold.lines.count)
  }
}

extension Hold {
  /// The hold with what its first request has asked for, whatever has become of it: so a request that comes a second time
  /// is known.
  var asMade: Hold {
    guard let firstLines else { return self }
    var made = self
    made.lines = firstLines
    guard !bundles.isEmpty else { return made }
    // What it had then as a SKU of its own was no bundle, though one of that name may have come into it since.
    let skus = Set(firstLines.map(\.sku))
    made.bundles.removeAll { skus.contains($0.sku) }
    return made
  }

  /// Whether its units are those that are wanted: as many of each SKU, and where a location is named as many there at
  /// least, since other lines may have come from the same place.
  func has(_ wanted: some Sequence<Pool.Wanted>) -> Bool {
    var left: [SKUIndex: Quantity] = [:]
    var there: [SKUIndex: [LocationIndex: Quantity]] = [:]
    for line in lines { left[line.sku, default: 0] += line.quantity }
    for line in wanted {
      left[line.sku, default: 0] -= line.quantity
      guard let location = line.location else { continue }
      there[line.sku, default: [:]][location, default: 0] -= line.quantity
    }
    guard left.values.allSatisfy({ $0 == 0 }) else { return false }
    guard !there.isEmpty else { return true }
    for line in lines {
      if let missing = there[line.sku]?[line.location] {
        there[line.sku]?[line.location] = missing + line.quantity
      }
    }
    return there.values.allSatisfy { $0.values.allSatisfy { $0 >= 0 } }
  }
}

extension Hold {
  /// Who asks, if somebody is named; else its owner, whom later rows of the ledger do not name.
  fileprivate func actor(_ named: String) -> String { named.isEmpty ? owner : named }
}
