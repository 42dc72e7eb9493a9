internal import Primitives

/// Units that holds of an owner give up for another request of the same owner.
struct Lent {
  struct Part: Equatable {
    var holdID: HoldID
    var sku: SKUIndex
    var location: LocationIndex
    var quantity: Quantity
    var allotment: AllotmentUse?

    /// Takes units out of it, allotted ones first.
    mutating func split(_ units: Quantity) -> Part {
      var line = Hold.Line(
        sku: sku, location: location, quantity: quantity, allotment: allotment)
      let given = line.split(units)
      (quantity, allotment) = (line.quantity, line.allotment)
      var part = self
      (part.quantity, part.allotment) = (given.quantity, given.allotment)
      return part
    }

    var released: Movement { Movement(.released, sku, location, quantity, allotment: allotment) }
  }

  private struct Key: Hashable {
    var holdID: HoldID
    var place: Place
    var promotion: PromotionIndex?
  }

  private struct Place: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

  private struct Kept: Hashable {
    var sku: SKUIndex
    var promotion: PromotionIndex
  }

  /// What the parts come to: a request has many lines, and an owner many holds. Almost always there are none.
  private final class Sums {
    var parts: [Part] = []
    var numbers: [Key: Int] = [:]
    var ofSKU: [SKUIndex: Quantity] = [:]
    var ofPlace: [Place: Quantity] = [:]
    var ofAllotment: [Kept: Quantity] = [:]
    var ofHold: [HoldID: Quantity] = [:]

    init() {}

    init(copying other: Sums) {
      parts = other.parts
      numbers = other.numbers
      ofSKU = other.ofSKU
      ofPlace = other.ofPlace
      ofAllotment = other.ofAllotment
      ofHold = other.ofHold
    }

    func add(_ part: Part) {
      let place = Place(sku: part.sku, location: part.location)
      ofSKU[part.sku, default: 0] += part.quantity
      ofPlace[place, default: 0] += part.quantity
      ofHold[part.holdID, default: 0] += part.quantity
      if let use = part.allotment {
        ofAllotment[Kept(sku: part.sku, promotion: use.promotion), default: 0] += use.quantity
      }
      let key = Key(holdID: part.holdID, place: place, promotion: part.allotment?.promotion)
      if let number = numbers[key] {
        parts[number].quantity += part.quantity
        parts[number].allotment?.quantity += part.allotment?.quantity ?? 0
      } else {
        numbers[key] = parts.count
        parts.append(part)
      }
    }
  }

  private var sums: Sums?

  init() {}

  init(_ parts: some Sequence<Part>) {
    for part in parts { add(part) }
  }

  var parts: [Part] { sums?.parts ?? [] }
  var isEmpty: Bool { sums == nil }

  func quantity(of sku: SKUIndex) -> Quantity { sums?.ofSKU[sku] ?? 0 }

  func quantity(of sku: SKUIndex, at location: LocationIndex) -> Quantity {
    sums?.ofPlace[Place(sku: sku, location: location)] ?? 0
  }

  func quantity(of hold: HoldID) -> Quantity { sums?.ofHold[hold] ?? 0 }

  /// What each hold gives up of a SKU.
  func quantities(
    of sku: SKUIndex, where counts: (LocationIndex) -> Bool
  ) -> [HoldID: Quantity] {
    guard let sums else { return [:] }
    var found: [HoldID: Quantity] = [:]
    for part in sums.parts where part.sku == sku && counts(part.location) {
      found[part.holdID, default: 0] += part.quantity
    }
    return found
  }

  /// What goes back to an allotment.
  func given(to promotion: PromotionIndex, _ sku: SKUIndex) -> Quantity {
    sums?.ofAllotment[Kept(sku: sku, promotion: promotion)] ?? 0
  }

  /// What is there with what is lent: an owner's units are the owner's, whatever is owed to others.
  static func sum(_ available: Quantity, _ lent: Quantity) -> Quantity {
    lent > 0 ? max(0, available) + lent : available
  }

  mutating func add(_ part: Part) {
    if !isKnownUniquelyReferenced(&sums) { sums = sums.map(Sums.init(copying:)) ?? Sums() }
    sums?.add(part)
  }
}

/// The pool as it is with what is lent.
struct LentSource: AvailabilitySource {
  let pool: Pool
  let lent: Lent

  var buffers: BufferTable { pool.buffers }
  var sourcings: SourcingTable { pool.sourcings }
  var lastUnits: LastUnitsTable { pool.lastUnits }
  var promotions: PromotionTable { pool.promotions }
  var bundles: BundleTable { pool.bundles }
  func remaining(of allotment: Allotment) -> Quantity {
    allotment.remaining + lent.given(to: allotment.promotion, allotment.sku)
  }
  var now: Timestamp { pool.now }
  func group(of sku: SKUIndex) -> SKUGroup? { pool.group(of: sku) }
  func rateWeight(of sku: SKUIndex) -> Int64 { pool.rateWeight(of: sku) }

  func available(_ sku: SKUIndex) -> Quantity {
    Lent.sum(pool.available(sku), lent.quantity(of: sku))
  }

  func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void) {
    pool.eachBalance(of: sku) { balance in
      var balance = balance
      let available = Lent.sum(
        balance.available, lent.quantity(of: sku, at: balance.location))
      balance.held -= available - balance.available
      body(balance)
    }
  }
}

extension Pool {
  /// What is available at a balance, with what is lent there.
  func here(_ balance: Balance) -> Quantity {
    guard !lent.isEmpty else { return balance.available }
    return Lent.sum(balance.available, lent.quantity(of: balance.sku, at: balance.location))
  }

  /// Plans a request of an owner: what is missing comes out of the owner's other holds, oldest
  /// first, just as much as it takes. It is returned as `lent`; `giveUp` posts it. Changes nothing.
  ///
  /// - Parameters:
  ///   - owner: empty when nobody's holds are to be looked at.
  ///   - holdID: the hold that the request is about, which gives up nothing.
  ///   - given: what that hold gives up in the same request.
  func plan(
    _ lines: ShortList<Wanted>, bound: Bound, channel: ChannelID?, zone: Zone? = nil, owner: String,
    besides holdID: HoldID? = nil, given: Lent = Lent()
  ) throws(PoolError) -> (taken: ShortList<Taken>, lent: Lent) {
    lent = given
    defer { lent = Lent() }
    guard !owner.isEmpty else {
      return (try plan(lines, bound: bound, channel: channel, zone: zone), lent)
    }
    let claim = Claim(bound: bound, channel: channel, sourcing: sourcings[channel], zone: zone)
    do throws(PoolError) {
      let strict = Bound.none == bound ? .available : bound
      return (try plan(lines, bound: strict, channel: channel, zone: zone), lent)
    } catch {
      lend(to: lines, claim, from: lendable(owner, besides: holdID, of: Set(lines.map(\.sku))))
      placements.removeAll(keepingCapacity: true)
      return (try plan(lines, bound: bound, channel: channel, zone: zone), lent)
    }
  }

  /// What an owner's other holds have of some SKUs, the oldest hold first; of a hold the last line first, as an edit takes
  /// it.
  private func lendable(
    _ owner: String, besides holdID: HoldID?, of skus: Set<SKUIndex>
  ) -> [SKUIndex: [Lent.Part]] {
    var found: [SKUIndex: [Lent.Part]] = [:]
    let own = holdIndex.holds(of: owner).filter { $0 != holdID }.compactMap { holds[$0] }
    for hold in own.sorted(by: { ($0.createTime, $0.id) < ($1.createTime, $1.id) }) {
      for line in hold.lines.reversed() where skus.contains(line.sku) {
        found[line.sku, default: []].append(
          Lent.Part(
            holdID: hold.id, sku: line.sku, location: line.location, quantity: line.quantity,
            allotment: line.allotment))
      }
    }
    return found
  }

  /// Lends what is missing, SKU by SKU, since one's units are no help to another's lines.
  private func lend(to lines: ShortList<Wanted>, _ claim: Claim, from own: [SKUIndex: [Lent.Part]])
  {
    let lines = Dictionary(grouping: lines, by: \.sku)
    let given = Dictionary(grouping: lent.parts, by: \.sku)
    var all = lent.parts.filter { own[$0.sku] == nil }
    for (sku, parts) in own.sorted(by: { $0.key < $1.key }) {
      lent = Lent(given[sku] ?? [])
      borrow(for: ShortList(lines[sku] ?? []), claim, from: parts)
      all += lent.parts
    }
    lent = Lent(all)
  }

  /// Lends what lines of one SKU lack, or all that there is of it. What has been sold is first asked
  /// for as by who asks first; when it cannot be had so, only what would be oversold is lent.
  private func borrow(for lines: ShortList<Wanted>, _ claim: Claim, from mine: [Lent.Part]) {
    let places = lines.map(\.location)
    // Units at another place than those named help only when all of the SKU together is short.
    let isNear = { (part: Lent.Part) in places.contains(nil) || places.contains(part.location) }
    // What goes back to an allotment of others only helps with the rest of its line.
    let isFirst = { (part: Lent.Part) in isNear(part) && !self.isKept(part, from: claim.channel) }
    var own = mine.filter(isFirst) + mine.filter { !isFirst($0) }
    let start = (lent: lent, own: own)
    var strict = claim
    if strict.bound == .none { strict.bound = .available }
    while true {
      do throws(PoolError) {
        _ = try plan(lines, bound: strict.bound, channel: claim.channel, zone: claim.zone)
        return
      } catch {
        if case .insufficientStock(let shortage) = error, lend(shortage, strict, from: &own) {
          continue
        }
        guard claim.bound == .none else { return }
        (lent, own) = start
        return lendOversold(lines, claim, from: own)
      }
    }
  }

  private func lendOversold(_ lines: ShortList<Wanted>, _ claim: Claim, from mine: [Lent.Part]) {
    var own = mine
    let taken =
      (try? plan(lines, bound: .none, channel: claim.channel, zone: claim.zone)) ?? []
    for taking in taken where taking.oversold > 0 {
      var left = taking.oversold
      for number in own.indices
      where left > 0 && own[number].quantity > 0
        && isMeant(own[number], claim, lines[taking.line].location)
      {
        let part = own[number].split(min(left, own[number].quantity))
        left -= part.quantity
        lent.add(part)
      }
    }
  }

  private func isKept(_ part: Lent.Part, from channel: ChannelID?) -> Bool {
    guard let promotion = part.allotment.map({ promotions[$0.promotion] }) else { return false }
    return promotion.isActive(at: now) && !promotion.sells(on: channel)
  }

  /// Whether units help a line of their SKU that names a location, or none.
  private func isMeant(_ part: Lent.Part, _ claim: Claim, _ location: LocationIndex?) -> Bool {
    location.map { part.location == $0 } ?? claim.sourcing?.isFed(by: part.location) ?? true
  }

  /// Lends what is missing, or all that there is of it; false when there is nothing.
  private func lend(
    _ shortage: PoolError.Shortage, _ claim: Claim, from own: inout [Lent.Part]
  ) -> Bool {
    guard let sku = catalog.find(shortage.sku) else { return false }
    let location = shortage.location.flatMap { catalog.find($0) }
    let wanted = Wanted(sku: sku, location: location, quantity: shortage.requested)
    func isMeant(_ part: Lent.Part) -> Bool {
      part.sku == sku && part.quantity > 0 && self.isMeant(part, claim, location)
    }
    let before = lent
    // What there is for the line when so many units more are lent.
    func present(with units: Quantity) -> Quantity {
      lent = before
      var left = units
      for var part in own where left > 0 && isMeant(part) {
        let quantity = min(part.quantity, left)
        left -= quantity
        lent.add(part.split(quantity))
      }
      guard let location, !isApart(wanted, claim) else { return limit(wanted, claim) }
      return here(balance(sku, location))
    }
    var high: Quantity = own.reduce(0) { isMeant($1) ? $0 + $1.quantity : $0 }
    guard high > 0 else { return false }
    // What is missing will mostly do; where a buffer hides a part of what comes free, the least that does
    // is looked for.
    var low: Quantity = 1
    let missing = shortage.requested - max(0, present(with: 0))
    if missing > 0, missing < high, present(with: missing) >= shortage.requested {
      high = missing
      if present(with: missing - 1) < shortage.requested { low = missing }
    }
    while low < high {
      let middle = low + (high - low) / 2
      if present(with: middle) >= shortage.requested { high = middle } else { low = middle + 1 }
    }
    lent = before
    var left = low
    for number in own.indices where left > 0 && isMeant(own[number]) {
      let quantity = min(own[number].quantity, left)
      lent.add(own[number].split(quantity))
      left -= quantity
    }
    return true
  }

  /// Posts what was lent: one entry for each hold that gives something up.
  ///
  /// - Parameter cause: the hold or order that takes it.
  func giveUp(_ lent: Lent, to cause: String) {
    guard !lent.isEmpty else { return }
    var places: [HoldID: Int] = [:]
    var holdParts: [[Lent.Part]] = []
    for part in lent.parts {
      let place = places[part.holdID] ?? holdParts.count
      if place == holdParts.count {
        places[part.holdID] = place
        holdParts.append([])
      }
      holdParts[place].append(part)
    }
    for parts in holdParts {
      let holdID = parts[0].holdID
      post(
        LedgerEntry(
          holdID: holdID, reason: Reason.takenOver, actor: holds[holdID]?.owner ?? "",
          cause: cause, movements: parts.map(\.released)))
    }
  }

  /// The ledger's reasons that are the pool's own.
  enum Reason {
    /// Another request of the owner took the units over.
    static let takenOver = "taken_over"
  }
}
