public import Primitives

extension AvailabilitySource {
  /// Everything that keeps a promotion from doing what it promises, as things stand now: of each kind
  /// the first `Limits.clashesOfKind`. One that is over keeps nothing.
  ///
  /// - Parameter more: units more of a promotion that is scheduled already; empty for a draft.
  public func clashes(
    of promotion: Promotion, more: [SKUIndex: Quantity] = [:]
  ) -> [PromotionClash] {
    guard !promotion.isOver(at: now) else { return [] }
    let rivals = rivals(of: promotion)
    let wanted = wanted(promotion, more)
    return (more.isEmpty ? overlaps(promotion, rivals) : [])
      + overPromised(promotion, wanted, rivals) + hidden(promotion, wanted)
  }

  /// What is still to be kept: of a promotion that is scheduled already, what was taken is not promised
  /// any more.
  private func wanted(
    _ promotion: Promotion, _ more: [SKUIndex: Quantity]
  ) -> [Promotion.Line] {
    let kept = promotions.allotments(of: promotion)
    return promotion.lines.enumerated().compactMap { number, line in
      var wanted = line
      if number < kept.count { wanted.quantity = kept[number].remaining }
      guard !more.isEmpty else { return wanted }
      guard let units = more[line.sku] else { return nil }
      wanted.quantity += units
      return wanted
    }
  }

  /// Promotions that are planned or run in the same time.
  private func rivals(of promotion: Promotion) -> [Promotion] {
    promotions.promotions.filter { other in
      other.index != promotion.index && other.isScheduled && !other.isOver(at: now)
        && other.overlaps(promotion)
    }
  }

  private func overlaps(_ promotion: Promotion, _ rivals: [Promotion]) -> [PromotionClash] {
    var found: [PromotionClash] = []
    var shared: [PromotionIndex: [ChannelID]] = [:]
    for other in rivals {
      shared[other.index] = other.channels.filter { promotion.channels.contains($0) }
    }
    for line in promotion.lines {
      for other in promotions.openAllotments(of: line.sku).map(\.promotion) {
        for channel in shared[other] ?? [] {
          found.append(
            PromotionClash(
              kind: .overlap, sku: line.sku, channel: channel, other: promotions[other].id,
              wanted: 0, present: 0))
          guard found.count < Limits.clashesOfKind else { return found }
        }
      }
    }
    return found
  }

  private func overPromised(
    _ promotion: Promotion, _ wanted: [Promotion.Line], _ rivals: [Promotion]
  ) -> [PromotionClash] {
    let indices = Set(rivals.map(\.index))
    return wanted.compactMap { line in
      let promised = promotions.openAllotments(of: line.sku).filter {
        indices.contains($0.promotion)
      }
      let present = max(0, available(line.sku) - promised.reduce(0) { $0 + $1.remaining })
      guard line.quantity > present else { return nil }
      let other = promised.first { $0.remaining > 0 }
      return PromotionClash(
        kind: .overPromised, sku: line.sku, channel: nil,
        other: other.map { promotions[$0.promotion].id }, wanted: line.quantity, present: present)
    }
  }

  /// What buffers, caps, last units and sourcing leave of an allotment on its channels, by the rules
  /// that count when it starts.
  private func hidden(_ promotion: Promotion, _ wanted: [Promotion.Line]) -> [PromotionClash] {
    let source = MomentSource(source: self, now: max(now, promotion.startTime))
    var found: [PromotionClash] = []
    for line in wanted {
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
        guard found.count < Limits.clashesOfKind else { return found }
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
