public import ChannelAdapter
public import Primitives

private struct InventorySearch: Encodable {
  enum CodingKeys: String, CodingKey { case skuIDs = "sku_ids" }
  var skuIDs: [String]
}

private struct InventoryNews: Decodable {
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey { case productID = "product_id" }
    var productID: FlexibleID?
  }
  var data: Lossy<Content>?
}

private struct InventoryList: Decodable {
  struct Product: Decodable {
    var skus: [TikTokShopInventory]?
  }
  var inventory: [Product]?
}

/// What TikTok Shop has of one SKU. `available` is what `inventory/update` sets: the units that can be ordered,
/// those of campaigns and creators among them; open orders are off it already and counted apart, as `committed`.
struct TikTokShopInventory: Decodable {
  enum CodingKeys: String, CodingKey {
    case id
    case total = "total_available_quantity"
    case warehouses = "warehouse_inventory"
    case distribution = "total_available_inventory_distribution"
  }
  struct Warehouse: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "warehouse_id"
      case available = "available_quantity"
    }
    var id: FlexibleID
    var available: LossyInt?
  }
  struct Distribution: Decodable {
    enum CodingKeys: String, CodingKey {
      case campaigns = "campaign_inventory"
      case creators = "creator_inventory"
    }
    struct Share: Decodable {
      enum CodingKeys: String, CodingKey {
        case quantity
        case campaign = "campaign_name"
        case creator = "creator_name"
      }
      var quantity: LossyInt?
      var campaign: String?
      var creator: String?
    }
    var campaigns: [Share]?
    var creators: [Share]?
  }
  var id: FlexibleID
  var total: LossyInt?
  var warehouses: [Warehouse]?
  var distribution: Distribution?

  /// In the one warehouse that is named, or in all of them; nil when TikTok says nothing of it.
  func available(in warehouseID: String?) -> Quantity? {
    if let warehouseID {
      return warehouses?.first { $0.id.text == warehouseID }?.available?.shownCount
    }
    if let total { return total.shownCount }
    let parts = (warehouses ?? []).map { $0.available?.shownCount }
    return parts.isEmpty || parts.contains(nil) ? nil : parts.compactMap { $0 }.reduce(0, +)
  }
}

extension ChannelAccount {
  /// The one warehouse that is ours; nil when all of the shop's are.
  var tikTokShopWarehouse: String? {
    let id = credentials[TikTokShopCredential.warehouseID] ?? ""
    return id.isEmpty ? nil : id
  }
}

extension TikTokShopAdapter: ReservedStockReading {
  /// SKUs of any products go into one call.
  public func readKey(_ listing: ChannelListing) -> String { "" }

  public var readBatch: Int { TikTokShopLimits.inventories }

  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    let found = try await inventories(of: listings, api)
    let warehouse = api.account.tikTokShopWarehouse
    return listings.map { found[$0.variationID]?.available(in: warehouse) }
  }

  public var reservedBatch: Int { TikTokShopLimits.inventories }

  /// News of an inventory and of a promotion; the first names its product.
  public func reservedChange(in event: ChannelEvent) -> ReservedChange? {
    switch event.topic {
    case "27":
      let news = try? ChannelJSON.event(InventoryNews.self, from: event.body)
      return news?.data?.value?.productID?.named.map { .item($0) } ?? .all
    case "39": return .all
    default: return nil
    }
  }

  /// The shares of campaigns and creators. When they end TikTok does not say here; what is left of them then is the
  /// shop's again.
  public func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?] {
    let found = try await inventories(of: listings, api)
    return listings.map { listing in
      guard let inventory = found[listing.variationID] else { return nil }
      let shares =
        (inventory.distribution?.campaigns ?? []) + (inventory.distribution?.creators ?? [])
      return shares.compactMap { share in
        guard let quantity = share.quantity?.units, quantity > 0 else { return nil }
        return ReservedStock(name: share.campaign ?? share.creator ?? "", quantity: quantity)
      }
    }
  }

  /// By SKU ID; what TikTok does not know is left out.
  func inventories(
    of listings: [ChannelListing], _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: TikTokShopInventory] {
    var seen: Set<String> = []
    let ids = listings.map(\.variationID).filter { !$0.isEmpty && seen.insert($0).inserted }
    var found: [String: TikTokShopInventory] = [:]
    for start in stride(from: 0, to: ids.count, by: TikTokShopLimits.inventories) {
      let chunk = Array(ids[start..<min(start + TikTokShopLimits.inventories, ids.count)])
      let list = try await TikTokShopClient(api: api).post(
        "/product/202309/inventory/search", [], InventorySearch(skuIDs: chunk),
        as: InventoryList.self)
      for sku in (list.inventory ?? []).flatMap({ $0.skus ?? [] }) { found[sku.id.text] = sku }
    }
    return found
  }
}
