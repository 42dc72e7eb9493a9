internal import Primitives
internal import StorageCore

/// What a site keeps of an order beside its lines.
struct WooCommerceRecord: Equatable, Sendable {
  var completeTime: Timestamp?
  /// `meta_data`, by key.
  var meta: [JSONValue.Member] = []
  var notes: [JSONValue] = []
}

/// WooCommerce's orders: one status for all, no parcels, notes and free entries of `meta_data`.
enum WooCommerceOrders {
  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: WooCommerceCall
  ) throws -> WooCommercePlatform.Answer {
    let (offset, size) = try call.page()
    let column: OrderTime
    switch call.query["orderby"] ?? "date" {
    case "modified": column = .updated
    case "date", "id": column = .created
    default: throw WooCommerceError.parameter("orderby")
    }
    var start = Timestamp.zero
    if let text = call.query["modified_after"] {
      guard column == .updated else {
        throw WooCommerceError.parameter(
          "modified_after: the sandbox wants orderby=modified with it")
      }
      guard let time = ISOTime.parse(text.hasSuffix("Z") ? text : "\(text)Z") else {
        throw WooCommerceError.parameter("modified_after")
      }
      // The site's clock ticks in seconds, and "after" is not "at".
      start = Timestamp(seconds: time.seconds + 1)
    }
    let end = Timestamp.distantFuture
    let total = Int(try transaction.orderCount(shop.key, by: column, from: start, to: end))
    let isUp = call.query["order"] == "asc"
    let first = isUp ? offset : max(0, total - offset - size)
    let count = isUp ? size : max(0, min(size, total - offset))
    let ids = try transaction.orderIDs(
      shop.key, by: column, from: start, to: end, skipping: Int64(first), count: Int64(count)
    ).prefix(count)
    let rows = try ids.map { try json(of: $0, transaction, shop) }
    return .init(page: isUp ? rows : rows.reversed(), total: total, size: size)
  }

  static func find(
    _ transaction: any ReadTransaction, _ shop: Shop, _ id: String
  ) throws -> BuyerOrder {
    guard let order = try transaction.order(shop.key, id) else { throw WooCommerceError.order }
    return order
  }

  static func json(
    of id: String, _ transaction: any ReadTransaction, _ shop: Shop
  ) throws -> JSONValue {
    let order = try find(transaction, shop, id)
    let record = try transaction.wooCommerceRecord(shop.key, id)
    let refunds = try WooCommerceRefunds.all(of: order, transaction)
    let units = order.lines.reduce(0) { $0 + $1.quantity }
    let method = order.isPickup ? "pickup_location" : "flat_rate"
    let place: JSONValue = [["id": 2001, "key": "pickup_location", "value": "Main Street"]]
    return [
      "id": .id(id), "parent_id": 0, "number": .string(id), "currency": "MYR",
      "status": .string(status(order, refunds)), "created_via": "checkout", "customer_id": 26,
      "date_created_gmt": WooCommerceWords.time(order.createTime),
      "date_modified_gmt": WooCommerceWords.time(order.updateTime),
      "date_paid_gmt": order.payTime.map(WooCommerceWords.time) ?? .null,
      "date_completed_gmt": record.completeTime.map(WooCommerceWords.time) ?? .null,
      "total": .string("\(units * 30).00"), "transaction_id": "",
      "shipping": ["country": "MY", "state": "SBH", "city": "Kota Kinabalu", "postcode": "88300"],
      "line_items": .array(order.lines.map { line($0, of: order, refunds) }),
      "shipping_lines": [
        [
          "id": 317, "method_id": .string(method), "method_title": "Delivery", "total": "0.00",
          "meta_data": order.isPickup ? place : [],
        ]
      ],
      "refunds": .array(
        refunds.map { refund in
          [
            "id": .id(refund.returnID), "reason": .string(refund.reason),
            "total": .string("-\(WooCommerceRefunds.amount(refund))"),
          ]
        }),
      "meta_data": .array(
        record.meta.enumerated().map { index, entry in
          ["id": .integer(Int64(index + 1)), "key": .string(entry.name), "value": entry.value]
        }),
    ]
  }

  private static func status(_ order: BuyerOrder, _ refunds: [BuyerReturn]) -> String {
    let refunded = refunds.flatMap(\.lines).reduce(0) { $0 + $1.quantity }
    if refunded > 0, refunded >= order.lines.reduce(0, { $0 + $1.quantity }) { return "refunded" }
    return switch order.state {
    case .unpaid: "pending"
    case .paid, .packed: "processing"
    case .ready, .shipped, .delivered, .returned: "completed"
    case .cancelled: "cancelled"
    }
  }

  /// A refund leaves a line's quantity as it is; an edit of the order lowers it.
  private static func line(
    _ line: BuyerOrder.Line, of order: BuyerOrder, _ refunds: [BuyerReturn]
  ) -> JSONValue {
    let entries = refunds.flatMap(\.lines).filter { $0.orderLineID == line.lineID }
    let isEdited = order.state != .cancelled
    let refundedBefore = entries.filter { $0.disposition.hasPrefix("cancel") }
      .reduce(0) { $0 + $1.quantity }
    let quantity = line.quantity - (isEdited ? line.cancelled - refundedBefore : 0)
    let restocked = entries.filter { WooCommerceRefunds.restocking.contains($0.disposition) }
      .reduce(0) { $0 + $1.quantity }
    var meta: [JSONValue] = [
      ["id": 1, "key": "_reduced_stock", "value": .string(String(quantity - restocked))]
    ]
    if restocked > 0 {
      meta.append([
        "id": 2, "key": "_restock_refunded_items", "value": .string(String(restocked)),
      ])
    }
    return [
      "id": .id(line.lineID), "name": .string(line.title), "product_id": .id(line.itemID),
      "variation_id": line.variationID.isEmpty ? 0 : .id(line.variationID),
      "quantity": .integer(quantity), "sku": .string(line.sku), "price": 30,
      "total": .string("\(quantity * 30).00"), "meta_data": .array(meta),
    ]
  }

  /// `PUT orders/<id>`: another status, or entries of `meta_data`.
  static func update(
    _ market: Market, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> JSONValue {
    let order = try find(market.transaction, shop, id)
    if let entries = call.body["meta_data"].array, !entries.isEmpty {
      var record = try market.transaction.wooCommerceRecord(shop.key, id)
      for entry in entries {
        guard let name = entry["key"].string, !name.isEmpty else {
          throw WooCommerceError.parameter("meta_data")
        }
        record.meta.removeAll { $0.name == name }
        record.meta.append(.init(name: name, value: entry["value"]))
      }
      try market.transaction.save(record, of: shop.key, id)
      _ = try market.save(order) { WooCommerceEvents.order($0, topic: "order.updated") }
    }
    if let status = call.body["status"].string { try move(order, to: status, market) }
    return try json(of: id, market.transaction, shop)
  }

  private static func move(_ order: BuyerOrder, to status: String, _ market: Market) throws {
    let (key, id) = (order.shop, order.orderID)
    switch status {
    case "processing", "on-hold":
      if order.state == .unpaid { _ = try market.pay(key, id) }
    case "completed":
      if order.state == .unpaid { _ = try market.pay(key, id) }
      guard try market.order(key, id).lines.contains(where: { $0.openCount > 0 }) else { return }
      _ = try market.handOver(key, id, units: [:], into: .shipped, tracking: nil)
    case "cancelled":
      if order.state != .cancelled {
        _ = try market.cancel(key, id, units: [:], reason: "cancelled")
      }
    default: throw WooCommerceError.parameter("status")
    }
  }

  /// Notes when an order is completed: when nothing of it is left to send.
  static func complete(_ order: BuyerOrder, _ market: Market) throws {
    guard !order.lines.contains(where: { $0.openCount > 0 }) else { return }
    var record = try market.transaction.wooCommerceRecord(order.shop, order.orderID)
    record.completeTime = market.now
    try market.transaction.save(record, of: order.shop, order.orderID)
  }

  static func notes(
    _ transaction: any ReadTransaction, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> WooCommercePlatform.Answer {
    _ = try find(transaction, shop, id)
    let notes = try transaction.wooCommerceRecord(shop.key, id).notes
    let wanted = call.query["type"] ?? "any"
    return .init(
      .array(
        notes.filter { wanted == "any" || ($0["customer_note"].bool == (wanted == "customer")) }))
  }

  static func addNote(
    _ market: Market, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> JSONValue {
    _ = try find(market.transaction, shop, id)
    guard let text = call.body["note"].string, !text.isEmpty else {
      throw WooCommerceError.parameter("note")
    }
    let note: JSONValue = [
      "id": .integer(try market.transaction.next("number")), "author": "WooCommerce",
      "date_created_gmt": WooCommerceWords.time(market.now), "note": .string(text),
      "customer_note": .bool(call.body["customer_note"].bool ?? false),
    ]
    var record = try market.transaction.wooCommerceRecord(shop.key, id)
    record.notes.insert(note, at: 0)
    try market.transaction.save(record, of: shop.key, id)
    return note
  }
}
