internal import Primitives
internal import StorageCore

/// Products and their variations, and their numbers.
enum WooCommerceProducts {
  private static let batchEntries = 100
  /// How a listing's stock is counted, in `inventoryItemID`; anything else: by itself.
  private static let unmanaged = "unmanaged"
  private static let parentStock = "parent"

  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: WooCommerceCall
  ) throws -> WooCommercePlatform.Answer {
    let (offset, size) = try call.page()
    let listings: [StockListing]
    if let wanted = call.included {
      listings = try transaction.listings(shop.key, .item, among: wanted.sorted())
    } else {
      listings = try transaction.listings(shop.key)
    }
    var products = listings.byItem
    if let sku = call.query["sku"] { products = products.filter { $0.contains { $0.sku == sku } } }
    products.sort { (Int64($0[0].itemID) ?? 0) < (Int64($1[0].itemID) ?? 0) }
    if call.query["order"] != "asc" { products.reverse() }
    let rows = products.dropFirst(offset).prefix(size).map(json)
    return .init(page: Array(rows), total: products.count, size: size)
  }

  static func product(
    _ transaction: any ReadTransaction, _ shop: Shop, _ id: String
  ) throws -> JSONValue {
    let listings = try transaction.listings(shop.key, item: id)
    guard !listings.isEmpty else { throw WooCommerceError.product }
    return json(listings)
  }

  static func variations(
    _ transaction: any ReadTransaction, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> WooCommercePlatform.Answer {
    let (offset, size) = try call.page()
    let all = try transaction.listings(shop.key, item: id)
    guard !all.isEmpty else { throw WooCommerceError.product }
    let parent = all.first { $0.variationID.isEmpty }
    var found = all.filter { !$0.variationID.isEmpty }
    if let wanted = call.included { found = found.filter { wanted.contains($0.variationID) } }
    if call.query["order"] != "asc" { found.reverse() }
    let rows = found.dropFirst(offset).prefix(size).map {
      variation($0, parent, all.filter { !$0.variationID.isEmpty })
    }
    return .init(page: Array(rows), total: found.count, size: size)
  }

  /// One listing without a variation is a simple product; one with them is their parent, and may have
  /// a number of its own.
  private static func json(_ listings: [StockListing]) -> JSONValue {
    let own = listings.first { $0.variationID.isEmpty }
    let variations = listings.filter { !$0.variationID.isEmpty }
    let first = listings[0]
    let product: JSONValue = [
      "id": .id(first.itemID),
      "name": .string(variations.isEmpty ? first.title : variations.productTitle),
      "type": variations.isEmpty ? "simple" : "variable",
      "status": first.state == "live" ? "publish" : "private",
      "sku": .string(own?.sku ?? ""), "price": "30.00", "parent_id": 0,
      "variations": .array(variations.map { .id($0.variationID) }), "attributes": [],
    ]
    return product.joined(stock(own, nil))
  }

  private static func variation(
    _ listing: StockListing, _ parent: StockListing?, _ siblings: [StockListing]
  ) -> JSONValue {
    let option = siblings.optionTitle(of: listing)
    let variation: JSONValue = [
      "id": .id(listing.variationID), "parent_id": .id(listing.itemID), "type": "variation",
      "sku": .string(listing.sku), "status": listing.state == "live" ? "publish" : "private",
      "price": "30.00",
      "attributes": .array(
        option.map { [["id": 1, "name": "Option", "option": .string($0)]] } ?? []),
    ]
    return variation.joined(stock(listing, parent))
  }

  private static func stock(_ listing: StockListing?, _ parent: StockListing?) -> JSONValue {
    let isParents = listing?.inventoryItemID == parentStock
    let source = isParents ? parent : listing
    let isManaged = source.map { $0.inventoryItemID != unmanaged } ?? false
    let number = isManaged ? source?.sellable : nil
    return [
      "manage_stock": isParents ? "parent" : .bool(isManaged),
      "stock_quantity": .optional(number),
      "stock_status": number.map { $0 > 0 ? "instock" : "outofstock" } ?? "instock",
      "backorders": "no", "low_stock_amount": .null,
      "date_modified_gmt": source.map { WooCommerceWords.time($0.changeTime) } ?? .null,
    ]
  }

  /// `products/batch` and `products/<id>/variations/batch`: each object is done or refused by itself.
  static func batch(
    _ market: Market, _ shop: Shop, parent: String?, _ call: WooCommerceCall
  ) throws -> JSONValue {
    let lists = ["create", "update", "delete"].map { call.body[$0].array ?? [] }
    guard lists.reduce(0, { $0 + $1.count }) <= batchEntries else {
      throw WooCommerceError(
        413, "woocommerce_rest_request_entity_too_large",
        "Unable to accept more than \(batchEntries) items for this request.")
    }
    guard lists[0].isEmpty, lists[2].isEmpty else {
      throw WooCommerceError(403, "woocommerce_rest_cannot_create", "Only updates are served here.")
    }
    let rows = try lists[1].map { entry -> JSONValue in
      do {
        return try update(market, shop, parent, entry)
      } catch let error as WooCommerceError {
        return ["id": entry["id"], "error": error.json]
      }
    }
    return ["update": .array(rows)]
  }

  private static func update(
    _ market: Market, _ shop: Shop, _ parent: String?, _ entry: JSONValue
  ) throws -> JSONValue {
    guard let id = entry["id"].looseInteger.map({ String($0) }) else {
      throw WooCommerceError.parameter("id")
    }
    guard !market.refusesEntry(of: .woocommerce) else {
      throw WooCommerceError(500, "internal_error", "The product could not be saved.")
    }
    let all = try market.transaction.listings(shop.key, item: parent ?? id)
    let own = all.first { $0.variationID == (parent == nil ? "" : id) }
    guard !all.isEmpty, parent == nil || own != nil else {
      let code =
        parent == nil
        ? "woocommerce_rest_product_invalid_id" : "woocommerce_rest_product_variation_invalid_id"
      throw WooCommerceError(400, code, "Invalid ID.")
    }
    // A variable product may be given a number of its own.
    var listing =
      own
      ?? StockListing(
        shop: shop.key, itemID: id, variationID: "", sku: "", title: all[0].title,
        inventoryItemID: unmanaged, state: all[0].state, sellable: 0)
    if let isManaged = entry["manage_stock"].bool {
      listing.inventoryItemID = isManaged ? "" : unmanaged
    }
    if entry.has("stock_quantity"), listing.inventoryItemID != unmanaged {
      guard let quantity = entry["stock_quantity"].looseInteger,
        abs(quantity) <= SandboxLimits.stock
      else { throw WooCommerceError.parameter("stock_quantity") }
      listing.sellable = quantity
    }
    try market.transaction.save(listing, at: market.now)
    return parent == nil
      ? json(try market.transaction.listings(shop.key, item: id))
      : variation(
        listing, all.first { $0.variationID.isEmpty }, all.filter { !$0.variationID.isEmpty })
  }
}

extension JSONValue {
  /// The members of both.
  fileprivate func joined(_ other: JSONValue) -> JSONValue {
    .object((members ?? []) + (other.members ?? []))
  }
}

/// WooCommerce's words for what every platform has.
enum WooCommerceWords {
  /// `2026-01-05T03:00:00`: UTC, without saying so.
  static func time(_ time: Timestamp) -> JSONValue { .string(String(time.rfc3339.prefix(19))) }
}
