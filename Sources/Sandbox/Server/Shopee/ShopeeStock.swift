internal import Primitives
internal import StorageCore

/// `product/update_stock`: one item, 1 to 50 models, absolute numbers of the seller's own stock.
enum ShopeeStock {
  static let maximum: Int64 = 999_999
  private static let models = 50

  /// What one entry of the list asks for.
  private struct Entry {
    var model: String
    var stock: Int64
  }

  static func update(_ market: Market, _ shop: Shop, _ call: ShopeeCall) throws -> JSONValue {
    guard let item = call.body["item_id"].integer else {
      throw ShopeeError.parameter("item_id must be a number.")
    }
    guard let list = call.body["stock_list"].array, (1...models).contains(list.count) else {
      throw ShopeeError.parameter("stock_list must have 1 to \(models) entries.")
    }
    let entries = try list.map(entry)
    let listings = try market.transaction.listings(shop.key, item: String(item))
    guard !listings.isEmpty else { throw MarketRefusal.listingUnknown(String(item)) }
    let hasModels = !listings.allSatisfy { ShopeeProducts.isPlain($0.variationID) }
    var successes: [JSONValue] = []
    var failures: [JSONValue] = []
    for entry in entries {
      if hasModels, ShopeeProducts.isPlain(entry.model) {
        throw ShopeeError(
          "error_edit_item_stock_for_item_has_model", "The item has models: name one.")
      }
      if let reason = try set(entry, of: listings, market) {
        failures.append(["model_id": .id(entry.model), "failed_reason": .string(reason)])
      } else {
        successes.append([
          "model_id": .id(entry.model), "location_id": "", "stock": .integer(entry.stock),
        ])
      }
    }
    return ["success_list": .array(successes), "failure_list": .array(failures)]
  }

  private static func entry(_ value: JSONValue) throws -> Entry {
    let model = value["model_id"]
    guard model.isNull || model.integer != nil else {
      throw ShopeeError.parameter("model_id must be a number.")
    }
    guard !value.has("normal_stock") else {
      throw ShopeeError.parameter("normal_stock is offline, use seller_stock.")
    }
    guard let stocks = value["seller_stock"].array, stocks.count == 1 else {
      throw ShopeeError.parameter("seller_stock must have one entry.")
    }
    guard stocks[0]["location_id"].isNull || stocks[0]["location_id"].string == "" else {
      throw ShopeeError.parameter("The shop has no warehouses: leave location_id out.")
    }
    guard let stock = stocks[0]["stock"].integer, (0...maximum).contains(stock) else {
      throw ShopeeError.parameter("stock must be a number from 0 to \(maximum).")
    }
    return Entry(model: model.text ?? "0", stock: stock)
  }

  /// Why it is not done; nil when it is.
  private static func set(
    _ entry: Entry, of listings: [StockListing], _ market: Market
  ) throws -> String? {
    let found = listings.first { listing in
      listing.variationID == entry.model
        || (ShopeeProducts.isPlain(entry.model) && ShopeeProducts.isPlain(listing.variationID))
    }
    guard var listing = found else { return "product.error_param: model_id not found" }
    guard !market.refusesEntry(of: .shopee) else {
      return "product.error_system_busy: please try again later"
    }
    guard entry.stock >= listing.locked(at: market.now) else {
      return "error_auth: total stock must be more than reserved stock"
    }
    listing.sellable = entry.stock
    try market.transaction.save(listing, at: market.now)
    return nil
  }
}
