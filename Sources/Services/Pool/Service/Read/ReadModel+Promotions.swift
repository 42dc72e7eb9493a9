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

extension ReadModel.State {
  /// A promotion that kept units of a SKU for its channels at a past instant, however it went on.
  func promotion(with sku: SKUIndex, at time: Timestamp) -> Promotion? {
    promotions.promotions.first { promotion in
      promotion.isScheduled && !promotion.isCancelled && promotion.startTime <= time
        && time < promotion.endTime
        && promotion.allotments.contains { promotions.allotments[$0].sku == sku }
    }
  }
}
