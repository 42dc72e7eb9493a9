internal import Primitives
internal import StorageCore

/// Shopee's order calls. A push has no lines: they are fetched here, and only the fields that are
/// asked for come.
enum ShopeeOrders {
  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let column: OrderTime
    switch call.query["time_range_field"] {
    case "create_time": column = .created
    case "update_time": column = .updated
    default: throw ShopeeError.parameter("time_range_field must be create_time or update_time.")
    }
    let (start, end) = try call.window("time_from", "time_to")
    let size = try call.integer("page_size", default: 20, in: 1...100)
    let offset =
      call.query["cursor"] == "" ? 0 : try call.integer("cursor", default: 0, in: 0...1_000_000)
    let found = try transaction.orderIDs(
      shop.key, by: column, from: start, to: end, skipping: offset, count: size)
    let orders = try found.prefix(Int(size)).compactMap { try transaction.order(shop.key, $0) }
    let wanted = call.query["order_status"]
    let isMore = found.count > Int(size)
    return [
      "more": .bool(isMore), "next_cursor": isMore ? .string(String(offset + size)) : "",
      "order_list": .array(
        orders.filter { wanted == nil || ShopeeWords.status($0) == wanted }.map { order in
          ["order_sn": .string(order.orderID), "order_status": .string(ShopeeWords.status(order))]
        }),
    ]
  }

  static func detail(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let names = try call.list("order_sn_list", atMost: 50)
    let wanted = Set(
      (call.query["response_optional_fields"] ?? "").split(separator: ",").map { String($0) })
    let orders = try names.compactMap { try transaction.order(shop.key, $0) }
    guard !orders.isEmpty else { throw MarketRefusal.orderUnknown(names[0]) }
    return ["order_list": .array(try orders.map { try detail($0, wanted, transaction, shop) })]
  }

  private static func detail(
    _ order: BuyerOrder, _ wanted: Set<String>, _ transaction: any ReadTransaction, _ shop: Shop
  ) throws -> JSONValue {
    let flag = shop.secret("fulfillment_type")
    var detail: JSONValue = [
      "order_sn": .string(order.orderID), "region": "SG", "currency": "SGD", "cod": false,
      "order_status": .string(ShopeeWords.status(order)), "create_time": order.createTime.unix,
      "update_time": order.updateTime.unix, "days_to_ship": 2,
      "ship_by_date": (order.createTime + .seconds(2 * 86_400)).unix, "message_to_seller": "",
      "can_partial_cancel_order": true,
    ]
    let optional: [(String, () throws -> JSONValue)] = [
      ("item_list", { try items(order, transaction) }),
      ("package_list", { packages(order) }),
      ("pay_time", { order.payTime?.unix ?? 0 }),
      ("cancel_by", { order.cancelTime == nil ? "" : "buyer" }),
      ("cancel_reason", { .string(order.cancelReason) }),
      ("buyer_cancel_reason", { .string(order.cancelReason) }),
      ("split_up", { false }),
      ("fulfillment_flag", { flag.isEmpty ? "fulfilled_by_local_seller" : .string(flag) }),
      ("is_buyer_shop_collection", { false }),
      ("shipping_carrier", { .string(order.carrier) }),
      ("buyer_user_id", { .integer(900_000 + order.number) }),
      ("total_amount", { .integer(order.lines.reduce(0) { $0 + $1.quantity * 30 }) }),
    ]
    for (name, value) in optional where wanted.contains(name) {
      detail = detail.adding(name, try value())
    }
    return detail
  }

  private static func items(
    _ order: BuyerOrder, _ transaction: any ReadTransaction
  ) throws -> JSONValue {
    .array(
      try order.lines.map { line in
        let isPlain = ShopeeProducts.isPlain(line.variationID)
        let names = ShopeeProducts.names(line.title)
        let active = line.quantity - line.cancelled
        return [
          "item_id": .id(line.itemID), "item_name": .string(isPlain ? line.title : names.item),
          "item_sku": isPlain ? .string(line.sku) : "",
          "model_id": isPlain ? 0 : .id(line.variationID),
          "model_name": isPlain ? "" : .string(names.option),
          "model_sku": isPlain ? "" : .string(line.sku),
          "model_quantity_purchased": .integer(line.quantity),
          "order_item_id": .id(line.lineID), "line_item_id": .id(line.lineID),
          "promotion_type": "", "promotion_id": 0, "promotion_group_id": 0,
          "product_location_id": .array(["SGZ"]), "active_qty": .integer(active),
          "cancel_requested_qty": 0, "cancelled_qty": .integer(line.cancelled),
          "return_requested_qty": .integer(line.returned),
          "returned_qty": try returnedCount(line, of: order, transaction),
        ]
      })
  }

  private static func returnedCount(
    _ line: BuyerOrder.Line, of order: BuyerOrder, _ transaction: any ReadTransaction
  ) throws -> JSONValue {
    guard line.returned > 0 else { return 0 }
    let requests = try transaction.returnIDs(order.shop, ofOrder: order.orderID)
      .compactMap { try transaction.buyerReturn(order.shop, $0) }
    let lines = requests.filter { $0.state == .closed }.flatMap(\.lines)
    return .integer(
      lines.filter { $0.orderLineID == line.lineID }.reduce(0) { $0 + $1.quantity })
  }

  private static func packages(_ order: BuyerOrder) -> JSONValue {
    [
      [
        "package_number": .string(ShopeeWords.package(order)),
        "logistics_status": .string(ShopeeWords.logistics(order)), "logistics_channel_id": 18_001,
        "shipping_carrier": .string(order.carrier),
        "item_list": .array(
          order.lines.map { line in
            [
              "item_id": .id(line.itemID), "model_id": .id(line.variationID),
              "model_quantity": .integer(line.quantity - line.cancelled),
              "order_item_id": .id(line.lineID),
            ]
          }),
      ]
    ]
  }

  /// The seller cancels: whole, or units of items.
  static func cancel(_ market: Market, _ shop: Shop, _ call: ShopeeCall) throws -> JSONValue {
    let name = try call.text("order_sn")
    let reason = try call.text("cancel_reason")
    let order = try market.order(shop.key, name)
    var units: [String: Int64] = [:]
    let entries =
      call.body["partial_cancel_item_list"].array ?? call.body["item_list"].array ?? []
    for entry in entries {
      let item = entry["item_id"].text ?? ""
      let model = entry["model_id"].text ?? "0"
      let found = order.lines.first {
        $0.itemID == item && (ShopeeProducts.isPlain(model) || $0.variationID == model)
      }
      guard let line = found else { throw MarketRefusal.listingUnknown(item) }
      let count =
        entry["cancel_qty"].looseInteger ?? entry["quantity"].looseInteger ?? line.openCount
      guard (1...SandboxLimits.lineQuantity).contains(count) else {
        throw ShopeeError.parameter("cancel_qty must be from 1 to \(SandboxLimits.lineQuantity).")
      }
      units[line.lineID, default: 0] += count
    }
    let done = try market.cancel(shop.key, name, units: units, reason: reason)
    return ["update_time": done.updateTime.unix]
  }
}
