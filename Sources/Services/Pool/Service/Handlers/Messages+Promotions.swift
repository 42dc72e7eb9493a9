internal import Kit
internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension PoolAPI.Promotion {
  /// - Parameter clock: a start or an end that has come counts, whether or not the writer has been there; a
  ///   clock that was set back undoes none.
  init(_ promotion: PoolDomain.Promotion, _ state: ReadModel.State, _ clock: Timestamp) {
    self.init(
      promotion, state.promotions.allotments(of: promotion), state, now: max(clock, state.now))
  }

  init(
    _ promotion: PoolDomain.Promotion, _ allotments: [Allotment], _ names: some Names,
    now: Timestamp
  ) {
    self.init(
      promotionID: promotion.id.text, displayName: promotion.displayName,
      channelIDs: promotion.channels.map(\.text),
      strategy: Strategy(rawValue: promotion.strategy.rawValue), startTime: promotion.startTime,
      endTime: promotion.endTime,
      lines: promotion.lines.enumerated().map { number, line in
        let kept = number < allotments.count ? allotments[number] : nil
        return PromotionLine(
          sku: names.name(of: line.sku), allottedCount: kept?.quantity ?? line.quantity,
          takenCount: kept?.taken ?? 0, remainingCount: kept?.remaining ?? line.quantity)
      },
      state: State(rawValue: promotion.state(at: now).rawValue),
      createTime: promotion.createTime, updateTime: promotion.updateTime, etag: promotion.etag)
  }
}

extension PoolAPI.PromotionClash {
  init(_ clash: PoolDomain.PromotionClash, _ names: some Names) {
    self.init(
      kind: Kind(rawValue: clash.kind.rawValue), sku: clash.sku.map { names.name(of: $0) } ?? "",
      channelID: clash.channel?.text ?? "", otherPromotionID: clash.other?.text ?? "",
      wantedCount: clash.wanted, presentCount: clash.present, clashTime: clash.time)
  }
}

extension RequestCheck {
  mutating func promotion(_ promotion: PoolAPI.Promotion) -> SetPromotion {
    count(
      promotion.channelIDs, "promotion.channel_ids", in: 1...PoolDomain.Limits.promotionChannels)
    let channels = promotion.channelIDs.prefix(Limits.promotionChannels).enumerated().map {
      identifier(ChannelID.self, $1, "promotion.channel_ids[\($0)]")
    }
    for (number, channel) in channels.enumerated() where channels[..<number].contains(channel) {
      refuse("promotion.channel_ids[\(number)]", "The channel \(channel) comes a second time.")
    }
    let strategy = PoolDomain.Promotion.Strategy(rawValue: promotion.strategy.rawValue)
    if strategy == nil {
      refuse("promotion.strategy", "It must be RESTRICT, REGULAR or IRON_RESERVE.")
    }
    return SetPromotion(
      id: identifier(PromotionID.self, promotion.promotionID, "promotion.promotion_id"),
      displayName: text(
        promotion.displayName, "promotion.display_name", atMost: Limits.displayNameBytes,
        mayBeEmpty: true),
      channels: channels, strategy: strategy ?? .restrict,
      startTime: required(promotion.startTime, "promotion.start_time") ?? .zero,
      endTime: required(promotion.endTime, "promotion.end_time") ?? .zero,
      lines: allotments(promotion.lines, "promotion.lines"), etag: promotion.etag)
  }

  mutating func allotments(_ lines: [PromotionLine], _ path: String) -> [SetPromotion.Line] {
    count(lines, path, in: 1...Limits.promotionLines)
    var known: Set<String> = []
    return lines.prefix(Limits.promotionLines).enumerated().map { number, line in
      if !known.insert(line.sku).inserted {
        refuse("\(path)[\(number)].sku", "The SKU \(line.sku) comes a second time.")
      }
      return SetPromotion.Line(
        sku: identifier(SKU.self, line.sku, "\(path)[\(number)].sku"),
        quantity: quantity(
          line.allottedCount, "\(path)[\(number)].allotted_count", in: 1...Limits.lineUnits))
    }
  }

  mutating func clashes(
    _ kinds: [PoolAPI.PromotionClash.Kind]
  ) -> Set<PoolDomain.PromotionClash.Kind> {
    count(kinds, "accepted_clashes", in: 0...PoolDomain.PromotionClash.Kind.allCases.count)
    var found: Set<PoolDomain.PromotionClash.Kind> = []
    for (number, kind) in kinds.prefix(10).enumerated() {
      if let kind = PoolDomain.PromotionClash.Kind(rawValue: kind.rawValue), kind.canBeAccepted {
        found.insert(kind)
      } else {
        refuse("accepted_clashes[\(number)]", "It must be OVER_PROMISED or BUFFER.")
      }
    }
    return found
  }
}
