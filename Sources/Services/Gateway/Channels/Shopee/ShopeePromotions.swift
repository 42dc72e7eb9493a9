public import ChannelAdapter
internal import Primitives

private struct PromotionList: Decodable {
  enum CodingKeys: String, CodingKey { case items = "success_list" }
  struct Item: Decodable {
    enum CodingKeys: String, CodingKey {
      case itemID = "item_id"
      case promotions = "promotion"
    }
    var itemID: FlexibleID
    var promotions: [Promotion]?
  }
  struct Promotion: Decodable {
    enum CodingKeys: String, CodingKey {
      case promotionID = "promotion_id"
      case modelID = "model_id"
      case endTime = "end_time"
      case stock = "promotion_stock_info_v2"
    }
    struct Stock: Decodable {
      enum CodingKeys: String, CodingKey { case summary = "summary_info" }
      struct Summary: Decodable {
        enum CodingKeys: String, CodingKey { case reserved = "total_reserved_stock" }
        var reserved: LossyInt?
      }
      var summary: Summary?
    }
    var promotionID: FlexibleID
    var modelID: FlexibleID?
    var endTime: LossyInt?
    var stock: Stock?
  }
  var items: [Item]?
}

private struct ReservedPush: Decodable {
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey { case itemID = "item_id" }
    var itemID: FlexibleID?
  }
  var data: Lossy<Content>?
}

extension ShopeeAdapter: ReservedStockReading {
  public var reservedBatch: Int { ShopeeLimits.items }

  /// Units are set aside from when an item joins a promotion, which may be before it starts.
  public func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?] {
    var seen: Set<String> = []
    let ids = listings.map(\.itemID).filter { seen.insert($0).inserted }
    var found: [String: [ReservedStock]] = [:]
    for start in stride(from: 0, to: ids.count, by: ShopeeLimits.items) {
      let chunk = ids[start..<min(start + ShopeeLimits.items, ids.count)]
      let list = try await ShopeeClient(api: api).get(
        "product/get_item_promotion", [("item_id_list", chunk.joined(separator: ","))],
        as: PromotionList.self)
      for item in list.items ?? [] {
        for promotion in item.promotions ?? [] {
          guard let units = promotion.stock?.summary?.reserved?.units, units > 0 else { continue }
          let key = "\(item.itemID.text)-\(promotion.modelID?.named ?? "0")"
          found[key, default: []].append(
            ReservedStock(
              name: promotion.promotionID.text, quantity: units,
              endTime: promotion.endTime.flatMap { ChannelTime.unix($0.value) }))
        }
      }
    }
    // What Shopee lists nothing for is in no promotion.
    return listings.map { listing in
      found["\(listing.itemID)-\(listing.variationID.isEmpty ? "0" : listing.variationID)"] ?? []
    }
  }

  /// An item joins, changes or leaves a promotion, or an order takes from what is set aside.
  public func reservedChange(in event: ChannelEvent) -> ReservedChange? {
    guard let code = Int64(event.topic), ShopeePushCode.promotions.contains(code) else {
      return nil
    }
    let push = try? ChannelJSON.event(ReservedPush.self, from: event.body)
    return push?.data?.value?.itemID?.named.map { .item($0) } ?? .all
  }
}
