internal import Primitives
internal import StorageCore

/// Lazada's reverse orders: cancellations by the seller, and returns.
enum LazadaReverse {
  /// The reasons that empty the listing. Source: Lazada document 120164.
  private static let clearing: Set<String> = ["15", "out_of_stock", "wrong_price"]

  static func validate(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    let name = try call.text("order_id")
    guard let order = try transaction.order(shop.key, name) else {
      throw MarketRefusal.orderUnknown(name)
    }
    let lines = try names(call)
    let isGood = lines.allSatisfy { line in
      order.lines.contains { $0.lineID == line && $0.state.isOpen }
    }
    return [
      "is_eligible": .bool(isGood), "tip_content": "", "tip_type": "",
      "reason_options": [
        ["reason_id": "15", "reason_name": "Out of Stock"],
        ["reason_id": "21", "reason_name": "Buyer's request"],
      ],
    ]
  }

  private static func names(_ call: LazadaCall) throws -> [String] {
    guard let lines = try call.json("order_item_id_list").array?.compactMap(\.text), !lines.isEmpty
    else { throw LazadaError.invalid("order_item_id_list") }
    return lines
  }

  static func cancel(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    let name = try call.text("order_id")
    let reason = try call.text("reason_id")
    var units: [String: Int64] = [:]
    for line in try names(call) { units[line] = 1 }
    let order = try market.cancel(
      shop.key, name, units: units, reason: reason, clearsStock: clearing.contains(reason))
    return ["tip_content": "", "tip_type": "", "order_id": .id(order.orderID)]
  }

  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    let page = try call.integer("page_no", default: 1, in: 1...10_000)
    let size = try call.integer("page_size", default: 10, in: 1...100)
    let start = try call.integer(
      "ReverseOrderLineModifiedTimeRangeStart", default: 0,
      in: 0...Timestamp.distantFuture.milliseconds)
    let end = try call.integer(
      "ReverseOrderLineModifiedTimeRangeEnd", default: Timestamp.distantFuture.milliseconds,
      in: 0...Timestamp.distantFuture.milliseconds)
    let found = try transaction.returnIDs(
      shop.key, by: .updated, from: Timestamp(microseconds: start * 1_000),
      to: Timestamp(microseconds: end * 1_000 + 999), skipping: (page - 1) * size, count: size)
    let requests = try found.prefix(Int(size)).compactMap {
      try transaction.buyerReturn(shop.key, $0)
    }
    return [
      "page_no": .integer(page), "page_size": .integer(size),
      "total": .integer((page - 1) * size + Int64(found.count)),
      "items": .array(requests.map(json)),
    ]
  }

  static func detail(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    let name = try call.text("reverse_order_id")
    guard let request = try transaction.buyerReturn(shop.key, name) else {
      throw MarketRefusal.returnUnknown(name)
    }
    return json(request)
  }

  private static func json(_ request: BuyerReturn) -> JSONValue {
    let lines = request.lines.map { line -> JSONValue in
      [
        "reverse_order_line_id": .id(line.lineID), "trade_order_line_id": .id(line.orderLineID),
        "seller_sku_id": .string(line.sku), "platform_sku_id": .string(line.variationID),
        "product": ["product_id": .id(line.itemID), "product_sku": .string(line.variationID)],
        "reverse_status": .string(LazadaWords.reverseStatus(request.state)), "ofc_status": "",
        "whqc_decision": "", "refund_amount": 3_000, "reason_text": .string(request.reason),
        "is_need_refund": true,
        "return_order_line_gmt_create": request.createTime.unix,
        "return_order_line_gmt_modified": request.updateTime.unix,
      ]
    }
    return [
      "reverse_order_id": .id(request.returnID), "trade_order_id": .id(request.orderID),
      "request_type": "RETURN", "is_rtm": true, "shipping_type": "pick_up",
      "reverse_order_lines": .array(lines), "reverseOrderLineDTOList": .array(lines),
    ]
  }

  static func update(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    let name = try call.text("reverse_order_id")
    let state: BuyerReturn.State
    switch try call.text("action") {
    case "agreeReturn", "confirmDelivery": state = .accepted
    case "agreeRefund", "instantRefund": state = .closed
    case "refuseReturn", "refuseRefund": state = .cancelled
    default: throw LazadaError.invalid("action")
    }
    _ = try market.move(shop.key, name, to: state)
    return ["success": true]
  }
}
