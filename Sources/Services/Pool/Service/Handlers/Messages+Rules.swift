internal import PoolAPI
internal import PoolDomain
internal import Primitives

// Rules as messages.

extension PoolAPI.Buffer {
  init(_ buffer: PoolDomain.Buffer, _ names: some Names) {
    self.init(
      sku: buffer.scope.sku.map { names.name(of: $0) } ?? "",
      channelID: buffer.scope.channel?.text ?? "",
      margin: buffer.margin.map { Self.margin($0, buffer) },
      capCount: buffer.cap, updateTime: buffer.updateTime,
      skuGroup: buffer.scope.group?.text ?? "", listingID: buffer.scope.listing?.text ?? "",
      name: buffer.key.name, minimumCount: buffer.least, maximumCount: buffer.most,
      startTime: buffer.startTime, endTime: buffer.endTime)
  }

  private static func margin(
    _ margin: PoolDomain.Buffer.Margin, _ buffer: PoolDomain.Buffer
  ) -> Margin {
    switch margin {
    case .units(let count): .unitCount(count)
    case .basisPoints(let points): .basisPoints(points)
    case .tiers(let threshold, let above, let below):
      .tiers(Tiers(thresholdCount: threshold, aboveCount: above, belowCount: below))
    case .demand(let lag, let factor):
      .demand(
        Demand(lag: lag, factorBasisPoints: factor, lagIsMeasured: buffer.isLagMeasured))
    }
  }
}

extension PoolAPI.LastUnits {
  init(_ lock: PoolDomain.LastUnits, _ names: some Names) {
    self.init(
      sku: lock.scope.sku.map { names.name(of: $0) } ?? "",
      skuGroup: lock.scope.group?.text ?? "", channelID: lock.channel.text,
      unitCount: lock.units, updateTime: lock.updateTime)
  }
}

extension ChannelSourcing {
  init(_ sourcing: Sourcing, _ names: some Names) {
    self.init(
      channelID: sourcing.channel.text, strategy: Strategy(rawValue: sourcing.strategy.rawValue),
      locationIDs: sourcing.locations.map { names.name(of: $0) },
      updateTime: sourcing.updateTime)
  }
}

extension PoolAPI.Placement {
  init(_ placement: PoolDomain.Placement, _ names: some Names) {
    self.init(
      lineIndex: Int32(placement.line),
      strategy: ChannelSourcing.Strategy(rawValue: placement.strategy?.rawValue ?? 0),
      considered: placement.considered.map {
        Considered(
          locationID: names.name(of: $0.location), freeCount: $0.free, takenCount: $0.taken,
          outcome: Outcome(rawValue: $0.outcome.rawValue))
      }, omittedCount: Int32(placement.omittedCount))
  }
}
