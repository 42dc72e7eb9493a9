public import Primitives

extension AvailabilitySource {
  /// Everything that keeps a promotion from doing what it promises at any time of its window that is
  /// not past, as stock, rules and promotions stand now: of each kind the first `Limits.clashesOfKind`.
  /// One that is over keeps nothing.
  ///
  /// - Parameter more: units more of a promotion that is scheduled already; empty for a draft.
  public func clashes(
    of promotion: Promotion, more: [SKUIndex: Quantity] = [:]
  ) -> [PromotionClash] {
    guard !promotion.isOver(at: now) else { return [] }
    guard promotion.endTime > now else {
      return [
        PromotionClash(kind: .windowOver, wanted: 0, present: 0, time: promotion.endTime)
      ]
    }
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
              wanted: 0, present: 0,
              time: max(begin(promotion), promotions[other].startTime)))
          guard found.count < Limits.clashesOfKind else { return found }
        }
      }
    }
    return found
  }

  /// When a promotion begins to keep something, as seen from now.
  private func begin(_ promotion: Promotion) -> Timestamp { max(now, promotion.startTime) }

  private func overPromised(
    _ promotion: Promotion, _ wanted: [Promotion.Line], _ rivals: [Promotion]
  ) -> [PromotionClash] {
    let indices = Set(rivals.map(\.index))
    return wanted.compactMap { line in
      let promised = promotions.openAllotments(of: line.sku).filter {
        indices.contains($0.promotion) && $0.remaining > 0
      }
      let peak = peak(of: promised, beside: promotion)
      let present = max(0, available(line.sku) - peak.units)
      guard line.quantity > present else { return nil }
      let other = promised.first { promotions[$0.promotion].isActive(at: peak.time) }
      return PromotionClash(
        kind: .overPromised, sku: line.sku, other: other.map { promotions[$0.promotion].id },
        wanted: line.quantity, present: present, time: peak.time)
    }
  }

  /// The most that others keep of a SKU at one time of a promotion's window, and when they do first: those that follow
  /// each other do not add up.
  private func peak(
    of promised: [Allotment], beside promotion: Promotion
  ) -> (units: Quantity, time: Timestamp) {
    let begin = begin(promotion)
    var turns: [(time: Timestamp, units: Quantity)] = []
    for allotment in promised {
      let rival = promotions[allotment.promotion]
      turns.append((max(begin, rival.startTime), allotment.remaining))
      turns.append((rival.endTime, -allotment.remaining))
    }
    // What ends is free for what begins at that moment.
    turns.sort { ($0.time, $0.units) < ($1.time, $1.units) }
    var peak = (units: Quantity(0), time: begin)
    var sum: Quantity = 0
    for turn in turns {
      sum += turn.units
      if sum > peak.units { peak = (sum, turn.time) }
    }
    return peak
  }

  /// What buffers, caps, last units and sourcing leave of an allotment on its channels, by the rules
  /// that count then, when they leave least.
  private func hidden(_ promotion: Promotion, _ wanted: [Promotion.Line]) -> [PromotionClash] {
    var found: [PromotionClash] = []
    for line in wanted {
      // Of what is not there, no rule hides anything.
      let most = min(line.quantity, max(0, available(line.sku)))
      for channel in promotion.channels {
        let least = least(of: line.sku, on: channel, promotion)
        guard least.units < most else { continue }
        found.append(
          PromotionClash(
            kind: .buffer, sku: line.sku, channel: channel, wanted: most, present: least.units,
            time: least.time))
        guard found.count < Limits.clashesOfKind else { return found }
      }
    }
    return found
  }

  private func least(
    of sku: SKUIndex, on channel: ChannelID, _ promotion: Promotion
  ) -> (units: Quantity, time: Timestamp) {
    let reach = available(sku, on: channel)
    var least = (units: Quantity.max, time: begin(promotion))
    let winners = buffers.winners(
      for: target(sku, channel, nil), from: begin(promotion), until: promotion.endTime)
    for (time, rule) in winners {
      let left =
        promotion.strategy == .ironReserve
        ? min(reach, rule?.cap ?? .max) : leftToSell(sku, on: channel, by: rule, of: reach)
      if max(0, left) < least.units { least = (max(0, left), time) }
    }
    return least
  }
}
