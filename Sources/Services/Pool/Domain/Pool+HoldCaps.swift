internal import Primitives

extension Pool {
  /// Refuses what would set aside more than an operator allows.
  ///
  /// - Parameters:
  ///   - lent: what the owner's holds give up for it.
  ///   - isNew: whether it is a hold more.
  func checkCaps(
    _ lines: ShortList<Wanted>, owner: String, lent: Lent, isNew: Bool
  ) throws(PoolError) {
    let caps = holdCaps
    let own = holdIndex.holds(of: owner)
    if isNew, own.count >= caps.holdsOfOwner {
      let emptied = own.count { isEmptied($0, by: lent) }
      let present = own.count - emptied
      guard present < caps.holdsOfOwner else {
        throw .holdLimit(
          HoldCaps.Excess(
            .holdsOfOwner, owner: owner, sku: nil, maximum: Quantity(caps.holdsOfOwner),
            present: Quantity(present), requested: 1, givenUp: Quantity(emptied)))
      }
    }
    guard caps.unitsOfOwner < Limits.lineUnits || caps.heldPercent < 100 else { return }
    var wanted: [SKUIndex: Quantity] = [:]
    for line in lines { wanted[line.sku, default: 0] += line.quantity }
    for (sku, quantity) in wanted.sorted(by: { $0.key < $1.key }) {
      let present = own.reduce(0) { $0 + (holds[$1]?.quantity(of: sku) ?? 0) }
      let given = lent.quantity(of: sku)
      try check(
        .unitsOfOwner, sku, owner, maximum: caps.unitsOfOwner, present: present, given, quantity)
      try check(
        .heldUnits, sku, owner, maximum: heldMaximum(sku), present: held(sku), given, quantity)
    }
  }

  private func check(
    _ measure: HoldCaps.Measure, _ sku: SKUIndex, _ owner: String, maximum: Quantity,
    present: Quantity, _ given: Quantity, _ requested: Quantity
  ) throws(PoolError) {
    guard present - given + requested > maximum else { return }
    throw .holdLimit(
      HoldCaps.Excess(
        measure, owner: owner, sku: catalog.sku(sku), maximum: maximum, present: present - given,
        requested: requested, givenUp: given))
  }

  private func isEmptied(_ id: HoldID, by lent: Lent) -> Bool {
    guard !lent.isEmpty, let hold = holds[id] else { return false }
    return lent.quantity(of: id) == hold.lines.reduce(0) { $0 + $1.quantity }
  }

  private func held(_ sku: SKUIndex) -> Quantity {
    balances(of: sku).reduce(0) { $0 + $1.held }
  }

  /// The units of a SKU that may be held.
  private func heldMaximum(_ sku: SKUIndex) -> Quantity {
    let free = max(0, balances(of: sku).reduce(0) { $0 + $1.onHand - $1.committed })
    let percent = Quantity(holdCaps.heldPercent)
    // Divided first: the product of a large stock would not fit.
    return free / 100 * percent + (free % 100 * percent + 99) / 100
  }
}
