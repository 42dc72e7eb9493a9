internal import Kit
internal import Primitives
internal import StorageCore

/// Loyverse's items, and how many of each variant a store has on its shelf.
enum LoyverseStock {
  static func items(_ transaction: any ReadTransaction, _ call: LoyverseCall) throws -> JSONValue {
    var items: [[StockListing]] = []
    for listing in try call.shops.flatMap({ try transaction.listings($0.key) }) {
      if let index = items.firstIndex(where: { $0[0].itemID == listing.itemID }) {
        items[index].append(listing)
      } else {
        items.append([listing])
      }
    }
    return try call.page("items", items.map(item))
  }

  private static func item(_ listings: [StockListing]) -> JSONValue {
    [
      "id": .string(listings[0].itemID), "item_name": .string(listings[0].title),
      "is_composite": false, "use_production": false, "track_stock": true, "deleted_at": .null,
      "variants": .array(
        listings.map { listing in
          [
            "variant_id": .string(listing.variationID), "item_id": .string(listing.itemID),
            "sku": .string(listing.sku), "option1_value": .null,
            "stores": [
              [
                "store_id": .string(listing.shop.shopID),
                "available_for_sale": .bool(listing.state == "live"),
              ]
            ],
          ]
        }),
    ]
  }

  static func levels(_ transaction: any ReadTransaction, _ call: LoyverseCall) throws -> JSONValue {
    let wanted = (call.query["variant_ids"] ?? "").split(separator: ",").map(String.init)
    let listings = try call.shops(named: "store_ids").flatMap { try transaction.listings($0.key) }
    return try call.page(
      "inventory_levels",
      listings.filter { wanted.isEmpty || wanted.contains($0.variationID) }.map(level))
  }

  private static func level(_ listing: StockListing) -> JSONValue {
    [
      "variant_id": .string(listing.variationID), "store_id": .string(listing.shop.shopID),
      "in_stock": .integer(listing.sellable), "updated_at": .string(listing.changeTime.rfc3339),
    ]
  }

  /// All levels, or none.
  static func set(_ market: Market, _ call: LoyverseCall) throws -> JSONValue {
    let entries = call.body["inventory_levels"].array ?? []
    guard !entries.isEmpty else {
      throw LoyverseError(
        400, "MISSING_REQUIRED_PARAMETER", "There are no levels.", field: "inventory_levels")
    }
    guard !market.refusesEntry(of: .loyverse) else { throw LoyverseError.system }
    var changed: [JSONValue] = []
    for (index, entry) in entries.enumerated() {
      let stem = "inventory_levels[\(index)]"
      guard let shop = call.shops.first(where: { $0.key.shopID == entry["store_id"].string }) else {
        throw LoyverseError.invalid("There is no such store.", field: "\(stem).store_id")
      }
      let variant = entry["variant_id"].string ?? ""
      let listings = try market.transaction.listings(shop.key)
      guard var listing = listings.first(where: { $0.variationID == variant }) else {
        throw LoyverseError.invalid("There is no such variant.", field: "\(stem).variant_id")
      }
      guard let stock = entry["stock_after"].integer, (0...SandboxLimits.stock).contains(stock)
      else { throw LoyverseError.invalid("It is no number.", field: "\(stem).stock_after") }
      listing.sellable = stock
      try market.transaction.save(listing, at: market.now)
      changed.append(level(listing))
    }
    return ["inventory_levels": .array(changed)]
  }
}
