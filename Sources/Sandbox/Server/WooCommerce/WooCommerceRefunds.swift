internal import Primitives
internal import StorageCore

/// Refunds, kept as returns that are over. A line's disposition says what became of its units:
/// `cancel` or `cancel_no_restock` before the order left, `return` or `return_no_restock` after that.
enum WooCommerceRefunds {
  static let restocking: Set<String> = ["cancel", "return"]

  static func all(
    of order: BuyerOrder, _ transaction: any ReadTransaction
  ) throws -> [BuyerReturn] {
    try transaction.returnIDs(order.shop, ofOrder: order.orderID)
      .compactMap { try transaction.buyerReturn(order.shop, $0) }.reversed()
  }

  static func amount(_ refund: BuyerReturn) -> String {
    "\(refund.lines.reduce(0) { $0 + $1.quantity } * 30).00"
  }

  static func list(
    _ transaction: any ReadTransaction, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> WooCommercePlatform.Answer {
    let (offset, size) = try call.page()
    let order = try WooCommerceOrders.find(transaction, shop, id)
    let refunds = try all(of: order, transaction)
    let rows = refunds.dropFirst(offset).prefix(size).map(json)
    return .init(page: Array(rows), total: refunds.count, size: size)
  }

  static func json(_ refund: BuyerReturn) -> JSONValue {
    [
      "id": .id(refund.returnID), "date_created_gmt": WooCommerceWords.time(refund.createTime),
      "amount": .string(amount(refund)), "reason": .string(refund.reason), "refunded_by": 1,
      "refunded_payment": false, "meta_data": [],
      "line_items": .array(
        refund.lines.map { line in
          [
            "id": .id(line.lineID), "product_id": .id(line.itemID),
            "variation_id": line.variationID.isEmpty ? 0 : .id(line.variationID),
            "quantity": .integer(-line.quantity), "sku": .string(line.sku),
            "total": .string("-\(line.quantity * 30).00"),
            "meta_data": [
              ["id": 1, "key": "_refunded_item_id", "value": .string(line.orderLineID)]
            ],
          ]
        }),
    ]
  }

  static func create(
    _ market: Market, _ shop: Shop, _ id: String, _ call: WooCommerceCall
  ) throws -> JSONValue {
    var units: [String: Int64] = [:]
    for line in call.body["line_items"].array ?? [] {
      guard let name = line["id"].text, let quantity = line["quantity"].looseInteger, quantity > 0
      else { throw WooCommerceError.parameter("line_items") }
      units[name, default: 0] += quantity
    }
    guard !units.isEmpty else { throw WooCommerceError.parameter("line_items") }
    let refund = try market.refundWooCommerce(
      shop.key, id, units: units, restocks: call.body["api_restock"].bool ?? true,
      reason: call.body["reason"].string ?? "")
    return json(refund)
  }
}

extension Market {
  /// Pays units back, all that are not paid back yet when none are named. `restocks` puts them on sale
  /// again, whether they have left or not.
  func refundWooCommerce(
    _ key: Shop.Key, _ orderID: String, units: [String: Int64], restocks: Bool, reason: String
  ) throws -> BuyerReturn {
    var order = try order(key, orderID)
    for name in units.keys where !order.lines.contains(where: { $0.lineID == name }) {
      throw MarketRefusal.lineUnknown(name)
    }
    let before = try WooCommerceRefunds.all(of: order, transaction).flatMap(\.lines)
    var refund = BuyerReturn(
      shop: key,
      returnID: OrderNumbers.returned(.woocommerce, try transaction.next("number"), at: now),
      orderID: orderID, state: .closed, reason: reason, createTime: now, updateTime: now, lines: [])
    for line in order.lines {
      let refunded = before.filter { $0.orderLineID == line.lineID }.reduce(0) { $0 + $1.quantity }
      let left = line.shipped > 0 ? line.quantity - refunded : line.openCount
      let count = units.isEmpty ? left : units[line.lineID] ?? 0
      guard count > 0 else { continue }
      guard count <= left else {
        throw MarketRefusal.invalid("line \(line.lineID) has \(left) units to pay back")
      }
      refund.lines.append(
        BuyerReturn.Line(
          lineID: OrderNumbers.line(.woocommerce, try transaction.next("number")),
          orderLineID: line.lineID, itemID: line.itemID, variationID: line.variationID,
          sku: line.sku, quantity: count,
          disposition: (line.shipped > 0 ? "return" : "cancel")
            + (restocks ? "" : "_no_restock")))
    }
    guard !refund.lines.isEmpty else {
      throw MarketRefusal.stateWrong("nothing is left to pay back")
    }
    try transaction.save(refund)
    for line in refund.lines { try giveBack(line, key, orderID, restocks: restocks) }
    order = try self.order(key, orderID)
    _ = try save(order) { WooCommerceEvents.order($0, topic: "order.updated") }
    return refund
  }

  private func giveBack(
    _ line: BuyerReturn.Line, _ key: Shop.Key, _ orderID: String, restocks: Bool
  ) throws {
    if line.disposition.hasPrefix("cancel") {
      _ = try cancel(key, orderID, units: [line.orderLineID: line.quantity], reason: "refund")
      if !restocks {
        try change(key, item: line.itemID, variation: line.variationID) {
          $0.sellable -= line.quantity
        }
      }
    } else if restocks {
      try change(key, item: line.itemID, variation: line.variationID) {
        $0.sellable += line.quantity
      }
    }
  }
}
