internal import PoolDomain
internal import Primitives

/// What the ledger's movements of lots add up to.
struct LotSums: Sendable {
  private(set) var lots: [Lot.Key: Lot] = [:]

  init(_ lots: [Lot] = []) {
    for lot in lots { self.lots[lot.key] = lot }
  }

  /// Counts an entry's lots in.
  ///
  /// - Returns: what is wrong with them; nil when it is nothing.
  mutating func count(
    _ entry: LedgerEntry, where has: (SKUIndex) -> Bool = { _ in true }
  ) -> String? {
    for units in entry.details.lots {
      guard units.movement < entry.movements.count,
        let isMore = entry.movements[units.movement].kind.fillsLots
      else {
        return "the entry from movement \(entry.firstSequence) on names a lot that it does not move"
      }
      let movement = entry.movements[units.movement]
      guard has(movement.sku) else { continue }
      let moved = Lot(
        sku: movement.sku, location: movement.location, tag: units.tag, quantity: units.quantity)
      let key = moved.key
      let known = lots[key]
      let sum = (known?.quantity ?? 0) + (isMore ? units.quantity : -units.quantity)
      guard sum >= 0, known == nil || known?.tag == units.tag else {
        let sequence = entry.firstSequence + Int64(units.movement)
        return "movement \(sequence) breaks the rules of \(Self.words(key))"
      }
      lots[key] =
        sum == 0
        ? nil : Lot(sku: key.sku, location: key.location, tag: units.tag, quantity: sum)
    }
    return nil
  }

  static func words(_ key: Lot.Key) -> String {
    "the lot \(key.id) of SKU number \(key.sku.number) at location number \(key.location.number)"
  }
}
