internal import Primitives
internal import StorageCore

/// Square's orders: sales with their fulfilments, and the orders that stand for returns.
enum SquareOrders {
  static func get(
    _ transaction: any ReadTransaction, _ call: SquareCall, _ id: String
  ) throws -> JSONValue {
    if let order = try call.order(id, transaction) { return ["order": json(order)] }
    for shop in call.shops {
      if let request = try transaction.buyerReturn(shop.key, id) { return ["order": json(request)] }
    }
    throw MarketRefusal.orderUnknown(id)
  }

  /// By the time of the last change, returns among them.
  static func search(_ transaction: any ReadTransaction, _ call: SquareCall) throws -> JSONValue {
    let query = call.body["query"]
    let range = query["filter"]["date_time_filter"]["updated_at"]
    let end = range["end_at"].string.flatMap(ISOTime.parse) ?? .distantFuture
    guard let start = range["start_at"].string.flatMap(ISOTime.parse) else {
      throw SquareError.invalid(
        "BAD_REQUEST", "The sandbox searches by updated_at alone.",
        field: "query.filter.date_time_filter")
    }
    guard query["sort"]["sort_field"] == "UPDATED_AT" else {
      throw SquareError.invalid(
        "BAD_REQUEST", "The sort field must be that of the filter.", field: "query.sort.sort_field")
    }
    let limit = call.body["limit"].integer ?? 500
    guard (1...1_000).contains(limit) else {
      throw SquareError.invalid("VALUE_TOO_HIGH", "The limit is 1 to 1000.", field: "limit")
    }
    let all = SandboxLimits.listedRows
    var found: [(time: Timestamp, json: JSONValue)] = []
    for shop in try call.named(atMost: 10) {
      let orders = try transaction.orderIDs(
        shop.key, by: .updated, from: start, to: end, skipping: 0, count: all)
      for id in orders {
        guard let order = try transaction.order(shop.key, id) else { continue }
        found.append((order.updateTime, json(order)))
      }
      let returns = try transaction.returnIDs(
        shop.key, by: .updated, from: start, to: end, skipping: 0, count: all)
      for id in returns {
        guard let request = try transaction.buyerReturn(shop.key, id) else { continue }
        found.append((request.updateTime, json(request)))
      }
    }
    found.sort { $0.time < $1.time }
    if query["sort"]["sort_order"] != "ASC" { found.reverse() }
    let offset = try SquareCall.offset(call.body["cursor"].string)
    let page = found.dropFirst(Int(offset)).prefix(Int(limit))
    let next = offset + Int64(page.count)
    return SquareCall.page(
      ["orders": .array(page.map(\.json))], next: next < found.count ? next : nil)
  }

  /// Prepares or completes the one fulfilment. The order's version must be the one that is known.
  static func update(_ market: Market, _ call: SquareCall, _ id: String) throws -> JSONValue {
    guard let order = try call.order(id, market.transaction) else {
      throw MarketRefusal.orderUnknown(id)
    }
    let shop = try call.shop(
      call.body["order"]["location_id"].string ?? "", field: "order.location_id")
    return try call.once(market, shop.key.shopID) {
      guard call.body["order"]["version"].integer == SquareWords.version(order) else {
        throw SquareError.invalid(
          "VERSION_MISMATCH", "The order has another version.", field: "order.version")
      }
      let parts = call.body["order"]["fulfillments"].array ?? []
      guard parts.count == 1, parts[0]["uid"] == .string(SquareWords.fulfilment),
        parts[0]["state"] == "COMPLETED" || order.isPickup && parts[0]["state"] == "PREPARED"
      else {
        throw SquareError.invalid(
          "BAD_REQUEST",
          "The sandbox completes an order's one fulfilment, or prepares it for pickup.",
          field: "order.fulfillments")
      }
      guard order.payTime != nil else {
        throw SquareError.invalid(
          "BAD_REQUEST", "An order that is not paid cannot be completed.", field: "order.state")
      }
      if parts[0]["state"] == "PREPARED" {
        return ["order": json(try market.prepare(shop.key, id))]
      }
      let shipment = parts[0]["shipment_details"]
      let done = try market.handOver(
        shop.key, id, units: [:], into: .delivered,
        tracking: shipment["tracking_number"].string, carrier: shipment["carrier"].string)
      return ["order": json(done)]
    }
  }

  static func json(_ order: BuyerOrder) -> JSONValue {
    let state = SquareWords.state(order)
    let lines = order.lines.filter { state == "CANCELED" || $0.quantity > $0.cancelled }
    var json: JSONValue = [
      "id": .string(order.orderID), "location_id": .string(order.shop.shopID),
      "state": .string(state), "version": .integer(SquareWords.version(order)),
      "created_at": .string(order.createTime.text), "updated_at": .string(order.updateTime.text),
      "source": ["name": SquareWords.isCounter(order) ? "Point of Sale" : "Online"],
      "line_items": .array(lines.map { line($0, isCancelled: state == "CANCELED") }),
    ]
    if order.payTime != nil {
      json = json.adding(
        "tenders", [["id": .string(SquareWords.payment(order)), "type": "CARD"]])
    }
    if !["OPEN", "DRAFT"].contains(state) {
      json = json.adding("closed_at", .string(order.updateTime.text))
    }
    guard order.payTime != nil, !SquareWords.isCounter(order) else { return json }
    return json.adding("fulfillments", [fulfilment(order, state)])
  }

  /// Square has no cancelled units of a line: the line becomes smaller, or goes.
  private static func line(_ line: BuyerOrder.Line, isCancelled: Bool) -> JSONValue {
    let quantity = isCancelled ? line.quantity : line.quantity - line.cancelled
    return [
      "uid": .string(line.lineID), "item_type": "ITEM", "name": .string(line.title),
      "catalog_object_id": .string(
        line.variationID.isEmpty ? line.itemID : line.variationID),
      "variation_name": "Regular", "quantity": .string(String(quantity)),
    ]
  }

  private static func fulfilment(_ order: BuyerOrder, _ state: String) -> JSONValue {
    let word =
      switch state {
      case "COMPLETED": "COMPLETED"
      case "CANCELED": "CANCELED"
      default: order.state == .packed ? "PREPARED" : "PROPOSED"
      }
    if order.isPickup {
      return [
        "uid": .string(SquareWords.fulfilment), "type": "PICKUP", "state": .string(word),
        "line_item_application": "ALL",
        "pickup_details": ["recipient": ["display_name": "A Buyer"], "schedule_type": "ASAP"],
      ]
    }
    return [
      "uid": .string(SquareWords.fulfilment), "type": "SHIPMENT", "state": .string(word),
      "line_item_application": "ALL",
      "shipment_details": [
        "carrier": .string(order.carrier), "tracking_number": .string(order.trackingNumber),
        "recipient": [
          "display_name": "A Buyer",
          "address": ["country": "SG", "locality": "Singapore", "postal_code": "018956"],
        ],
      ],
    ]
  }

  /// The order that stands for a return: it has no lines of its own.
  static func json(_ request: BuyerReturn) -> JSONValue {
    [
      "id": .string(request.returnID), "location_id": .string(request.shop.shopID),
      "state": "COMPLETED", "version": .integer(request.state == .closed ? 2 : 1),
      "created_at": .string(request.createTime.text),
      "updated_at": .string(request.updateTime.text),
      "closed_at": .string(request.updateTime.text),
      "refunds": [["id": .string(SquareWords.refund(request))]],
      "returns": [
        [
          "uid": "R1", "source_order_id": .string(request.orderID),
          "return_line_items": .array(
            request.lines.map { line in
              [
                "uid": .string(line.lineID), "source_line_item_uid": .string(line.orderLineID),
                "catalog_object_id": .string(
                  line.variationID.isEmpty ? line.itemID : line.variationID),
                "quantity": .string(String(line.quantity)), "item_type": "ITEM",
              ]
            }),
        ]
      ],
    ]
  }
}
