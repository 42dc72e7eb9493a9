internal import Primitives
internal import StorageCore

/// TikTok Shop's product calls.
enum TikTokProducts {
  static func search(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let (size, offset) = try call.page(in: 1...100)
    let products = try transaction.listings(shop.key).byItem
    let wanted = call.body["status"].string ?? "ALL"
    let kept = products.filter { wanted == "ALL" || status($0) == wanted }
    let page = kept.dropFirst(Int(offset)).prefix(Int(size))
    let end = offset + Int64(page.count)
    return [
      "total_count": .integer(Int64(kept.count)),
      "next_page_token": TikTokCall.nextPage(end, isMore: end < Int64(kept.count)),
      "products": .array(page.map { json($0, shop, withOptions: false) }),
    ]
  }

  static func detail(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let listings = try transaction.listings(shop.key, item: call.id)
    guard !listings.isEmpty else { throw MarketRefusal.listingUnknown(call.id) }
    return json(listings, shop, withOptions: true)
  }

  static func status(_ listings: [StockListing]) -> String {
    listings.contains { $0.state == "live" } ? "ACTIVATE" : "SELLER_DEACTIVATED"
  }

  private static func json(
    _ listings: [StockListing], _ shop: Shop, withOptions: Bool
  ) -> JSONValue {
    let title = listings.first?.title ?? ""
    let names = title.split(separator: ",").map { $0.drop { $0 == " " } }
    return [
      "id": .string(listings.first?.itemID ?? ""), "title": .string(String(names.first ?? "")),
      "status": .string(status(listings)),
      "skus": .array(
        listings.map { listing in
          let sku: JSONValue = [
            "id": .string(listing.variationID), "seller_sku": .string(listing.sku),
            "price": ["currency": "SGD", "tax_exclusive_price": "30"],
            "inventory": .array(
              TikTokStock.shares(of: listing, shop).map { warehouse, quantity in
                ["warehouse_id": .string(warehouse), "quantity": .integer(quantity)]
              }),
          ]
          guard withOptions else { return sku }
          let options = listing.title.split(separator: ",").dropFirst()
            .map { String($0.drop { $0 == " " }) }
          return sku.adding(
            "sales_attributes",
            .array(
              options.enumerated().map { index, value in
                ["name": .string("Option \(index + 1)"), "value_name": .string(value)]
              }))
        }),
    ]
  }

  static func deactivate(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    var errors: [JSONValue] = []
    for product in try call.list("product_ids", atMost: 20) {
      let listings = try market.transaction.listings(shop.key, item: product)
      if listings.isEmpty {
        errors.append([
          "code": 12_052_032, "message": "The product does not exist",
          "detail": ["product_id": .string(product)],
        ])
      }
      for var listing in listings {
        listing.state = "hidden"
        try market.transaction.save(listing, at: market.now)
      }
    }
    return errors.isEmpty ? [:] : ["errors": .array(errors)]
  }
}
