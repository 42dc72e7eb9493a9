import Primitives

extension Model {
  /// What a request may take: what it wants, what is available, or what its channel may show.
  enum Bound { case fact, available, shown }

  /// Units of a SKU on which a request may count, of those that are free.
  func limit(_ sku: String, on channel: String, _ bound: Bound, of free: Quantity) -> Quantity {
    guard bound != .fact else { return free }
    let left = bound == .shown ? left(sku, on: channel, of: free) : free
    var (others, iron): (Quantity, Quantity) = (0, 0)
    var own: Promotion?
    for promotion in promotions.values where promotion.isActive(at: now) {
      guard let kept = promotion.allotments[sku] else { continue }
      if promotion.channels.contains(channel) {
        own = promotion
      } else {
        others += kept.left
        if promotion.strategy == .ironReserve { iron += kept.left }
      }
    }
    let kept = own?.allotments[sku]?.left ?? 0
    switch own?.strategy {
    case nil, .regular: return max(0, left - others)
    case .restrict: return max(0, min(kept, left - others))
    case .ironReserve: return max(0, left - others, min(kept, free - iron))
    }
  }

  /// What the buffer and the lock on last units leave.
  func left(_ sku: String, on channel: String, of free: Quantity) -> Quantity {
    let left = free - buffer(sku, channel)
    guard let lock = locks[sku] ?? locks[""], lock.channel != channel else { return left }
    return min(left, free - lock.units)
  }

  func buffer(_ sku: String, _ channel: String) -> Quantity {
    for key in ["\(sku)|\(channel)", "\(sku)|", "|\(channel)", "|"] {
      if let units = buffers[key] { return units }
    }
    return 0
  }

  /// What a channel shows; of a bundle, as many as its components make, behind a buffer of its own.
  func shown(_ sku: String, on channel: String, _ available: [String: Quantity]) -> Quantity {
    guard bundles[sku] != nil else {
      return limit(sku, on: channel, .shown, of: Self.total(sku, available))
    }
    let whole = whole(sku) { shown($0, on: channel, available) }
    let left = whole - (buffers["\(sku)|\(channel)"] ?? buffers["\(sku)|"] ?? 0)
    guard let lock = locks[sku], lock.channel != channel else { return max(0, left) }
    return max(0, min(left, self.whole(sku) { Self.total($0, available) } - lock.units))
  }

  /// How many of a ware its parts make, of which there are so many; rounded down.
  func whole(_ ware: String, _ units: (String) -> Quantity) -> Quantity {
    let parts = parts(of: [Units(shelf: ware, quantity: 1)])
    return parts.map { part in
      let count = units(Shelf.sku(part.shelf))
      return (count - (count < 0 ? part.quantity - 1 : 0)) / part.quantity
    }.min() ?? 0
  }

  static func total(_ sku: String, _ sums: [String: Quantity]) -> Quantity {
    Shelf.all(of: sku).reduce(0) { $0 + sums[$1, default: 0] }
  }

  /// How many of the wanted units are not there, each line behind the ones before it.
  ///
  /// - Parameter lent: of what is available, those that are their owner's, whatever is owed to others.
  func missing(
    _ wanted: [Units], _ bound: Bound, on channel: String, lent: [String: Quantity]
  ) -> Quantity {
    let available = available
    var taken: [String: Quantity] = [:]
    return wanted.reduce(0) { missing, units in
      let sku = Shelf.sku(units.shelf)
      let isMoving = sku == Shelf.moving
      let all = max(Self.total(sku, available), Self.total(sku, lent))
      let here = max(available[units.shelf, default: 0], lent[units.shelf, default: 0])
      let free = min(
        limit(sku, on: channel, bound, of: all) - (isMoving ? taken[sku, default: 0] : 0)
          - Self.total(sku, taken),
        // What is asked for without its location has all of it.
        Shelf.named(units.shelf).isEmpty ? .max : here - taken[units.shelf, default: 0])
      taken[units.shelf, default: 0] += units.quantity
      return missing + max(0, units.quantity - max(0, free))
    }
  }

  /// Makes room for a request: what is missing comes out of the owner's other holds, the oldest first, a unit at a time.
  ///
  /// - Returns: what is missing all the same, of what has been sold; it throws where that is refused.
  mutating func makeRoom(
    for wanted: [Units], _ bound: Bound, on channel: String, owner: String, besides: String = "",
    lent given: [String: Quantity] = [:]
  ) throws(Refusal) -> Quantity {
    let before = holds
    var lent = given
    for (_, lines) in Dictionary(grouping: wanted, by: { Shelf.sku($0.shelf) }) {
      let start = (self, lent)
      // What has been sold asks like others first; when that does not help, it takes what it lacks and no more.
      for bound in bound == .fact ? [.available, .fact] : [bound] {
        (self, lent) = start
        while missing(lines, bound, on: channel, lent: lent) > 0,
          lend(lines[0].shelf, owner, besides)
        {
          lent[lines[0].shelf, default: 0] += 1
        }
        if missing(lines, bound, on: channel, lent: lent) == 0 { break }
      }
    }
    let missing = missing(wanted, bound, on: channel, lent: lent)
    guard bound == .fact || missing == 0 else { throw Refusal("INSUFFICIENT_STOCK") }
    for (id, hold) in before where holds[id]?.lines != hold.lines {
      finishChange(of: id, from: hold)
      noteRow()
      takeOverCount += 1
    }
    return missing
  }

  /// One unit out of the owner's oldest hold; false when the owner has none.
  private mutating func lend(_ shelf: String, _ owner: String, _ besides: String) -> Bool {
    holds.filter { $0.key != besides && $0.value.owner == owner && $0.value.state == .held }
      .sorted { ($0.value.made, $0.key) < ($1.value.made, $1.key) }
      .contains { take(Units(shelf: shelf, quantity: 1), outOf: $0.key) }
  }
}
