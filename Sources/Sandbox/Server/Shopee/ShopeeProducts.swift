internal import Primitives
internal import StorageCore

/// Shopee's product calls, by which listings are imported and read back.
enum ShopeeProducts {
  /// An item without variations has the model 0.
  static func isPlain(_ variation: String) -> Bool { variation.isEmpty || variation == "0" }

  /// The item's name and the variation's option: `Tee, black, M` is `Tee, black` and `M`.
  static func names(_ title: String) -> (item: String, option: String) {
    guard let comma = title.lastIndex(of: ",") else { return (title, "Standard") }
    return (String(title[..<comma]), String(title[comma...].dropFirst().drop { $0 == " " }))
  }

  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let size = try call.integer("page_size", default: 20, in: 1...100)
    let offset = try call.integer("offset", default: 0, in: 0...1_000_000)
    guard let wanted = call.query["item_status"] else {
      throw ShopeeError.parameter("item_status is required.")
    }
    let all = items(try transaction.listings(shop.key)).filter { wanted.contains($0.status) }
    let page = all.dropFirst(Int(offset)).prefix(Int(size))
    let next = offset + Int64(page.count)
    let isMore = next < Int64(all.count)
    return [
      "item": .array(
        page.map { item in
          [
            "item_id": .id(item.id), "item_status": .string(item.status),
            "update_time": item.changeTime.unix,
          ]
        }),
      "total_count": .integer(Int64(all.count)), "has_next_page": .bool(isMore),
      "next_offset": .integer(isMore ? next : 0),
    ]
  }

  private struct Item {
    var id: String
    var status: String
    var changeTime: Timestamp
    var listings: [StockListing]
  }

  private static func items(_ listings: [StockListing]) -> [Item] {
    var items: [Item] = []
    for listing in listings {
      if items.last?.id == listing.itemID {
        items[items.count - 1].listings.append(listing)
      } else {
        items.append(
          Item(
            id: listing.itemID, status: listing.state == "live" ? "NORMAL" : "UNLIST",
            changeTime: listing.changeTime, listings: [listing]))
      }
    }
    return items
  }

  static func baseInfo(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let names = try call.list("item_id_list", atMost: 50)
    let found = try names.map { try transaction.listings(shop.key, item: $0) }
    let items = found.filter { !$0.isEmpty }
    guard !items.isEmpty else { throw MarketRefusal.listingUnknown(names[0]) }
    return ["item_list": .array(items.map { baseInfo($0, at: call.now) })]
  }

  private static func baseInfo(_ models: [StockListing], at now: Timestamp) -> JSONValue {
    let first = models[0]
    let isPlain = models.count == 1 && isPlain(first.variationID)
    var info: JSONValue = [
      "item_id": .id(first.itemID),
      "item_name": .string(isPlain ? first.title : names(first.title).item),
      "item_sku": isPlain ? .string(first.sku) : "",
      "item_status": .string(first.state == "live" ? "NORMAL" : "UNLIST"),
      "has_model": .bool(!isPlain), "update_time": first.changeTime.unix,
    ]
    if isPlain { info = info.adding("stock_info_v2", stock(first, at: now)) }
    return info
  }

  static func models(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    guard let item = call.query["item_id"] else {
      throw ShopeeError.parameter("item_id is required.")
    }
    let listings = try transaction.listings(shop.key, item: item)
    guard !listings.isEmpty else { throw MarketRefusal.listingUnknown(item) }
    let models = listings.filter { !isPlain($0.variationID) }
    let options = models.map { model -> JSONValue in ["option": .string(names(model.title).option)]
    }
    return [
      "tier_variation": models.isEmpty
        ? [] : [["name": "Variation", "option_list": .array(options)]],
      "model": .array(
        models.enumerated().map { index, model in
          [
            "model_id": .id(model.variationID), "tier_index": [.integer(Int64(index))],
            "model_sku": .string(model.sku), "model_name": .string(names(model.title).option),
            "model_status": .string(model.state == "live" ? "MODEL_NORMAL" : "MODEL_UNAVAILABLE"),
            "has_promotion": .bool(model.locked(at: call.now) > 0),
            "stock_info_v2": stock(model, at: call.now),
          ]
        }),
    ]
  }

  /// Compare with `seller_stock`: the total would have Shopee's own warehouse in it.
  private static func stock(_ listing: StockListing, at now: Timestamp) -> JSONValue {
    let locked = listing.locked(at: now)
    return [
      "summary_info": [
        "total_reserved_stock": .integer(locked),
        "total_available_stock": .integer(listing.sellable - locked),
      ],
      "seller_stock": [
        ["location_id": "SGZ", "stock": .integer(listing.sellable), "if_saleable": true]
      ],
      "shopee_stock": [],
      "advance_stock": ["sellable_advance_stock": 0, "in_transit_advance_stock": 0],
    ]
  }

  static func search(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let size = try call.integer("page_size", default: 20, in: 1...100)
    let sku = call.query["item_sku"] ?? ""
    let name = (call.query["item_name"] ?? "").lowercased()
    guard !sku.isEmpty || !name.isEmpty else {
      throw ShopeeError.parameter("item_sku or item_name is required.")
    }
    let items = items(try transaction.listings(shop.key)).filter { item in
      item.listings.contains { listing in
        (!sku.isEmpty && listing.sku == sku)
          || (!name.isEmpty && listing.title.lowercased().contains(name))
      }
    }
    return [
      "item_id_list": .array(items.prefix(Int(size)).map { .id($0.id) }),
      "total_count": .integer(Int64(items.count)), "next_offset": "",
    ]
  }

  static func limits(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    ["stock_limit": ["min_limit": 0, "max_limit": .integer(ShopeeStock.maximum)]]
  }

  static func promotions(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let names = try call.list("item_id_list", atMost: 50)
    let items = try names.map { try transaction.listings(shop.key, item: $0) }
    let locked = items.map { $0.filter { $0.locked(at: call.now) > 0 } }.filter { !$0.isEmpty }
    return [
      "success_list": .array(
        locked.map { listings in
          [
            "item_id": .id(listings[0].itemID),
            "promotion": .array(listings.map { promotion($0, at: call.now) }),
          ]
        }), "failure_list": [],
    ]
  }

  private static func promotion(_ listing: StockListing, at now: Timestamp) -> JSONValue {
    let promotion: JSONValue = [
      "promotion_id": 900_100, "promotion_type": "flash_sale",
      "promotion_staging": listing.isPromoted(at: now) ? "ongoing" : "upcoming",
      "model_id": .id(listing.variationID),
      "promotion_stock_info_v2": [
        "summary_info": ["total_reserved_stock": .integer(listing.locked(at: now))]
      ],
    ]
    guard let end = listing.promotionEnd else { return promotion }
    return promotion.adding("start_time", (listing.promotionStart ?? now).unix)
      .adding("end_time", end.unix)
  }
}
