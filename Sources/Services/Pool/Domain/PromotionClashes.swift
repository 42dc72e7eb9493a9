public import Primitives

extension AvailabilitySource {
  /// Everything that keeps a promotion from doing what it promises, as things stand now.
  ///
  /// - Parameter more: units more of a promotion that is scheduled already; empty for a draft.
  public func clashes(
    of promotion: Promotion, more: [SKUIndex: Quantity] = [:]
  ) -> [PromotionClash] {
    (more.isEmpty ? overlaps(promotion) : []) + overPromised(promotion, more: more)
      + hidden(promotion).filter { more.isEmpty || more[$0.sku] != nil }
  }

  /// Promotions that are planned or run in the same time.
  private func rivals(of promotion: Promotion) -> [Promotion] {
    promotions.promotions.filter { other in
      other.index != promotion.index && other.isScheduled && !other.isCancelled
        && other.endTime > now && other.overlaps(promotion)
    }
  }

  private func overlaps(_ promotion: Promotion) -> [PromotionClash] {
    var found: [PromotionClash] = []
    let skus = Set(promotion.lines.map(\.sku))
    for other in rivals(of: promotion) {
      for channel in other.channels where promotion.channels.contains(channel) {
        for line in other.lines where skus.contains(line.sku) {
          found.append(
            PromotionClash(
              kind: .overlap, sku: line.sku, channel: channel, other: other.id,
              wanted: 0, present: 0))
        }
      }
    }
    return found
  }

  private func overPromised(
    _ promotion: Promotion, more: [SKUIndex: Quantity]
  ) -> [PromotionClash] {
    let rivals = rivals(of: promotion)
    return promotion.lines.compactMap { line in
      var promised: Quantity = 0
      for other in rivals {
        guard let place = promotions.place(of: line.sku, in: other.index) else { continue }
        promised += promotions.allotments[place].remaining
      }
      // Of one that is scheduled already, what was taken is not promised any more.
      let known = promotions.place(of: line.sku, in: promotion.index)
      var wanted = known.map { promotions.allotments[$0].remaining } ?? line.quantity
      if !more.isEmpty {
        guard let units = more[line.sku] else { return nil }
        wanted += units
      }
      let present = max(0, available(line.sku) - promised)
      guard wanted > present else { return nil }
      return PromotionClash(
        kind: .overPromised, sku: line.sku, channel: nil,
        other: promised > 0
          ? rivals.first { promotions.place(of: line.sku, in: $0.index) != nil }?.id : nil,
        wanted: wanted, present: present)
    }
  }

  /// What buffers, caps, last units and sourcing leave of an allotment on its channels, by the rules
  /// that count when it starts.
  private func hidden(_ promotion: Promotion) -> [PromotionClash] {
    let source = MomentSource(source: self, now: max(now, promotion.startTime))
    var found: [PromotionClash] = []
    for line in promotion.lines {
      let most = min(line.quantity, max(0, available(line.sku)))
      for channel in promotion.channels {
        let reach = source.available(line.sku, on: channel)
        let cap = source.buffer(of: line.sku, on: channel)?.cap ?? .max
        let left =
          promotion.strategy == .ironReserve
          ? min(reach, cap) : source.leftToSell(line.sku, on: channel, listing: nil, of: reach)
        // Of what is not there, no rule hides anything.
        let present = max(0, left)
        guard present < most else { continue }
        found.append(
          PromotionClash(
            kind: .buffer, sku: line.sku, channel: channel, other: nil, wanted: most,
            present: present))
      }
    }
    return found
  }
}

/// A source by the rules of another moment.
private struct MomentSource<Source: AvailabilitySource>: AvailabilitySource {
  let source: Source
  let now: Timestamp

  var buffers: BufferTable { source.buffers }
  var sourcings: SourcingTable { source.sourcings }
  var lastUnits: LastUnitsTable { source.lastUnits }
  var promotions: PromotionTable { source.promotions }
  var bundles: BundleTable { source.bundles }
  func group(of sku: SKUIndex) -> SKUGroup? { source.group(of: sku) }
  func rateWeight(of sku: SKUIndex) -> Int64 { source.rateWeight(of: sku) }
  func available(_ sku: SKUIndex) -> Quantity { source.available(sku) }
  func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void) {
    source.eachBalance(of: sku, body)
  }
}
