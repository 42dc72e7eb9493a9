internal import Primitives

extension Pool {
  /// A lot from a store.
  public func load(_ lot: Lot) {
    lots.add(lot.quantity, to: lot.tag, lot.sku, lot.location)
    if let time = lot.tag.expireTime { lotExpiries.add(lot.key, at: time) }
  }

  /// Lets an entry's movements, which are counted already, move lots as well: what comes in with a lot adds to it; what
  /// leaves takes from the lots that expire first.
  func moveLots(_ entry: inout LedgerEntry) {
    guard !lots.isEmpty || entry.hasDetails else { return }
    let named = Dictionary(grouping: entry.details.lots, by: \.movement)
    entry.details.lots = []
    var lost = named.isEmpty ? [:] : entry.losses
    for (number, movement) in entry.movements.enumerated() {
      let (sku, location) = (movement.sku, movement.location)
      switch movement.kind {
      case .received, .transferredIn, .found, .restocked:
        // Units that had left before they were booked are there no more. What is lost later in the entry still was.
        let onHand = balance(sku, location).onHand + (lost[sku]?[location] ?? 0)
        var room = max(0, onHand) - lots.units(sku, location)
        for units in named[number] ?? [] {
          let added = min(units.quantity, max(0, room))
          room -= added
          move(added, of: units.tag, number, movement, &entry)
        }
      case .lotExpired:
        for units in named[number] ?? [] {
          move(-units.quantity, of: units.tag, number, movement, &entry)
        }
      case .lost where named[number] != nil:
        lost[sku]?[location]? -= movement.quantity
        for units in named[number] ?? [] {
          move(-units.quantity, of: units.tag, number, movement, &entry)
        }
      case .shipped, .lost, .transferredOut:
        for lot in lots.first(movement.quantity, of: sku, at: location) {
          move(-lot.quantity, of: lot.tag, number, movement, &entry)
        }
      case .held, .released, .expired, .committed, .sold, .cancelled, .quarantined, .writtenOff,
        .cleared, .scrapped, .transferredInUnavailable, .transferLost, .receivedUnavailable,
        .extended, .retaken:
        break
      }
    }
    for movement in entry.movements {
      let onHand = balance(movement.sku, movement.location).onHand
      precondition(
        lots.units(movement.sku, movement.location) <= max(0, onHand),
        "lots have no more units than are on hand")
    }
  }

  private func move(
    _ units: Quantity, of tag: LotTag, _ number: Int, _ movement: Movement,
    _ entry: inout LedgerEntry
  ) {
    guard units != 0 else { return }
    let key = Lot.Key(sku: movement.sku, location: movement.location, id: tag.id)
    if units > 0, lots[key] == nil, let time = tag.expireTime { lotExpiries.add(key, at: time) }
    lots.add(units, to: tag, movement.sku, movement.location)
    entry.details.lots.append(LotUnits(movement: number, tag: tag, quantity: abs(units)))
    noteLot(key)
  }

  /// Units whose time is over cannot be sold any more; whoever finds them scraps them.
  func expireLots() {
    while let key = lotExpiries.next(at: now) {
      guard let lot = lots[key], let time = lot.tag.expireTime, time <= now else { continue }
      var entry = LedgerEntry(reason: "expired", cause: lot.tag.id.text)
      entry.movements = [Movement(.lotExpired, lot.sku, lot.location, lot.quantity)]
      entry.details.lots = [LotUnits(movement: 0, tag: lot.tag, quantity: lot.quantity)]
      post(entry)
    }
  }
}

extension LedgerEntry {
  /// Units that its movements lose, by SKU and location.
  fileprivate var losses: [SKUIndex: [LocationIndex: Quantity]] {
    var sums: [SKUIndex: [LocationIndex: Quantity]] = [:]
    for movement in movements where movement.kind == .lost {
      sums[movement.sku, default: [:]][movement.location, default: 0] += movement.quantity
    }
    return sums
  }
}

/// Lots that come in with one command, each checked before anything is booked.
struct LotIntake {
  private struct Name: Hashable {
    var sku: SKUIndex
    var id: LotID
  }
  private struct Place: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

  private var tags: [Name: LotTag] = [:]
  /// Those that a place did not have before.
  private var fresh: [Place: Set<LotID>] = [:]

  /// A lot as this command or an earlier one has it.
  func known(_ id: LotID, of sku: SKUIndex, _ pool: Pool) -> LotTag? {
    tags[Name(sku: sku, id: id)] ?? pool.lots.tag(of: id, sku) ?? pool.lotInTransit(id, of: sku)
  }

  /// Takes a lot that has not expired, and that nobody knows with another expiry. Who does not say when it expires
  /// means the lot as it is known.
  ///
  /// - Returns: the lot with its expiry.
  mutating func take(
    _ sent: LotTag, of sku: SKUIndex, at location: LocationIndex, _ pool: Pool
  ) throws(PoolError) -> LotTag {
    let known = known(sent.id, of: sku, pool)
    let tag = sent.expireTime == nil ? known ?? sent : sent
    if let time = tag.expireTime, time <= pool.now { throw .lot(.expired(tag.id, time)) }
    if let known, known != tag {
      throw .lot(.expiryDiffers(tag.id, known: known.expireTime))
    }
    tags[Name(sku: sku, id: tag.id)] = tag
    let place = Place(sku: sku, location: location)
    let here = pool.lots[sku, location]
    guard !here.contains(where: { $0.tag.id == tag.id }) else { return tag }
    fresh[place, default: []].insert(tag.id)
    guard here.count + (fresh[place]?.count ?? 0) <= Limits.lotsOfPlace else {
      throw .lot(.tooMany(pool.record(of: sku).sku))
    }
    return tag
  }
}
