public import Primitives

/// The rules of who may sell what, and what time alone does to them.
extension Pool: AvailabilitySource {
  public func group(of sku: SKUIndex) -> SKUGroup? { catalog.skus.group(at: sku.int) }

  public func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void) {
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      body(balances[Int(place)])
      place = nextBalance[Int(place)]
    }
  }

  public func rateWeight(of sku: SKUIndex) -> Int64 {
    let moment = rateTime
    return rates(of: sku).reduce(0) { $0 + $1.weight(at: moment) }
  }

  /// In the order of the balances.
  public func rates(of sku: SKUIndex) -> [SaleRate] {
    var found: [SaleRate] = []
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      found.append(rates[Int(place)])
      place = nextBalance[Int(place)]
    }
    return found
  }

  // MARK: Setting

  func set(_ command: SetBuffer) throws(PoolError) -> Reply {
    var sku: SKUIndex?
    if let text = command.sku { sku = try catalog.index(text) }
    let buffer = Buffer(
      scope: Buffer.Scope(
        sku: sku, group: command.group, channel: command.channel, listing: command.listing),
      name: command.name, margin: command.margin, least: command.least, most: command.most,
      cap: command.cap, startTime: command.startTime, endTime: command.endTime,
      isLagMeasured: command.isLagMeasured, updateTime: now)
    let known = buffers[buffer.key]
    if let known, known.isSame(as: buffer) { return .buffer(known) }
    if known == nil {
      if buffer.isEmpty { return .buffer(buffer) }
      guard buffers[buffer.scope].count < Limits.buffersInScope else { throw .tooManyBuffers }
    }
    buffers.set(buffer)
    noteSet(buffer)
    rulesChanged()
    noteTurned(buffer.scope)
    return .buffer(buffer)
  }

  func set(_ command: SetSourcing) throws(PoolError) -> Reply {
    guard let strategy = command.strategy else {
      guard sourcings[command.channel] != nil else { return .sourcing(nil) }
      sourcings.remove(command.channel)
      noteRemoved(command.channel)
      noteTurned(SKUIndex?.none)
      return .sourcing(nil)
    }
    var locations: [LocationIndex] = []
    for location in command.locations { locations.append(try catalog.index(location)) }
    let known = sourcings[command.channel]
    if let known, known.strategy == strategy, known.locations == locations {
      return .sourcing(known)
    }
    let sourcing = Sourcing(
      channel: command.channel, strategy: strategy, locations: locations, updateTime: now)
    sourcings.set(sourcing)
    noteSet(sourcing)
    // Another order of the same locations shows no other number.
    if Set(locations) != Set(known?.locations ?? []) { noteTurned(SKUIndex?.none) }
    return .sourcing(sourcing)
  }

  func set(_ command: SetLastUnits) throws(PoolError) -> Reply {
    var sku: SKUIndex?
    if let text = command.sku { sku = try catalog.index(text) }
    let lock = LastUnits(
      scope: LastUnits.Scope(sku: sku, group: command.group), channel: command.channel,
      units: command.units, updateTime: now)
    let known = lastUnits[lock.scope]
    if let known, (known.channel, known.units) == (lock.channel, lock.units) {
      return .lastUnits(known)
    }
    if known == nil, lock.units == 0 { return .lastUnits(lock) }
    lastUnits.set(lock)
    noteSet(lock)
    noteTurned(Buffer.Scope(sku: sku, group: command.group))
    return .lastUnits(lock)
  }

  /// Notes that the numbers of all that a rule is for may be others.
  func noteTurned(_ scope: Buffer.Scope) {
    guard let group = scope.group else { return noteTurned(scope.sku) }
    for record in catalog.skus.all where record.group == group { noteTurned(record.index) }
  }

  // MARK: Time

  /// When something next happens on its own.
  public var nextMoment: Timestamp? {
    var next = nextExpiry
    for case let moment? in [nextRuleMoment, nextPromotionMoment] {
      next = min(next ?? moment, moment)
    }
    if !sellingSKUs.isEmpty {
      let step = now.rateStep + Limits.rateStep
      next = min(next ?? step, step)
    }
    return next
  }

  /// Works out again what depends on the rules and on time.
  func rulesChanged() {
    nextRuleMoment = buffers.nextMoment(after: now)
    guard buffers.followsDemand else { return sellingSKUs.removeAll() }
    guard sellingSKUs.isEmpty else { return }
    let moment = rateTime
    for place in balances.indices where rates[place].weight(at: moment) > 0 {
      sellingSKUs.insert(balances[place].sku)
    }
  }

  /// Notes whose numbers have changed since `before` because time went on.
  func followTime(since before: Timestamp) {
    if let moment = nextRuleMoment, moment <= now {
      for scope in buffers.scopes(turningAfter: before, upTo: now) { noteTurned(scope) }
      nextRuleMoment = buffers.nextMoment(after: now)
    }
    guard !sellingSKUs.isEmpty, before.rateStep < now.rateStep else { return }
    for sku in sellingSKUs.sorted() {
      noteTurned(sku)
      if rateWeight(of: sku) == 0 { sellingSKUs.remove(sku) }
    }
  }
}
