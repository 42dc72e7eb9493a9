internal import Primitives

extension Pool {
  func apply(_ command: PromotionCommand) throws(PoolError) -> Reply {
    let promotion =
      switch command {
      case .set(let command): try set(command)
      case .schedule(let id, let kinds): try schedule(id, accepting: kinds)
      case .topUp(let id, let lines, let kinds): try topUp(id, lines, accepting: kinds)
      case .end(let id): try end(id)
      case .cancel(let id): try cancel(id)
      }
    return .promotion(promotion, promotions.allotments(of: promotion))
  }

  private func known(_ id: PromotionID) throws(PoolError) -> Promotion {
    guard let known = promotions.find(id) else { throw .promotion(.unknown(id)) }
    return known
  }

  private func set(_ command: SetPromotion) throws(PoolError) -> Promotion {
    let lines = try lines(command.lines)
    guard command.endTime > now, command.endTime > command.startTime,
      command.endTime - command.startTime <= Limits.promotionSpan
    else { throw .promotion(.windowOutOfRange(command.id)) }
    guard var promotion = promotions.find(command.id) else {
      guard command.etag.isEmpty else { throw .promotion(.changed(command.id)) }
      guard promotions.promotions.count < Limits.promotions else { throw .promotion(.tooMany) }
      let promotion = Promotion(
        index: PromotionIndex(promotions.promotions.count), id: command.id,
        displayName: command.displayName, channels: command.channels, strategy: command.strategy,
        startTime: command.startTime, endTime: command.endTime, lines: lines, createTime: now,
        updateTime: now)
      keep(promotion)
      return promotion
    }
    guard command.etag.isEmpty || command.etag == promotion.etag else {
      throw .promotion(.changed(command.id))
    }
    let before = promotion
    promotion.displayName = command.displayName
    promotion.channels = command.channels
    promotion.strategy = command.strategy
    promotion.startTime = command.startTime
    promotion.endTime = command.endTime
    promotion.lines = lines
    guard promotion != before else { return before }
    try expect([.draft], of: promotion)
    return change(promotion)
  }

  private func lines(_ lines: [SetPromotion.Line]) throws(PoolError) -> [Promotion.Line] {
    var found: [Promotion.Line] = []
    for (number, line) in lines.enumerated() {
      found.append(
        Promotion.Line(sku: try stockIndex(line.sku, line: number), quantity: line.quantity))
    }
    return found
  }

  private func expect(
    _ states: Set<Promotion.State>, of promotion: Promotion
  ) throws(PoolError) {
    let state = promotion.state(at: now)
    guard states.contains(state) else { throw .promotion(.wrongState(promotion.id, state)) }
  }

  private func schedule(
    _ id: PromotionID, accepting kinds: Set<PromotionClash.Kind>
  ) throws(PoolError) -> Promotion {
    var promotion = try known(id)
    // Asked again, it has been done.
    if promotion.isScheduled, !promotion.isCancelled { return promotion }
    try expect([.draft], of: promotion)
    try refuse(clashes(of: promotion), of: id, accepting: kinds)
    let first = promotions.allotments.count
    promotion.firstAllotment = first
    promotion.isScheduled = true
    for (number, line) in promotion.lines.enumerated() {
      keep(
        Allotment(promotion: promotion.index, sku: line.sku, quantity: line.quantity),
        at: first + number)
    }
    return turn(change(promotion))
  }

  private func topUp(
    _ id: PromotionID, _ more: [SetPromotion.Line], accepting kinds: Set<PromotionClash.Kind>
  ) throws(PoolError) -> Promotion {
    let promotion = try known(id)
    try expect([.scheduled, .active], of: promotion)
    var places: [(place: Int, quantity: Quantity)] = []
    for line in try lines(more) {
      guard let place = promotions.place(of: line.sku, in: promotion.index) else {
        throw .promotion(.lineUnknown(id, catalog.sku(line.sku)))
      }
      places.append((place, line.quantity))
    }
    var wanted: [SKUIndex: Quantity] = [:]
    for (place, quantity) in places {
      wanted[promotions.allotments[place].sku, default: 0] += quantity
    }
    try refuse(clashes(of: promotion, more: wanted), of: id, accepting: kinds)
    for (place, quantity) in places {
      var allotment = promotions.allotments[place]
      allotment.quantity += quantity
      keep(allotment, at: place)
    }
    return turn(change(promotion))
  }

  /// Throws when there is a clash of a kind that is not accepted.
  private func refuse(
    _ clashes: [PromotionClash], of id: PromotionID, accepting kinds: Set<PromotionClash.Kind>
  ) throws(PoolError) {
    let left = clashes.filter { !$0.kind.canBeAccepted || !kinds.contains($0.kind) }
    guard left.isEmpty else {
      let skus = left.map { $0.sku.map { catalog.sku($0) } }
      throw .promotion(.clashes(id, left, skus))
    }
  }

  private func end(_ id: PromotionID) throws(PoolError) -> Promotion {
    var promotion = try known(id)
    if promotion.state(at: now) == .ended { return promotion }
    try expect([.active], of: promotion)
    promotion.endTime = now
    return turn(change(promotion))
  }

  private func cancel(_ id: PromotionID) throws(PoolError) -> Promotion {
    var promotion = try known(id)
    if promotion.isCancelled { return promotion }
    try expect([.draft, .scheduled], of: promotion)
    promotion.isCancelled = true
    return turn(change(promotion))
  }

  private func change(_ promotion: Promotion) -> Promotion {
    var promotion = promotion
    promotion.revision += 1
    promotion.updateTime = now
    keep(promotion)
    return promotion
  }

  /// Notes that the numbers of its SKUs may be others now.
  private func turn(_ promotion: Promotion) -> Promotion {
    promotions.refresh(at: now)
    nextPromotionMoment = promotions.nextMoment(after: now)
    for line in promotion.lines { noteTurned(line.sku) }
    return promotion
  }

  private func keep(_ promotion: Promotion) {
    promotions.put(promotion)
    noteSet(promotion.index)
  }

  private func keep(_ allotment: Allotment, at place: Int) {
    promotions.put(allotment, at: place)
    note(allotment: place, isSet: true)
  }

  // MARK: Time

  /// Notes which promotions have started or ended since `before`.
  func followPromotions(since before: Timestamp) {
    guard let moment = nextPromotionMoment, moment <= now else { return }
    for promotion in promotions.turning(after: before, upTo: now) {
      for line in promotion.lines { noteTurned(line.sku) }
    }
    promotions.refresh(at: now)
    nextPromotionMoment = promotions.nextMoment(after: now)
  }

  // MARK: Uses

  /// Marks what units that were held without an allotment take out of the channel's when it sells them.
  func allotLate(_ movements: [Movement], on channel: ChannelID?) -> [Movement] {
    guard !promotions.isIdle, channel != nil else { return movements }
    let places = movements.indices.filter { movements[$0].allotment == nil }
    var marked = movements
    for (place, movement) in zip(places, allot(places.map { movements[$0] }, on: channel)) {
      marked[place] = movement
      marked[place].isLate = movement.allotment != nil
    }
    return marked
  }

  /// Marks what movements that sell or hold take out of the channel's allotments, in their order.
  ///
  /// - Parameter given: what goes back in the same entry, and can be taken again.
  func allot(
    _ movements: [Movement], on channel: ChannelID?, giving given: [Lent.Part] = []
  ) -> [Movement] {
    guard !promotions.isIdle, channel != nil else { return movements }
    var left: [SKUIndex: (use: PromotionIndex, units: Quantity)] = [:]
    var marked = movements
    for number in marked.indices {
      let sku = marked[number].sku
      if left[sku] == nil, let own = promotions.own(sku, on: channel, at: now) {
        let back: Quantity = given.reduce(0) { sum, part in
          guard part.sku == sku, let use = part.allotment, use.promotion == own.promotion else {
            return sum
          }
          return sum + use.quantity
        }
        left[sku] = (own.promotion, own.remaining + back)
      }
      guard let own = left[sku] else { continue }
      let quantity = min(own.units, marked[number].quantity)
      guard quantity > 0 else { continue }
      marked[number].allotment = AllotmentUse(own.use, quantity)
      left[sku]?.units -= quantity
    }
    return marked
  }
}
