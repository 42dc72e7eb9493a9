internal import Primitives
internal import StorageCore

/// TikTok Shop's order calls: one line item a unit.
enum TikTokOrders {
  static func search(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let (size, offset) = try call.page(in: 1...100)
    let column: OrderTime = call.query["sort_field"] == "update_time" ? .updated : .created
    let isUpdate = call.body.has("update_time_ge") || call.body.has("update_time_lt")
    guard !isUpdate || column == .updated else {
      throw TikTokError.parameter("The sandbox sorts by the time that it filters by")
    }
    let stem = column == .updated ? "update_time" : "create_time"
    let start = try call.time("\(stem)_ge", default: .zero)
    let end = try call.time("\(stem)_lt", default: call.now + .seconds(1)) - .microseconds(1)
    let total = try transaction.orderCount(shop.key, by: column, from: start, to: end)
    let isAscending = call.query["sort_order"] == "ASC"
    let count = max(0, min(size, total - offset))
    let found = try transaction.orderIDs(
      shop.key, by: column, from: start, to: end,
      skipping: isAscending ? offset : max(0, total - offset - count), count: max(1, count)
    ).prefix(Int(count))
    let orders = try found.compactMap { try transaction.order(shop.key, $0) }
    let wanted = call.body["order_status"].string
    let shown = (isAscending ? orders : orders.reversed())
      .filter { wanted == nil || TikTokWords.status($0) == wanted }
    return [
      "total_count": .integer(total),
      "next_page_token": TikTokCall.nextPage(offset + count, isMore: offset + count < total),
      "orders": .array(shown.map { json($0, shop) }),
    ]
  }

  static func detail(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let names = (call.query["ids"] ?? "").split(separator: ",").map(String.init)
    guard (1...50).contains(names.count) else {
      throw TikTokError.parameter("ids must have 1 to 50 entries")
    }
    let orders = try names.compactMap { try transaction.order(shop.key, $0) }
    guard !orders.isEmpty else {
      throw TikTokError(21_008_111, "The order or package does not belong to the current seller.")
    }
    return ["orders": .array(orders.map { json($0, shop) })]
  }

  private static func json(_ order: BuyerOrder, _ shop: Shop) -> JSONValue {
    let kind = shop.secret("fulfillment_type")
    var json: JSONValue = [
      "id": .string(order.orderID), "status": .string(TikTokWords.status(order)),
      "create_time": order.createTime.unix, "update_time": order.updateTime.unix,
      "fulfillment_type": .string(kind.isEmpty ? "FULFILLMENT_BY_SELLER" : kind),
      "shipping_type": TikTokWords.isShippedBySeller(shop) ? "SELLER" : "TIKTOK",
      "delivery_type": "HOME_DELIVERY", "delivery_option_id": "7091146663229654785",
      "warehouse_id": .string(TikTokWords.warehouses(shop)[0]), "is_sample_order": false,
      "user_id": .string(String(7_000_000_000 + order.number)),
      "packages": hasPackage(order, shop) ? [["id": .string(TikTokWords.package(order))]] : [],
      "line_items": .array(order.lines.map { line($0, order, shop) }),
    ]
    if order.state != .unpaid {
      json = json.adding(
        "recipient_address",
        [
          "name": "B*** B***", "region_code": "SG", "postal_code": "528123",
          "district_info": [
            ["address_level_name": "Country", "address_name": "Singapore", "address_level": "L0"],
            ["address_level_name": "State", "address_name": "Central", "address_level": "L1"],
          ],
        ])
    }
    let hasGone = order.lines.contains { [.shipped, .delivered, .returned].contains($0.state) }
    return hasGone ? json.adding("collection_time", order.updateTime.unix) : json
  }

  /// Where the seller ships, there is no package before it is shipped.
  private static func hasPackage(_ order: BuyerOrder, _ shop: Shop) -> Bool {
    TikTokWords.isShippedBySeller(shop)
      ? order.lines.contains { $0.shipped > 0 } : order.state != .unpaid
  }

  private static func line(
    _ line: BuyerOrder.Line, _ order: BuyerOrder, _ shop: Shop
  ) -> JSONValue {
    var json: JSONValue = [
      "id": .string(line.lineID), "product_id": .string(line.itemID),
      "sku_id": .string(line.variationID), "seller_sku": .string(line.sku),
      "product_name": .string(line.title), "sku_name": "Default", "sale_price": "30",
      "currency": "SGD", "is_gift": false,
      "display_status": .string(TikTokWords.status(line.state)),
    ]
    if line.state == .cancelled {
      json = json.adding("cancel_user", "BUYER")
      json = json.adding("cancel_reason", .string(order.cancelReason))
    }
    if hasPackage(order, shop), line.shipped > 0 || !TikTokWords.isShippedBySeller(shop) {
      json = json.adding("package_id", .string(TikTokWords.package(order)))
      json = json.adding("package_status", .string(TikTokWords.packageStatus(line.state)))
    }
    guard line.shipped > 0 else { return json }
    return json.adding("rts_time", line.updateTime.unix)
      .adding("tracking_number", .string(order.trackingNumber))
  }
}
