internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension ReadModel.Stock {
  init(of sku: SKUIndex, _ pool: Pool) {
    self.init(
      available: pool.available(sku), sequence: pool.sequence(of: sku),
      balances: pool.balances(of: sku),
      rates: pool.buffers.followsDemand ? pool.rates(of: sku) : [])
  }
}

extension ReadModel.State: AvailabilitySource {
  func group(of sku: SKUIndex) -> SKUGroup? { skus[sku.int].group }

  func available(_ sku: SKUIndex) -> Quantity { stocks[sku.int].available }

  func eachBalance(of sku: SKUIndex, _ body: (PoolDomain.Balance) -> Void) {
    for balance in stocks[sku.int].balances { body(balance) }
  }

  func rateWeight(of sku: SKUIndex) -> Int64 {
    let moment = rateTime
    return stocks[sku.int].rates.reduce(0) { $0 + $1.weight(at: moment) }
  }

  /// What each channel may show; without channels, what one without rules of its own may.
  func availability(of sku: SKUIndex, on channels: [ChannelID]) -> [ChannelAvailability] {
    guard !channels.isEmpty else {
      return [
        ChannelAvailability(
          channelID: "", availableToSellCount: availableToSell(sku, on: nil))
      ]
    }
    return channels.map { channel in
      ChannelAvailability(
        channelID: channel.text, availableToSellCount: availableToSell(sku, on: channel),
        listings: buffers.listings(of: sku, on: channel).map { listing in
          ListingAvailability(
            listingID: listing.text,
            availableToSellCount: availableToSell(sku, on: channel, listing: listing))
        })
    }
  }

  /// The holds on a SKU, the oldest first.
  ///
  /// - Complexity: O(holds): an operator's question, not a channel's.
  func holders(of sku: SKUIndex) -> [ExplainAvailabilityResponse.Holder] {
    holds.values
      .filter { hold in hold.state == .held && hold.lines.contains { $0.sku == sku } }
      .sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }
      .map { hold in
        ExplainAvailabilityResponse.Holder(
          holdID: hold.id.text, owner: hold.owner,
          quantity: hold.lines.reduce(0) { $1.sku == sku ? $0 + $1.quantity : $0 },
          expireTime: hold.expireTime)
      }
  }
}
