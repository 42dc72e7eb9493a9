internal import Primitives
internal import StorageCore

/// The queries that are served.
struct ShopifyQueries {
  private let schema: ShopifySchema
  private var transaction: any ReadTransaction { schema.transaction }
  private var key: Shop.Key { schema.shop.key }

  init(_ transaction: any ReadTransaction, _ shop: Shop) {
    schema = ShopifySchema(transaction: transaction, shop: shop)
  }

  var root: GraphObject {
    var root = GraphObject("QueryRoot")
    root["shop"] = { _ in
      .object(
        GraphObject(
          "Shop",
          ["name": "Sandbox", "myshopifyDomain": .string(key.shopID), "currencyCode": "SGD"]))
    }
    root["orders"] = orders
    root["order"] = { .optional(try order($0["id"])) }
    root["productVariants"] = variants
    root["productVariant"] = { .optional(try variant($0["id"])) }
    root["products"] = products
    root["product"] = { .optional(try product($0["id"])) }
    root["inventoryItem"] = { .optional(try inventoryItem($0["id"])) }
    root["inventoryItems"] = inventoryItems
    root["inventoryLevel"] = { .optional(try level($0["id"])) }
    root["location"] = { arguments in
      let id = ShopifyWords.number(arguments["id"], "Location") ?? schema.locationID
      return id == schema.locationID ? .object(schema.location(id)) : .null
    }
    root["locations"] = {
      try GraphObject.connection("Location", [schema.locationID], $0, schema.location)
    }
    root["return"] = { .optional(try buyerReturn($0["id"])) }
    root["fulfillmentOrder"] = { .optional(try fulfillmentOrder($0["id"])) }
    root["node"] = { .optional(try node($0["id"])) }
    root["nodes"] = { arguments in
      guard let ids = arguments["ids"].array, ids.count <= 250 else {
        throw GraphError("ids must be a list of at most 250")
      }
      return .list(try ids.map { .optional(try node($0)) })
    }
    return root
  }

  private func orders(_ arguments: GraphArguments) throws -> GraphResult {
    let search = ShopifySearch(arguments["query"].string)
    let sort = arguments["sortKey"].string ?? "PROCESSED_AT"
    let window = search.window("updated_at")
    let created = search.window("created_at")
    let isByUpdate = sort == "UPDATED_AT" || created.from == .zero
    let span = isByUpdate ? window : created
    var ids = try transaction.orderIDs(
      key, by: isByUpdate ? .updated : .created, from: span.from, to: span.to, skipping: 0,
      count: 25_000)
    if let name = search.value("id") { ids = ids.filter { $0 == name } }
    let returnStates = search.values("return_status").map { $0.uppercased() }
    if !returnStates.isEmpty {
      ids = try ids.filter { returnStates.contains(try schema.returnStatus($0)) }
    }
    if arguments["reverse"].bool == true { ids.reverse() }
    return try GraphObject.connection("Order", ids, arguments) { id in
      guard let order = try transaction.order(key, id) else { return GraphObject("Order") }
      return schema.order(order)
    }
  }

  private func order(_ id: JSONValue) throws -> GraphObject? {
    guard let number = ShopifyWords.number(id, "Order") else { throw invalid(id) }
    return try transaction.order(key, number).map(schema.order)
  }

  private func variants(_ arguments: GraphArguments) throws -> GraphResult {
    let search = ShopifySearch(arguments["query"].string)
    var listings = try transaction.listings(key)
    if let sku = search.value("sku") { listings = listings.filter { $0.sku == sku } }
    if let item = search.value("product_id") { listings = listings.filter { $0.itemID == item } }
    let window = search.window("updated_at")
    listings = listings.filter { window.from <= $0.changeTime && $0.changeTime <= window.to }
    return try GraphObject.connection("ProductVariant", listings, arguments, schema.variant)
  }

  private func products(_ arguments: GraphArguments) throws -> GraphResult {
    var items: [String] = []
    for listing in try transaction.listings(key) where items.last != listing.itemID {
      items.append(listing.itemID)
    }
    return try GraphObject.connection("Product", items, arguments, schema.product)
  }

  private func variant(_ id: JSONValue) throws -> GraphObject? {
    guard let number = ShopifyWords.number(id, "ProductVariant") else { throw invalid(id) }
    let listing = try transaction.listings(key).first { $0.variationID == number }
    return listing.map(schema.variant)
  }

  private func product(_ id: JSONValue) throws -> GraphObject? {
    guard let number = ShopifyWords.number(id, "Product") else { throw invalid(id) }
    guard try !transaction.listings(key, item: number).isEmpty else { return nil }
    return try schema.product(number)
  }

  private func inventoryItem(_ id: JSONValue) throws -> GraphObject? {
    guard let number = ShopifyWords.number(id, "InventoryItem") else { throw invalid(id) }
    return try transaction.listing(key, inventoryItem: number).map(schema.inventoryItem)
  }

  private func inventoryItems(_ arguments: GraphArguments) throws -> GraphResult {
    let search = ShopifySearch(arguments["query"].string)
    var listings = try transaction.listings(key)
    if let sku = search.value("sku") { listings = listings.filter { $0.sku == sku } }
    if let id = search.value("id") { listings = listings.filter { $0.inventoryItemID == id } }
    return try GraphObject.connection("InventoryItem", listings, arguments, schema.inventoryItem)
  }

  /// `gid://shopify/InventoryLevel/<item>1?inventory_item_id=<item>`.
  private func level(_ id: JSONValue) throws -> GraphObject? {
    guard let text = id.string, let mark = text.range(of: "inventory_item_id=") else {
      throw invalid(id)
    }
    let item = String(text[mark.upperBound...])
    return try transaction.listing(key, inventoryItem: item).map(schema.level)
  }

  private func buyerReturn(_ id: JSONValue) throws -> GraphObject? {
    guard let number = ShopifyWords.number(id, "Return") else { throw invalid(id) }
    return try transaction.buyerReturn(key, number).map(schema.buyerReturn)
  }

  private func fulfillmentOrder(_ id: JSONValue) throws -> GraphObject? {
    guard let number = ShopifyWords.number(id, "FulfillmentOrder") else { throw invalid(id) }
    return try transaction.order(key, String(number.dropFirst())).map(schema.fulfillmentOrder)
  }

  private func node(_ id: JSONValue) throws -> GraphObject? {
    let parts = (id.string ?? "").split(separator: "/")
    guard parts.count == 4, parts[0] == "gid:", parts[1] == "shopify" else { throw invalid(id) }
    switch parts[2] {
    case "Order": return try order(id)
    case "ProductVariant": return try variant(id)
    case "Product": return try product(id)
    case "InventoryItem": return try inventoryItem(id)
    case "InventoryLevel": return try level(id)
    case "Return": return try buyerReturn(id)
    case "FulfillmentOrder": return try fulfillmentOrder(id)
    default: return nil
    }
  }

  private func invalid(_ id: JSONValue) -> GraphError {
    GraphError("Invalid global id '\(id.text ?? "")'", code: "argumentLiteralsIncompatible")
  }
}
