public import ChannelAdapter
internal import Primitives

/// What a campaign has locked of one SKU.
struct LazadaChannelInventory: Decodable {
  var channelName: Lossy<String>?
  /// Milliseconds or text; what is neither is not known.
  var endTime: Lossy<FlexibleID>?
  var sellableQuantity: Lossy<LossyInt>?

  var reserved: ReservedStock? {
    guard let units = sellableQuantity?.value?.units, units > 0 else { return nil }
    let text = endTime?.value?.text ?? ""
    return ReservedStock(
      name: channelName?.value ?? "campaign", quantity: units,
      endTime: Int64(text).flatMap(ChannelTime.unix) ?? ChannelTime.iso8601(text))
  }
}

extension LazadaAdapter: ReservedStockReading {
  public var reservedBatch: Int { LazadaLimits.products }

  /// The campaign's lock is in the sellable number already.
  public func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?] {
    let products = try await products(of: listings, api)
    return listings.map { listing in
      products[listing.itemID]?.sku(of: listing).map { sku in
        (sku.campaigns?.value ?? []).compactMap(\.reserved)
      }
    }
  }

  /// What a promotion's message holds is not established, so everything is looked at.
  public func reservedChange(in event: ChannelEvent) -> ReservedChange? {
    event.topic == "11" ? .all : nil
  }
}
