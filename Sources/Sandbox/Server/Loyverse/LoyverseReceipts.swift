internal import Kit
internal import Primitives
internal import StorageCore

/// Loyverse's receipts: what was sold over the counter, and what was given back there.
enum LoyverseReceipts {
  static func get(
    _ transaction: any ReadTransaction, _ call: LoyverseCall, _ number: String
  ) throws -> JSONValue {
    for shop in call.shops {
      if let order = try transaction.order(shop.key, number) { return json(order) }
      if let request = try transaction.buyerReturn(shop.key, number) { return json(request) }
    }
    throw LoyverseError.unknown(number)
  }

  /// By the time of the last change, the newest first.
  static func list(_ transaction: any ReadTransaction, _ call: LoyverseCall) throws -> JSONValue {
    var start = Timestamp.zero
    if let text = call.query["updated_at_min"] {
      guard let time = ISOTime.parse(text) else {
        throw LoyverseError.invalid("It is no time.", field: "updated_at_min")
      }
      start = time
    }
    let all = SandboxLimits.listedRows
    var found: [(time: Timestamp, json: JSONValue)] = []
    for shop in try call.shops(named: "store_id") {
      let orders = try transaction.orderIDs(
        shop.key, by: .updated, from: start, to: .distantFuture, skipping: 0, count: all)
      for order in try orders.compactMap({ try transaction.order(shop.key, $0) }) {
        found.append((order.updateTime, json(order)))
      }
      let returns = try transaction.returnIDs(
        shop.key, by: .updated, from: start, to: .distantFuture, skipping: 0, count: all)
      for request in try returns.compactMap({ try transaction.buyerReturn(shop.key, $0) }) {
        found.append((request.updateTime, json(request)))
      }
    }
    return try call.page("receipts", found.sorted { $0.time > $1.time }.map(\.json))
  }

  static func json(_ order: BuyerOrder) -> JSONValue {
    [
      "receipt_number": .string(order.orderID), "receipt_type": "SALE", "refund_for": .null,
      "order": .null, "note": .null, "source": "point of sale",
      "store_id": .string(order.shop.shopID), "created_at": .string(order.createTime.rfc3339),
      "receipt_date": .string(order.createTime.rfc3339),
      "updated_at": .string(order.updateTime.rfc3339), "cancelled_at": .null,
      "line_items": .array(
        order.lines.map { line in
          [
            "id": .string(line.lineID), "item_id": .string(line.itemID),
            "variant_id": .string(line.variationID), "sku": .string(line.sku),
            "item_name": .string(line.title), "variant_name": .null,
            "quantity": .integer(line.quantity), "price": 30,
            "total_money": .integer(30 * line.quantity),
          ]
        }),
    ]
  }

  static func json(_ request: BuyerReturn) -> JSONValue {
    [
      "receipt_number": .string(request.returnID), "receipt_type": "REFUND",
      "refund_for": .string(request.orderID), "order": .null, "note": .string(request.reason),
      "source": "point of sale", "store_id": .string(request.shop.shopID),
      "created_at": .string(request.createTime.rfc3339),
      "receipt_date": .string(request.createTime.rfc3339),
      "updated_at": .string(request.updateTime.rfc3339), "cancelled_at": .null,
      "line_items": .array(
        request.lines.map { line in
          [
            "id": .string(line.lineID), "item_id": .string(line.itemID),
            "variant_id": .string(line.variationID), "sku": .string(line.sku),
            "quantity": .integer(line.quantity), "price": 30,
          ]
        }),
    ]
  }
}

/// Loyverse's webhooks: whole receipts.
enum LoyverseEvents {
  static func sold(_ order: BuyerOrder) -> [EventDraft] {
    [draft(order.orderID, LoyverseReceipts.json(order))]
  }

  /// A refund is told once it is made.
  static func returned(_ request: BuyerReturn) -> [EventDraft] {
    request.state == .closed ? [draft(request.returnID, LoyverseReceipts.json(request))] : []
  }

  private static func draft(_ number: String, _ receipt: JSONValue) -> EventDraft {
    EventDraft(topic: "receipts.update", subject: number, body: receipt)
  }

  /// Signed where the app has a client secret: a personal token's webhooks are not.
  static func wire(_ delivery: Delivery, _ shop: Shop) -> OutgoingEvent {
    let body: JSONValue = [
      "merchant_id": .string(shop.secrets["merchant_id"] ?? "m-sandbox"),
      "type": .string(delivery.topic), "created_at": .string(delivery.createTime.rfc3339),
      "receipts": [JSONValue(parsing: delivery.body) ?? [:]],
    ]
    var headers = ["Content-Type": "application/json"]
    let secret = shop.secret("client_secret")
    if !secret.isEmpty {
      let code = HMAC.sha1(key: Array(secret.utf8), body.bytes)
      headers["X-Loyverse-Signature"] = Base64.encode(code)
    }
    return OutgoingEvent(headers: headers, body: body.bytes)
  }
}
