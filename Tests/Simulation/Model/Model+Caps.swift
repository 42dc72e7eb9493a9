import Primitives

extension Model {
  /// How much an operator lets be set aside.
  struct Caps: Equatable {
    /// Of one owner at the same time.
    var holds: Int64
    /// Of one SKU in all holds of an owner.
    var units: Quantity
    /// Of what is on hand and not committed.
    var percent: Int64
  }

  /// Whether one hold more, or more units in one, would be too much; what the owner's other holds gave up is out of them
  /// already.
  func checkCaps(_ wanted: [Units], owner: String, isNew: Bool) throws(Refusal) {
    guard let caps else { return }
    let own = holds.values.filter { $0.owner == owner && $0.state == .held }
    if isNew, own.count >= caps.holds { throw Refusal("HOLD_LIMIT") }
    let (held, committed) = (held, committed)
    for (sku, lines) in Dictionary(grouping: wanted, by: { Shelf.sku($0.shelf) }) {
      let more = lines.reduce(0) { $0 + $1.quantity }
      let mine = own.flatMap(\.lines).reduce(0) {
        Shelf.sku($1.shelf) == sku ? $0 + $1.quantity : $0
      }
      let free = max(0, Self.total(sku, onHand) - Self.total(sku, committed))
      guard mine + more <= caps.units,
        Self.total(sku, held) + more <= (free * caps.percent + 99) / 100
      else { throw Refusal("HOLD_LIMIT") }
    }
  }
}
