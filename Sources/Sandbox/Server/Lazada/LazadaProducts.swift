internal import Primitives
internal import StorageCore

/// Lazada's product calls, by which listings are imported and read back.
enum LazadaProducts {
  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    let filters = [
      "all", "live", "inactive", "deleted", "image-missing", "pending", "rejected", "sold-out",
    ]
    guard let filter = call.parameters["filter"] else { throw LazadaError.missing("filter") }
    guard filters.contains(filter) else { throw LazadaError.invalid("filter") }
    let limit = try call.integer("limit", default: 20, in: 1...50)
    let offset = try call.integer("offset", default: 0, in: 0...10_000)
    var wanted: [String]?
    if call.parameters["sku_seller_list"] != nil {
      let skus = try call.json("sku_seller_list").array?.compactMap(\.text) ?? []
      guard (1...100).contains(skus.count) else { throw LazadaError.invalid("sku_seller_list") }
      wanted = skus
    }
    let named: [StockListing]
    if let wanted {
      named = try transaction.listings(shop.key, .sku, among: wanted)
    } else {
      named = try transaction.listings(shop.key)
    }
    var listings = named.filter { listing in
      switch filter {
      case "all": true
      case "live": listing.state == "live"
      case "inactive": listing.state != "live"
      case "sold-out": listing.sellable == 0
      default: false
      }
    }
    if let after = try call.time("update_after") {
      listings = listings.filter { $0.changeTime >= after }
    }
    let items = listings.byItem
    let isDetailed = call.parameters["options"] == "1"
    return [
      "total_products": .integer(Int64(items.count)),
      "products": .array(
        items.dropFirst(Int(offset)).prefix(Int(limit)).map {
          json($0, isDetailed: isDetailed, at: call.now)
        }),
    ]
  }

  static func item(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    var item = call.parameters["item_id"]
    if item == nil, let sku = call.parameters["seller_sku"] {
      item = try transaction.listing(shop.key, sku: sku)?.itemID
    }
    guard let item else { throw LazadaError.missing("item_id") }
    let listings = try transaction.listings(shop.key, item: item)
    guard !listings.isEmpty else { throw LazadaError.seller("208", "E208: Invalid ItemId") }
    return json(listings, isDetailed: true, at: call.now)
  }

  private static func json(
    _ listings: [StockListing], isDetailed: Bool, at now: Timestamp
  ) -> JSONValue {
    [
      "item_id": .id(listings[0].itemID), "primary_category": 10_000_345,
      "status": listings[0].state == "live" ? "Active" : "InActive",
      "attributes": ["name": .string(listings[0].title)],
      "updated_time": .string(String(listings[0].changeTime.milliseconds)),
      "skus": .array(listings.map { sku($0, isDetailed: isDetailed, at: now) }),
    ]
  }

  /// Sellable = real − withheld − occupied; `quantity` is what is physically there.
  private static func sku(
    _ listing: StockListing, isDetailed: Bool, at now: Timestamp
  ) -> JSONValue {
    let sku: JSONValue = [
      "SkuId": .id(listing.variationID), "SellerSku": .string(listing.sku),
      "ShopSku": .string("\(listing.itemID)_SGAMZ-\(listing.variationID)"),
      "Status": listing.state == "live" ? "active" : "inactive",
      "quantity": .integer(listing.real), "Available": .integer(listing.sellable),
      "saleProp": [:], "price": 30, "Url": "",
    ]
    guard isDetailed else { return sku }
    var locked: JSONValue = []
    if listing.locked(at: now) > 0 {
      let campaign: JSONValue = [
        "channelName": "flash", "sellableQuantity": .integer(listing.locked(at: now)),
        "startTime": .integer((listing.promotionStart ?? now).milliseconds),
      ]
      locked = [
        listing.promotionEnd.map { campaign.adding("endTime", .integer($0.milliseconds)) }
          ?? campaign
      ]
    }
    return sku.adding(
      "multiWarehouseInventories",
      [
        [
          "warehouseCode": .string(LazadaWords.warehouse),
          "sellableQuantity": .integer(listing.sellable),
          "withholdQuantity": .integer(listing.withheld),
          "occupyQuantity": .integer(listing.occupied),
          "totalQuantity": .integer(listing.real), "quantity": .integer(listing.real),
        ]
      ]
    ).adding("fblWarehouseInventories", []).adding("channelInventories", locked)
  }

  static func warehouses(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    [["code": .string(LazadaWords.warehouse), "name": "Warehouse", "is_default": true]]
  }
}
