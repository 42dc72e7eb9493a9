internal import Primitives
internal import StorageCore

/// Shopee's returns: listed, read, confirmed or disputed.
enum ShopeeReturns {
  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let page = try call.integer("page_no", default: 0, in: 0...10_000)
    let size = try call.integer("page_size", default: 40, in: 1...100)
    var start = Timestamp.zero
    var end = Timestamp.distantFuture
    var column = OrderTime.created
    if call.query["update_time_from"] != nil {
      column = .updated
      (start, end) = try call.window("update_time_from", "update_time_to")
    } else if call.query["create_time_from"] != nil {
      (start, end) = try call.window("create_time_from", "create_time_to")
    }
    let found = try transaction.returnIDs(
      shop.key, by: column, from: start, to: end, skipping: page * size, count: size)
    let requests = try found.prefix(Int(size)).compactMap {
      try transaction.buyerReturn(shop.key, $0)
    }
    return ["more": .bool(found.count > Int(size)), "return": .array(requests.map(json))]
  }

  static func detail(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let name = call.query["return_sn"] ?? ""
    guard let request = try transaction.buyerReturn(shop.key, name) else {
      throw MarketRefusal.returnUnknown(name)
    }
    return json(request)
  }

  private static func json(_ request: BuyerReturn) -> JSONValue {
    [
      "return_sn": .string(request.returnID), "order_sn": .string(request.orderID),
      "status": .string(ShopeeWords.returnStatus(request.state)),
      "reason": .string(request.reason), "text_reason": .string(request.reason),
      "create_time": request.createTime.unix, "update_time": request.updateTime.unix,
      "refund_amount": 30, "currency": "SGD", "needs_logistics": true, "return_solution": 0,
      "return_refund_type": "RRBOC", "validation_type": "seller_validation",
      "reverse_logistics_status": "LOGISTICS_DELIVERY_DONE", "tracking_number": "",
      "due_date": (request.createTime + .seconds(2 * 86_400)).unix,
      "return_seller_due_date": (request.createTime + .seconds(3 * 86_400)).unix,
      "negotiation": ["negotiation_status": ""], "follow_up_action_list": [],
      "item": .array(
        request.lines.map { line in
          [
            "item_id": .id(line.itemID),
            "model_id": ShopeeProducts.isPlain(line.variationID) ? 0 : .id(line.variationID),
            "amount": .integer(line.quantity),
            "item_sku": ShopeeProducts.isPlain(line.variationID) ? .string(line.sku) : "",
            "variation_sku": ShopeeProducts.isPlain(line.variationID) ? "" : .string(line.sku),
            "refund_amount": 30, "name": "", "images": [],
          ]
        }),
    ]
  }

  /// The seller agrees and pays back; the return is over.
  static func confirm(_ market: Market, _ shop: Shop, _ call: ShopeeCall) throws -> JSONValue {
    let name = try call.text("return_sn")
    let request = try market.buyerReturn(shop.key, name)
    guard request.state == .requested || request.state == .accepted else {
      throw ShopeeError(
        "error_return_status", "The return is \(ShopeeWords.returnStatus(request.state)).")
    }
    let done = try market.move(shop.key, name, to: .closed)
    return ["return_sn": .string(done.returnID)]
  }

  static func dispute(_ market: Market, _ shop: Shop, _ call: ShopeeCall) throws -> JSONValue {
    let request = try market.move(shop.key, try call.text("return_sn"), to: .cancelled)
    return ["return_sn": .string(request.returnID)]
  }
}
