internal import PoolDomain
internal import Primitives

extension ReadModel.State {
  /// Takes over single promotions and allotments, so that neither side ever copies the whole table.
  mutating func takePromotions(_ changes: Changes, _ pool: Pool) {
    for index in changes.setPromotions { promotions.put(pool.promotions[index]) }
    for place in changes.allotments.sorted() {
      promotions.put(pool.promotions.allotments[place], at: place)
    }
    if !changes.setPromotions.isEmpty || (!changes.turned.isEmpty && !promotions.isIdle) {
      promotions.refresh(at: pool.now)
    }
  }
}
