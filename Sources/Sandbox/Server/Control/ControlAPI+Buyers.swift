internal import Kit
internal import Primitives
internal import StorageCore

extension ControlAPI {
  func order(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    guard !platform.faults.plan(of: key.channel).isDown else { throw ControlError(503, "down") }
    let wishes = try call.wishes()
    let isPaid = call.body["paid"].bool ?? true
    // Loyverse has tills and nothing else.
    let isCounter = call.body["counter"].bool ?? false || key.channel == .loyverse
    guard !isCounter || key.channel.hasTills && isPaid else {
      throw ControlError(400, "only a till sells over the counter, and what is paid")
    }
    let isPickup = call.body["pickup"].bool ?? false
    guard !isPickup || !isCounter && [.shopify, .square, .woocommerce].contains(key.channel) else {
      throw ControlError(400, "buyers come for what Shopify, Square and WooCommerce sell online")
    }
    // Of a time in which nobody listened.
    let ago = call.body["seconds_ago"].looseInteger ?? 0
    guard (0...SandboxLimits.longestAgo).contains(ago) else {
      throw ControlError(400, "seconds_ago is from 0 to \(SandboxLimits.longestAgo)")
    }
    return Self.json(
      try await platform.change(ago: .seconds(ago)) { market in
        let order = try market.place(wishes, in: key, isPaid: isPaid, isPickup: isPickup)
        return isCounter ? try market.takeAway(order) : order
      })
  }

  func edit(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    let name = try call.text("order_id")
    let wishes = try call.wishes()
    return Self.json(try await platform.change { try $0.edit(key, name, adding: wishes) })
  }

  func deauthorise(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    try await platform.change { try $0.deauthorise(key) }
    return ["shop": .string(key.description)]
  }

  func pay(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    let name = try call.text("order_id")
    return Self.json(try await platform.change { try $0.pay(key, name) })
  }

  func cancel(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    let name = try call.text("order_id")
    let units = try call.units()
    let reason = call.body["reason"].string ?? "customer"
    return Self.json(
      try await platform.change { try $0.cancel(key, name, units: units, reason: reason) })
  }

  /// What was handed over is taken by the carrier; what was not is handed over first. `delivered`
  /// goes on to the buyer.
  func ship(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    let name = try call.text("order_id")
    let tracking = call.body["tracking_number"].text
    let isDelivered = call.body["delivered"].bool ?? false
    return Self.json(
      try await platform.change { market in
        var order = try market.order(key, name)
        if order.state.isOpen {
          order = try market.handOver(
            key, name, units: [:],
            into: [.shopify, .woocommerce].contains(key.channel) ? .shipped : .ready,
            tracking: tracking ?? order.trackingNumber)
        }
        if order.state == .ready { order = try market.advance(key, name, to: .shipped) }
        return isDelivered ? try market.advance(key, name, to: .delivered) : order
      })
  }

  func requestReturn(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    let name = try call.text("order_id")
    let units = try call.units()
    let reason = call.body["reason"].string ?? "CHANGE_MIND"
    let request = try await platform.change {
      try $0.requestReturn(key, name, units: units, reason: reason)
    }
    return [
      "return_id": .string(request.returnID), "order_id": .string(request.orderID),
      "lines": .array(
        request.lines.map { line in
          [
            "line_id": .string(line.lineID), "order_line_id": .string(line.orderLineID),
            "sku": .string(line.sku), "quantity": .integer(line.quantity),
          ]
        }),
    ]
  }

  /// Shopify, WooCommerce and tills: `restock_type` is no_restock, cancel (Shopify) or return; with no_restock nothing is put back.
  func refund(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    if key.channel.hasTills { return try await refundAtTill(call, key) }
    guard key.channel == .shopify || key.channel == .woocommerce else {
      throw ControlError(400, "only shopify, woocommerce and tills have refunds")
    }
    let name = try call.text("order_id")
    let units = try call.units()
    if key.channel == .woocommerce {
      let restocks = call.body["restock_type"].string != "no_restock"
      let refund = try await platform.change {
        try $0.refundWooCommerce(key, name, units: units, restocks: restocks, reason: "")
      }
      return ["refund_id": .string(refund.returnID), "order_id": .string(name)]
    }
    let type = call.body["restock_type"].string ?? "return"
    return try await platform.change { market in
      let order = try market.order(key, name)
      let location = try market.shop(key).secrets["location_id"] ?? ShopifySchema.location
      let refund = String(509_000_000 + (try market.transaction.next("number")))
      let lines = order.lines.compactMap { line -> ShopifyEvents.RefundLine? in
        let count = units.isEmpty ? line.quantity - line.cancelled : units[line.lineID] ?? 0
        guard count > 0 else { return nil }
        return ShopifyEvents.RefundLine(line: line, quantity: count, restockType: type)
      }
      try market.refund(key, name, refundID: refund, lines: lines, location: location)
      return ["refund_id": .string(refund), "order_id": .string(name)]
    }
  }

  private static func json(_ order: BuyerOrder) -> JSONValue {
    [
      "channel": .string(order.shop.channel.rawValue), "shop": .string(order.shop.shopID),
      "order_id": .string(order.orderID), "state": .string(order.state.rawValue),
      "create_time": .string(order.createTime.rfc3339),
      "update_time": .string(order.updateTime.rfc3339),
      "tracking_number": .string(order.trackingNumber),
      "lines": .array(
        order.lines.map { line in
          [
            "line_id": .string(line.lineID), "item_id": .string(line.itemID),
            "variation_id": .string(line.variationID), "sku": .string(line.sku),
            "quantity": .integer(line.quantity), "cancelled": .integer(line.cancelled),
            "shipped": .integer(line.shipped), "returned": .integer(line.returned),
            "state": .string(line.state.rawValue),
          ]
        }),
    ]
  }

  /// The newest first; `limit` is 100 unless said otherwise.
  func listOrders(_ call: Call) async throws -> JSONValue {
    let limit = call.limit
    let channel = call.query["channel"]
    let name = call.query["order_id"]
    return try await platform.read { transaction in
      let rows = try transaction.rows(
        """
        SELECT channel, shop_id, order_id FROM buyer_order
        WHERE (? IS NULL OR channel = ?) AND (? IS NULL OR order_id = ?)
        ORDER BY number DESC LIMIT ?
        """, [.text(channel), .text(channel), .text(name), .text(name), .integer(limit)]
      ) {
        (
          Shop.Key(channel: Channel(rawValue: $0.text(0)) ?? .shopee, shopID: $0.text(1)),
          $0.text(2)
        )
      }
      let orders = try rows.compactMap { try transaction.order($0.0, $0.1) }
      let total = try transaction.int64("SELECT COUNT(*) FROM buyer_order") ?? 0
      return ["total": .integer(total), "orders": .array(orders.map(Self.json))]
    }
  }
}
