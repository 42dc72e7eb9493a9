internal import Primitives

/// What promotions leave of a channel's number.
///
/// With r = what remains of the channel's own allotment, `others` = what remains of all that exclude
/// it, `iron` = the iron reserves among these, and left = what it could show without promotions:
///
///     in no promotion of the SKU    left - others
///     restrict                      min(r, left - others)
///     regular                       left - others
///     iron reserve                  max(left - others, min(r, cap, available - iron))
///
extension AvailabilitySource {
  /// - Parameters:
  ///   - left: what the channel could show without promotions.
  ///   - available: of which that is a part: units that no rule hides from it.
  ///   - cap: the most that it may show in any case.
  func besideAllotments(
    _ sku: SKUIndex, on channel: ChannelID?, _ left: Quantity, of available: Quantity,
    cap: Quantity? = nil
  ) -> Quantity {
    guard !promotions.isIdle else { return left }
    let active = promotions.active(sku, at: now)
    guard !active.isEmpty else { return left }
    var others: Quantity = 0
    var iron: Quantity = 0
    var own: Allotment?
    for allotment in active {
      if let channel, promotions[allotment.promotion].channels.contains(channel) {
        own = allotment
        continue
      }
      let remaining = remaining(of: allotment)
      others += remaining
      if promotions[allotment.promotion].strategy == .ironReserve { iron += remaining }
    }
    let common = left - others
    guard let own else { return common }
    switch promotions[own.promotion].strategy {
    case .restrict: return min(remaining(of: own), common)
    case .regular: return common
    case .ironReserve:
      return max(common, min(remaining(of: own), cap ?? .max, available - iron))
    }
  }

  /// What remains of the allotments that keep units from a channel.
  func allotted(_ sku: SKUIndex, from channel: ChannelID?) -> [Allotment] {
    guard !promotions.isIdle else { return [] }
    return promotions.active(sku, at: now).filter { allotment in
      channel.map { !promotions[allotment.promotion].channels.contains($0) } ?? true
    }
  }
}
