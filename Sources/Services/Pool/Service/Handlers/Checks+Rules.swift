internal import Kit
internal import PoolAPI
internal import PoolDomain
internal import Primitives
internal import RPCCore

// Rules, as requests write them.

extension RequestCheck {
  mutating func buffer(_ buffer: PoolAPI.Buffer) -> SetBuffer {
    let (sku, group) = goods(buffer.sku, buffer.skuGroup, "buffer")
    var command = SetBuffer(
      sku: sku, group: group,
      channel: optionalIdentifier(ChannelID.self, buffer.channelID, "buffer.channel_id"),
      listing: optionalIdentifier(ListingID.self, buffer.listingID, "buffer.listing_id"),
      name: text(buffer.name, "buffer.name", atMost: Limits.ruleNameBytes, mayBeEmpty: true),
      margin: margin(buffer.margin), least: buffer.minimumCount, most: buffer.maximumCount,
      cap: buffer.capCount, startTime: buffer.startTime, endTime: buffer.endTime)
    if case .demand(let demand) = buffer.margin { command.isLagMeasured = demand.lagIsMeasured }
    if command.listing != nil, command.sku == nil || command.channel == nil {
      refuse("buffer.listing_id", "A listing's buffer names its SKU and its channel, too.")
      command.listing = nil
    }
    bounds(of: command)
    if let start = command.startTime, let end = command.endTime, end <= start {
      refuse("buffer.end_time", "It is not after start_time.")
    }
    return command
  }

  private mutating func bounds(of command: SetBuffer) {
    quantity(command.least, "buffer.minimum_count", in: 0...Limits.bufferUnits)
    if let most = command.most {
      let least = max(0, min(command.least, Limits.bufferUnits))
      quantity(most, "buffer.maximum_count", in: least...Limits.bufferUnits)
    }
    if let cap = command.cap { quantity(cap, "buffer.cap_count", in: 0...Limits.bufferUnits) }
    guard command.margin == nil else { return }
    if command.least != 0 { refuse("buffer.minimum_count", "There is no margin to bound.") }
    if command.most != nil { refuse("buffer.maximum_count", "There is no margin to bound.") }
  }

  private mutating func margin(_ margin: PoolAPI.Buffer.Margin?) -> PoolDomain.Buffer.Margin? {
    switch margin {
    case .unitCount(let count):
      return .units(quantity(count, "buffer.unit_count", in: 0...Limits.bufferUnits))
    case .basisPoints(let points):
      integer(Int64(points), "buffer.basis_points", in: 0...Int64(Limits.basisPoints))
      return .basisPoints(points)
    case .tiers(let tiers):
      let range = 0...Limits.bufferUnits
      return .tiers(
        threshold: quantity(
          tiers.thresholdCount, "buffer.tiers.threshold_count", in: range),
        above: quantity(tiers.aboveCount, "buffer.tiers.above_count", in: range),
        below: quantity(tiers.belowCount, "buffer.tiers.below_count", in: range))
    case .demand(let demand):
      let factor = demand.factorBasisPoints
      integer(
        Int64(factor), "buffer.demand.factor_basis_points", in: 0...Int64(Limits.demandFactor))
      let lag = lag(demand.lag, "buffer.demand.lag")
      return .demand(lag: lag, factor: factor == 0 ? Limits.basisPoints : factor)
    case nil: return nil
    }
  }

  mutating func lag(_ span: Duration?, _ path: String) -> Duration {
    let lag = required(span, path) ?? .seconds(1)
    if lag < .microseconds(1) || lag > Limits.lag {
      refuse(path, "It is more than 0 and at most 24 hours.")
    }
    return lag
  }

  /// A SKU, a group of SKUs, or neither.
  mutating func goods(
    _ sku: String, _ group: String, _ path: String
  ) -> (SKU?, SKUGroup?) {
    let sku = optionalIdentifier(SKU.self, sku, "\(path).sku")
    let group = optionalIdentifier(SKUGroup.self, group, "\(path).sku_group")
    guard sku != nil, group != nil else { return (sku, group) }
    refuse("\(path).sku_group", "It is for a SKU or for a group.")
    return (sku, nil)
  }

  mutating func sourcing(_ sourcing: ChannelSourcing) -> SetSourcing {
    let strategy = Sourcing.Strategy(rawValue: sourcing.strategy.rawValue)
    if strategy == nil, sourcing.strategy != .unspecified || !sourcing.locationIDs.isEmpty {
      refuse("sourcing.strategy", "It is none of those that there are.")
    }
    return SetSourcing(
      channel: identifier(ChannelID.self, sourcing.channelID, "sourcing.channel_id"),
      strategy: strategy,
      locations: each(
        LocationID.self, sourcing.locationIDs, "sourcing.location_ids",
        atMost: Limits.sourcedLocations))
  }

  mutating func traits(_ location: PoolAPI.Location) -> LocationTraits {
    var traits = LocationTraits(
      zones: each(Zone.self, location.zones, "location.zones", atMost: Limits.zones),
      offersPickup: location.offersPickup)
    if let kind = LocationTraits.Kind(rawValue: location.kind.rawValue) {
      traits.kind = kind
    } else if location.kind != .unspecified {
      refuse("location.kind", "It is none of those that there are.")
    }
    return traits
  }

  mutating func zone(_ text: String) -> Zone? { optionalIdentifier(Zone.self, text, "zone") }

  /// Identifiers that come once each.
  private mutating func each<ID: Identifier>(
    _ type: ID.Type, _ texts: [String], _ path: String, atMost maximum: Int
  ) -> [ID] {
    count(texts, path, in: 0...maximum)
    var known: Set<String> = []
    return texts.prefix(maximum).enumerated().map { number, text in
      if !known.insert(text).inserted { refuse("\(path)[\(number)]", "It comes a second time.") }
      return identifier(type, text, "\(path)[\(number)]")
    }
  }
}
