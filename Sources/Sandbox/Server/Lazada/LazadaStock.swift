internal import Primitives
internal import StorageCore

/// Lazada's three stock calls, over one shape: Request › Product › Skus › Sku, as XML or JSON in
/// `payload`.
///
/// What is right is done and what is not is listed in `detail`, with the code 501.
///
/// - Note: Source: Lazada documents 120206, 121233, 121234.
enum LazadaStock {
  static let maximum: Int64 = 999_999
  private static let skus = 50

  /// `Quantity` is the total: sellable, withheld and occupied.
  static func total(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    try each(market, shop, call, "Quantity") { listing, total in
      let sellable = total - listing.withheld - listing.occupied
      guard sellable >= listing.locked(at: market.now) else {
        return "total must be at least withheld + occupied + campaign"
      }
      listing.sellable = sellable
      return nil
    }
  }

  /// `SellableQuantity` overwrites what can be sold.
  static func sellable(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    try each(market, shop, call, "SellableQuantity") { listing, sellable in
      guard sellable >= listing.locked(at: market.now) else {
        return "THD_IC_ERR_F_IC_ABILITY_PG_003: campaign"
      }
      listing.sellable = sellable
      return nil
    }
  }

  /// `SellableQuantity` is a signed change.
  static func adjust(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    try each(market, shop, call, "SellableQuantity", isSigned: true) { listing, change in
      guard listing.sellable + change >= listing.locked(at: market.now) else {
        return "negative sellable"
      }
      listing.sellable += change
      return nil
    }
  }

  private static func each(
    _ market: Market, _ shop: Shop, _ call: LazadaCall, _ field: String, isSigned: Bool = false,
    _ set: (inout StockListing, Int64) -> String?
  ) throws -> JSONValue {
    let entries = try entries(of: try call.text("payload"))
    guard entries.count <= skus else {
      throw LazadaError.seller("4171", "E4171: more than \(skus) SKUs in one call")
    }
    for entry in entries {
      let problem = try change(entry, market, shop, field, isSigned: isSigned, set)
      if let problem {
        market.refusedEntries.append([
          "seller_sku": .string(entry["SellerSku"].text ?? ""),
          "sku_id": .string(entry["SkuId"].text ?? ""), "message": .string(problem),
        ])
      }
    }
    return [:]
  }

  private static func entries(of payload: String) throws -> [JSONValue] {
    let first = payload.first { !$0.isWhitespace }
    let root =
      first == "<"
      ? XMLTree(parsing: payload).map { [$0.name: $0.json] }.flatMap(object)
      : JSONValue(parsing: payload)
    guard let root else { throw LazadaError.seller("30", "E030: the payload cannot be read") }
    let sku = root["Request"]["Product"]["Skus"]["Sku"]
    let entries = sku.array ?? (sku.members == nil ? [] : [sku])
    guard !entries.isEmpty else {
      throw LazadaError.seller("5", "E005: Invalid Request Format: no Sku")
    }
    return entries
  }

  private static func object(_ members: [String: JSONValue]) -> JSONValue? {
    .object(members.map { .init(name: $0.key, value: $0.value) })
  }

  /// Why it is not done; nil when it is.
  private static func change(
    _ entry: JSONValue, _ market: Market, _ shop: Shop, _ field: String, isSigned: Bool,
    _ set: (inout StockListing, Int64) -> String?
  ) throws -> String? {
    guard let item = entry["ItemId"].text, !item.isEmpty else { return "ItemId is missing" }
    let found =
      if let sku = entry["SkuId"].text, !sku.isEmpty {
        try market.transaction.listing(shop.key, item: item, variation: sku)
      } else {
        try market.transaction.listings(shop.key, item: item)
          .first { $0.sku == entry["SellerSku"].text }
      }
    guard var listing = found else { return "SKU not found" }
    if let named = entry["SellerSku"].text, !named.isEmpty, named != listing.sku {
      return "SellerSku does not match"
    }
    guard let number = number(entry, field), ((isSigned ? -maximum : 0)...maximum).contains(number)
    else { return "\(field) must be a whole number" }
    guard !market.refusesEntry(of: .lazada) else { return "system busy, please retry" }
    if let problem = set(&listing, number) { return problem }
    try market.transaction.save(listing, at: market.now)
    return nil
  }

  /// At the SKU, or for its one warehouse.
  private static func number(_ entry: JSONValue, _ field: String) -> Int64? {
    if let number = entry[field].looseInteger { return number }
    let list = entry["MultiWarehouseInventories"]["MultiWarehouseInventory"]
    let warehouses = list.array ?? [list]
    guard warehouses.count == 1, warehouses[0]["WarehouseCode"].text == LazadaWords.warehouse else {
      return nil
    }
    return warehouses[0][field].looseInteger
  }
}
