internal import StorageCore

/// `catalog/list`: items with their variations, 100 a page.
enum SquareCatalog {
  private static let pageCount: Int64 = 100

  static func list(_ transaction: any ReadTransaction, _ call: SquareCall) throws -> JSONValue {
    guard call.query["types"] == "ITEM" else {
      throw SquareError.invalid("INVALID_VALUE", "The sandbox lists ITEM.", field: "types")
    }
    var items: [[StockListing]] = []
    for shop in call.shops {
      for listing in try transaction.listings(shop.key) {
        if let last = items.last?.last, last.itemID == listing.itemID, last.shop == listing.shop {
          items[items.count - 1].append(listing)
        } else {
          items.append([listing])
        }
      }
    }
    let offset = try SquareCall.offset(call.query["cursor"])
    let page = items.dropFirst(Int(offset)).prefix(Int(pageCount))
    let next = offset + Int64(page.count)
    return SquareCall.page(
      ["objects": .array(page.map(item))], next: next < items.count ? next : nil)
  }

  private static func item(_ variations: [StockListing]) -> JSONValue {
    let first = variations[0]
    return [
      "type": "ITEM", "id": .string(first.itemID), "is_deleted": false,
      "present_at_all_locations": false,
      "present_at_location_ids": [.string(first.shop.shopID)],
      "item_data": [
        "name": .string(first.title), "product_type": "REGULAR",
        "is_archived": .bool(first.state != "live"),
        "variations": .array(
          variations.map { listing in
            [
              "type": "ITEM_VARIATION", "id": .string(listing.squareVariation),
              "is_deleted": false, "present_at_all_locations": false,
              "present_at_location_ids": [.string(listing.shop.shopID)],
              "item_variation_data": [
                "item_id": .string(listing.itemID), "name": "Regular",
                "sku": .string(listing.sku), "sellable": true, "stockable": true,
                "track_inventory": true,
              ],
            ]
          }),
      ],
    ]
  }
}
