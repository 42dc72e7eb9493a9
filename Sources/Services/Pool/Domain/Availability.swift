public import Primitives

/// Where a channel's number is worked out from: the pool on its thread, the read model beside it, or
/// either as it was at a past instant.
public protocol AvailabilitySource {
  var buffers: BufferTable { get }
  var sourcings: SourcingTable { get }
  var lastUnits: LastUnitsTable { get }
  var bundles: BundleTable { get }
  var promotions: PromotionTable { get }
  /// Of an allotment, with what is lent.
  func remaining(of allotment: Allotment) -> Quantity
  /// The moment for which rules count or do not.
  var now: Timestamp { get }
  func group(of sku: SKUIndex) -> SKUGroup?
  /// On hand - held - committed over all locations.
  func available(_ sku: SKUIndex) -> Quantity
  /// Calls `body` with each balance of a SKU, in the order of the locations' ranks.
  func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void)
  /// Of the SKU's sales over all locations, at `rateTime`.
  func rateWeight(of sku: SKUIndex) -> Int64
}

extension AvailabilitySource {
  /// What a channel may show of a SKU, or take of it by a hold: everything that hides units from
  /// channels is in this one sum.
  ///
  ///     max(0, min(cap, available - margin, available everywhere - last units) - allotments of others)
  ///
  /// `available` is that of the locations that feed the channel; margin and cap are of the one
  /// buffer that wins (`BufferTable`); the last units are those that another channel alone may sell.
  ///
  /// - Parameters:
  ///   - channel: nil for one without rules of its own.
  ///   - listing: of the channel, when its own rules are asked for.
  /// - Complexity: O(1); O(locations of the SKU) for a channel that not all of them feed.
  public func availableToSell(
    _ sku: SKUIndex, on channel: ChannelID?, listing: ListingID? = nil
  ) -> Quantity {
    if !bundles.isEmpty, let parts = bundles.components(of: sku) {
      return availableToSell(ofBundle: sku, parts, on: channel, listing: listing)
    }
    return shown(sku, on: channel, listing: listing, of: available(sku, on: channel))
  }

  /// What a channel may take of a SKU at one location that offers pickup, but does not feed it.
  public func availableForPickup(
    _ sku: SKUIndex, on channel: ChannelID, available: Quantity
  ) -> Quantity {
    shown(sku, on: channel, listing: nil, of: available)
  }

  private func shown(
    _ sku: SKUIndex, on channel: ChannelID?, listing: ListingID?, of available: Quantity
  ) -> Quantity {
    let left = leftToSell(sku, on: channel, listing: listing, of: available)
    guard !promotions.isIdle else { return max(0, left) }
    let cap = buffer(of: sku, on: channel, listing: listing)?.cap
    return max(0, besideAllotments(sku, on: channel, left, of: available, cap: cap))
  }

  /// On hand - held - committed over the locations that feed a channel.
  public func available(_ sku: SKUIndex, on channel: ChannelID?) -> Quantity {
    guard let sourcing = sourcings[channel], !sourcing.isFedByAll else { return available(sku) }
    var sum: Quantity = 0
    eachBalance(of: sku) { if sourcing.isFed(by: $0.location) { sum += $0.available } }
    return sum
  }

  public func remaining(of allotment: Allotment) -> Quantity { allotment.remaining }

  func leftToSell(
    _ sku: SKUIndex, on channel: ChannelID?, listing: ListingID?, of available: Quantity
  ) -> Quantity {
    let rule = buffers.isEmpty ? nil : buffer(of: sku, on: channel, listing: listing)
    return leftToSell(sku, on: channel, by: rule, of: available)
  }

  /// - Parameter rule: the buffer that counts, if there is one.
  func leftToSell(
    _ sku: SKUIndex, on channel: ChannelID?, by rule: Buffer?, of available: Quantity
  ) -> Quantity {
    var left = available
    if let rule {
      left = rule.left(of: available, weight: rule.followsDemand ? rateWeight(of: sku) : 0)
    }
    if let lock = lastUnits.winner(of: sku, group(of: sku)), lock.channel != channel {
      left = min(left, self.available(sku) - lock.units)
    }
    return left
  }

  /// The buffer that counts now.
  public func buffer(
    of sku: SKUIndex, on channel: ChannelID?, listing: ListingID? = nil
  ) -> Buffer? {
    buffers.winner(for: target(sku, channel, listing), at: now)
  }

  func target(
    _ sku: SKUIndex, _ channel: ChannelID?, _ listing: ListingID?
  ) -> BufferTable.Target {
    BufferTable.Target(
      sku: sku, group: buffers.hasGroups ? group(of: sku) : nil, channel: channel,
      listing: listing)
  }

  /// Rates are counted in steps, so that a number which follows demand changes when the step does.
  public var rateTime: Timestamp { now.rateStep }
}

extension Timestamp {
  /// The step of `Limits.rateStep` in which it lies.
  var rateStep: Timestamp {
    let step = Limits.rateStep.microseconds
    return Timestamp(microseconds: microseconds / step * step)
  }
}
