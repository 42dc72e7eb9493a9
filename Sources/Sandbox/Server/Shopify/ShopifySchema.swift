internal import Primitives
internal import StorageCore

/// The objects of Shopify's schema that integrators of stock and orders ask for.
struct ShopifySchema {
  let transaction: any ReadTransaction
  let shop: Shop

  /// The shop's one location.
  static let location = "75596366001"

  var locationID: String { shop.secrets["location_id"] ?? Self.location }

  // MARK: Listings

  func location(_ id: String) -> GraphObject {
    GraphObject(
      "Location",
      [
        "id": .string(ShopifyWords.gid("Location", id)), "legacyResourceId": .string(id),
        "name": .string(ShopifyWords.place), "isActive": true, "fulfillsOnlineOrders": true,
      ])
  }

  func variant(_ listing: StockListing) -> GraphObject {
    var object = GraphObject(
      "ProductVariant",
      [
        "id": .string(ShopifyWords.gid("ProductVariant", listing.variationID)),
        "legacyResourceId": .string(listing.variationID),
        "displayName": .string(listing.title), "sku": .string(listing.sku), "barcode": .null,
        "inventoryPolicy": "DENY", "inventoryQuantity": .integer(listing.sellable),
        "availableForSale": .bool(listing.sellable > 0), "price": "30.00",
        "updatedAt": ShopifyWords.utc(listing.changeTime),
        "createdAt": ShopifyWords.utc(listing.changeTime),
      ])
    object["title"] = { _ in .value(.string(try option(of: listing))) }
    object["selectedOptions"] = { _ in
      let option = GraphObject(
        "SelectedOption", ["name": "Title", "value": .string(try option(of: listing))])
      return .list([.object(option)])
    }
    object["inventoryItem"] = { _ in .object(inventoryItem(listing)) }
    object["product"] = { _ in .object(try product(listing.itemID)) }
    return object
  }

  /// A product without options has one variant, which Shopify calls so.
  private func option(of listing: StockListing) throws -> String {
    try transaction.listings(shop.key, item: listing.itemID).optionTitle(of: listing)
      ?? "Default Title"
  }

  func product(_ id: String) throws -> GraphObject {
    let listings = try transaction.listings(shop.key, item: id)
    let first = listings.first
    var object = GraphObject(
      "Product",
      [
        "id": .string(ShopifyWords.gid("Product", id)), "legacyResourceId": .string(id),
        "title": .string(listings.productTitle), "handle": .string("product-\(id)"),
        "status": first?.state == "live" ? "ACTIVE" : "DRAFT", "vendor": "OnePool",
        "totalInventory": .integer(listings.reduce(0) { $0 + $1.sellable }),
        "updatedAt": ShopifyWords.utc(first?.changeTime ?? .zero),
      ])
    object["variants"] = { try GraphObject.connection("ProductVariant", listings, $0, variant) }
    return object
  }

  func inventoryItem(_ listing: StockListing) -> GraphObject {
    var object = GraphObject(
      "InventoryItem",
      [
        "id": .string(ShopifyWords.gid("InventoryItem", listing.inventoryItemID)),
        "legacyResourceId": .string(listing.inventoryItemID), "sku": .string(listing.sku),
        "tracked": true, "requiresShipping": true,
        "updatedAt": ShopifyWords.utc(listing.changeTime),
      ])
    object["variant"] = { _ in .object(variant(listing)) }
    object["inventoryLevels"] = { arguments in
      try GraphObject.connection("InventoryLevel", [listing], arguments, level)
    }
    object["inventoryLevel"] = { arguments in
      let wanted = ShopifyWords.number(arguments["locationId"], "Location")
      return wanted == locationID ? .object(level(listing)) : .null
    }
    return object
  }

  func level(_ listing: StockListing) -> GraphObject {
    let id = "\(listing.inventoryItemID)1?inventory_item_id=\(listing.inventoryItemID)"
    var object = GraphObject(
      "InventoryLevel",
      [
        "id": .string(ShopifyWords.gid("InventoryLevel", id)), "isActive": true,
        "updatedAt": ShopifyWords.utc(listing.changeTime),
      ])
    object["location"] = { _ in .object(location(locationID)) }
    object["item"] = { _ in .object(inventoryItem(listing)) }
    object["quantities"] = { arguments in
      guard let names = arguments["names"].array?.compactMap(\.string), !names.isEmpty else {
        throw GraphError("Field 'quantities' is missing required arguments: names")
      }
      return .list(try names.map { .object(try quantity($0, of: listing)) })
    }
    return object
  }

  /// on_hand is what is physically there: available and committed.
  private func quantity(_ name: String, of listing: StockListing) throws -> GraphObject {
    let numbers: [String: Int64] = [
      "available": listing.sellable, "committed": listing.withheld + listing.occupied,
      "on_hand": listing.real, "reserved": 0, "damaged": 0, "safety_stock": 0,
      "quality_control": 0, "incoming": 0,
    ]
    guard let number = numbers[name] else {
      throw GraphError("The quantity name \(name) is invalid", code: "INVALID_NAME")
    }
    return GraphObject(
      "InventoryQuantity",
      [
        "id": .string(ShopifyWords.gid("InventoryQuantity", "\(listing.inventoryItemID)-\(name)")),
        "name": .string(name), "quantity": .integer(number),
        "updatedAt": ShopifyWords.utc(listing.changeTime),
      ])
  }
}
