internal import Primitives
internal import StorageCore

/// Lazada's order calls: no status of the order itself, one item a unit.
enum LazadaOrders {
  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    let updatedAfter = try call.time("update_after")
    let createdAfter = try call.time("created_after")
    guard updatedAfter != nil || createdAfter != nil else {
      throw LazadaError.seller("38", "E038: update_after or created_after is mandatory")
    }
    let limit = try call.integer("limit", default: 100, in: 1...100)
    let offset = try call.integer("offset", default: 0, in: 0...5_000)
    let column = updatedAfter != nil ? OrderTime.updated : .created
    let end =
      try call.time(updatedAfter != nil ? "update_before" : "created_before")
      ?? .distantFuture
    let start = updatedAfter ?? createdAfter ?? .zero
    let found = try transaction.orderIDs(
      shop.key, by: column, from: start, to: end, skipping: offset, count: limit)
    var orders = try found.prefix(Int(limit)).compactMap { try transaction.order(shop.key, $0) }
    if call.parameters["sort_direction"]?.uppercased() == "DESC" { orders.reverse() }
    if let wanted = call.parameters["status"] {
      orders = orders.filter { statuses($0).contains(.string(wanted)) }
    }
    let total = try transaction.orderCount(shop.key, by: column, from: start, to: end)
    return [
      "countTotal": .integer(total), "count": .integer(Int64(orders.count)),
      "orders": .array(orders.map(json)),
    ]
  }

  private static func statuses(_ order: BuyerOrder) -> [JSONValue] {
    var statuses: [JSONValue] = []
    for line in order.lines {
      let status = JSONValue.string(LazadaWords.status(line.state))
      if !statuses.contains(status) { statuses.append(status) }
    }
    return statuses
  }

  private static func json(_ order: BuyerOrder) -> JSONValue {
    [
      "order_id": .id(order.orderID), "order_number": .id(order.orderID),
      "statuses": .array(statuses(order)), "items_count": .integer(Int64(order.lines.count)),
      "created_at": LazadaWords.time(order.createTime),
      "updated_at": LazadaWords.time(order.updateTime),
      "warehouse_code": .string(LazadaWords.warehouse), "payment_method": "MIXEDCARD",
      "price": .string("\(order.lines.count * 30).00"), "customer_first_name": "B**r",
      "customer_last_name": "", "remarks": "", "voucher": "0.00", "shipping_fee": "0.00",
    ]
  }

  private static func find(
    _ transaction: any ReadTransaction, _ shop: Shop, _ name: String
  ) throws -> BuyerOrder {
    guard let order = try transaction.order(shop.key, name) else {
      throw MarketRefusal.orderUnknown(name)
    }
    return order
  }

  static func order(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    json(try find(transaction, shop, try call.text("order_id")))
  }

  static func items(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    .array(items(of: try find(transaction, shop, try call.text("order_id")), shop))
  }

  /// `order_ids` is a JSON array as text: `[260…,260…]`.
  static func itemsOfMany(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    guard let names = try call.json("order_ids").array?.compactMap(\.text), !names.isEmpty,
      names.count <= 50
    else { throw LazadaError.invalid("order_ids") }
    let orders = try names.compactMap { try transaction.order(shop.key, $0) }
    return .array(
      orders.map { order in
        [
          "order_id": .id(order.orderID), "order_number": .id(order.orderID),
          "order_items": .array(items(of: order, shop)),
        ]
      })
  }

  private static func items(of order: BuyerOrder, _ shop: Shop) -> [JSONValue] {
    order.lines.map { line in
      [
        "order_item_id": .id(line.lineID), "order_id": .id(order.orderID),
        "sku": .string(line.sku), "shop_sku": .string("\(line.itemID)_SGAMZ-\(line.variationID)"),
        "sku_id": .string(line.variationID), "product_id": .string(line.itemID),
        "name": .string(line.title), "variation": "",
        "status": .string(LazadaWords.status(line.state)),
        "reason": line.state == .cancelled ? .string(order.cancelReason) : "",
        "shipping_type": "Dropshipping", "shipping_provider_type": "STANDARD",
        "shipment_provider": .string(order.carrier),
        "is_fbl": shop.secret("fulfillment_type") == "FBL" ? 1 : 0, "is_digital": 0,
        "package_id": .string(line.packageID),
        "tracking_code": line.packageID.isEmpty ? "" : .string(order.trackingNumber),
        "warehouse_code": .string(LazadaWords.warehouse), "order_type": "Normal",
        "item_price": 30, "paid_price": 30, "currency": "SGD", "need_cancel_confirm": false,
        "created_at": LazadaWords.time(order.createTime),
        "updated_at": LazadaWords.time(line.updateTime),
      ]
    }
  }
}
