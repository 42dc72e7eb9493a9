import Primitives

extension Model {
  struct Allotment: Equatable {
    /// As it was planned, and what was topped up.
    var planned: Quantity
    var more: Quantity = 0
    var taken: Quantity = 0
    var kept: Quantity { planned + more }
    var left: Quantity { kept - taken }
  }

  struct Promotion: Equatable {
    enum Strategy: Int, CaseIterable { case restrict, regular, ironReserve }

    var channels: Set<String>
    var strategy: Strategy
    var start: Timestamp
    var end: Timestamp
    /// By SKU.
    var allotments: [String: Allotment]
    var isScheduled = false
    var isCancelled = false

    func isActive(at now: Timestamp) -> Bool { state(at: now) == "active" }

    func state(at now: Timestamp) -> String {
      if isCancelled { return "cancelled" }
      guard isScheduled else { return "draft" }
      return now < start ? "scheduled" : now < end ? "active" : "ended"
    }
  }

  /// Takes units out of the allotment of a channel that has one now.
  mutating func allot(_ shelf: String, _ quantity: Quantity, on channel: String) -> Use? {
    let sku = Shelf.sku(shelf)
    let own = promotions.first { _, promotion in
      promotion.isActive(at: now) && promotion.channels.contains(channel)
        && promotion.allotments[sku] != nil
    }
    guard let own, let left = own.value.allotments[sku]?.left, left > 0 else { return nil }
    promotions[own.key]?.allotments[sku]?.taken += min(left, quantity)
    return Use(promotion: own.key, quantity: min(left, quantity))
  }

  mutating func giveBack(_ line: HoldLine) {
    guard let use = line.use else { return }
    promotions[use.promotion]?.allotments[Shelf.sku(line.shelf)]?.taken -= use.quantity
  }

  /// Whether a promotion cannot do what it promises.
  ///
  /// - Parameters:
  ///   - wanted: units of each SKU.
  ///   - isMore: they come to what it keeps already.
  func clashes(
    _ id: String, _ wanted: [String: Quantity], isMore: Bool, accepting kinds: Set<ClashKind>
  ) -> Bool {
    guard let promotion = promotions[id] else { return false }
    let rivals = promotions.filter { other, rival in
      other != id && rival.isScheduled && !rival.isCancelled && rival.end > now
        && rival.start < promotion.end && promotion.start < rival.end
    }.values
    let available = available
    return wanted.contains { sku, units in
      let there = max(0, Self.total(sku, available))
      let others = rivals.filter { $0.allotments[sku] != nil }
      // The most that others keep at one time, which is at the start of one of them.
      let starts = ([now, promotion.start] + others.map(\.start)).filter {
        max(now, promotion.start) <= $0 && $0 < promotion.end
      }
      let promised =
        starts.map { start in
          others.reduce(0) {
            $0 + ($1.start <= start && start < $1.end ? $1.allotments[sku]?.left ?? 0 : 0)
          }
        }.max() ?? 0
      let all = units + (isMore ? promotion.allotments[sku]?.left ?? 0 : 0)
      let isHidden = promotion.channels.contains { channel in
        promotion.strategy != .ironReserve
          && max(0, left(sku, on: channel, of: there)) < min(units, there)
      }
      return !isMore && others.contains { !$0.channels.isDisjoint(with: promotion.channels) }
        || !kinds.contains(.overPromised) && all > max(0, Self.total(sku, available) - promised)
        || !kinds.contains(.buffer) && isHidden
    }
  }

  enum ClashKind: Int, CaseIterable { case overPromised, buffer }

  /// When something happens on its own.
  var moments: [Timestamp] {
    let ends = holds.values.filter { $0.state == .held }.map(\.expiry)
    let turns = promotions.values.filter { $0.isScheduled && !$0.isCancelled }.flatMap {
      [$0.start, $0.end]
    }
    let expiries = lots.values.joined().compactMap(\.expiry)
    return (ends + turns + expiries).filter { $0 > now }
  }
}
