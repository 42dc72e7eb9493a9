internal import Primitives
internal import StorageCore

/// `inventory/update`: one product, 1 to 100 SKUs, every warehouse of each; and `inventory/search`.
///
/// The sandbox counts a SKU as one number, which lies in the first warehouse.
enum TikTokStock {
  static let maximum: Int64 = 99_999
  private static let skus = 100

  /// Warehouses and what each has.
  static func shares(of listing: StockListing, _ shop: Shop) -> [(String, Int64)] {
    TikTokWords.warehouses(shop).enumerated().map { ($1, $0 == 0 ? listing.sellable : 0) }
  }

  static func update(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    let listings = try market.transaction.listings(shop.key, item: call.id)
    guard !listings.isEmpty else { throw MarketRefusal.listingUnknown(call.id) }
    guard TikTokProducts.status(listings) == "ACTIVATE" else {
      throw TikTokError(
        12_052_901, "The product in its current status is not available for this operation.")
    }
    guard let entries = call.body["skus"].array, !entries.isEmpty else {
      throw TikTokError(12_052_902, "The SKU list is empty.")
    }
    guard entries.count <= skus else {
      throw TikTokError(12_052_050, "A single product cannot have more than 100 different SKUs")
    }
    guard Set(entries.map { $0["id"].string }).count == entries.count else {
      throw TikTokError(12_052_553, "Sku id duplicate")
    }
    var errors: [JSONValue] = []
    for entry in entries {
      guard let sku = entry["id"].string, !sku.isEmpty else {
        throw TikTokError(12_052_036, "The SKU ID is necessary")
      }
      if let (code, message) = try set(entry, sku, of: listings, market, shop) {
        errors.append([
          "code": 12_052_990, "message": "Check failed",
          "detail": [
            "sku_id": .string(sku),
            "extra_errors": [["code": .integer(code), "message": .string(message)]],
          ],
        ])
      }
    }
    return errors.isEmpty ? [:] : ["errors": .array(errors)]
  }

  /// Why it is not done; nil when it is.
  private static func set(
    _ entry: JSONValue, _ sku: String, of listings: [StockListing], _ market: Market, _ shop: Shop
  ) throws -> (Int64, String)? {
    guard var listing = listings.first(where: { $0.variationID == sku }) else {
      return (12_052_556, "The SKU id not exist.")
    }
    let warehouses = TikTokWords.warehouses(shop)
    let inventory = entry["inventory"].array ?? []
    let named = inventory.compactMap { $0["warehouse_id"].string }
    let isOnly = warehouses.count == 1 && inventory.count == 1 && named.isEmpty
    guard isOnly || named.sorted() == warehouses.sorted() else {
      return (12_019_028, "Multiple warehouses detected. Include all warehouse IDs.")
    }
    let least = Int64(shop.secret("least_stock")) ?? 0
    let quantities = inventory.compactMap { $0["quantity"].integer }
    guard quantities.count == inventory.count, quantities.allSatisfy({ $0 <= maximum }),
      quantities.allSatisfy({ $0 >= 0 }), quantities.contains(where: { $0 >= least })
    else { return (12_052_055, "The SKU inventory quantity must be within allowed limits.") }
    let total = quantities.reduce(0, +)
    guard !market.refusesEntry(of: .tiktok) else {
      return (36_009_003, "Internal error. Please try again.")
    }
    guard listing.locked(at: market.now) == 0 || total >= listing.sellable else {
      return (
        12_052_393, "Product locked for Promotion and stock can't be updated below current stock"
      )
    }
    listing.sellable = total
    try market.transaction.save(listing, at: market.now)
    return nil
  }

  static func search(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let names = try call.list("sku_ids", atMost: 600)
    let products = try call.list("product_ids", atMost: 100)
    let found: [StockListing]
    if names.isEmpty {
      found = try transaction.listings(shop.key, .item, among: products)
    } else {
      found = try transaction.listings(shop.key, .variation, among: names)
    }
    let inventory = found.byItem.map { listings -> JSONValue in
      [
        "product_id": .string(listings[0].itemID),
        "skus": .array(listings.map { json($0, shop, at: call.now) }),
      ]
    }
    return ["inventory": .array(inventory)]
  }

  /// Of a campaign's end nothing is said here.
  private static func json(
    _ listing: StockListing, _ shop: Shop, at now: Timestamp
  ) -> JSONValue {
    let committed = listing.withheld + listing.occupied
    let locked = listing.locked(at: now)
    return [
      "id": .string(listing.variationID), "seller_sku": .string(listing.sku),
      "total_available_quantity": .integer(listing.sellable),
      "total_committed_quantity": .integer(committed),
      "warehouse_inventory": .array(
        shares(of: listing, shop).enumerated().map { index, share in
          [
            "warehouse_id": .string(share.0), "available_quantity": .integer(share.1),
            "committed_quantity": .integer(index == 0 ? committed : 0),
          ]
        }),
      "total_available_inventory_distribution": [
        "in_shop_inventory": ["quantity": .integer(listing.sellable - locked)],
        "campaign_inventory": locked == 0
          ? [] : [["quantity": .integer(locked), "campaign_name": "Sandbox campaign"]],
        "creator_inventory": [],
      ],
    ]
  }
}
