internal import Primitives
internal import StorageCore

/// TikTok Shop's cancellations by the seller, and returns.
enum TikTokReturns {
  private static let reasons = ["out_of_stock", "wrong_price"]

  /// Whole, or single units for want of stock.
  static func cancel(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    let order = try market.order(shop.key, try call.text("order_id"))
    let reason = try call.text("cancel_reason")
    let stem =
      order.state == .unpaid ? "seller_cancel_unpaid_reason_" : "seller_cancel_reason_"
    guard reasons.contains(where: { reason.hasSuffix($0) }) else {
      throw TikTokError(25_001_014, "Unknown return reason.")
    }
    guard reason.hasPrefix(stem) else {
      throw TikTokError(25_001_021, "Reason not match order status")
    }
    switch order.state {
    case .cancelled:
      throw TikTokError(25_001_011, "The order has already been cancelled.")
    case .shipped, .delivered, .returned:
      throw TikTokError(25_001_045, "The order has already been shipped.")
    case .unpaid, .paid, .packed, .ready: break
    }
    let names = try call.list("order_line_item_ids", atMost: SandboxLimits.lines)
    guard names.isEmpty || reason.hasSuffix("out_of_stock") else {
      throw TikTokError(25_005_010, "Unable to cancel individual line items within this request.")
    }
    let units = Dictionary(names.map { ($0, Int64(1)) }) { first, _ in first }
    let done = try market.cancel(shop.key, order.orderID, units: units, reason: reason)
    return [
      "cancel_id": .string(TikTokWords.cancellation(done)),
      "cancel_status": "CANCELLATION_REQUEST_SUCCESS",
    ]
  }

  static func search(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let (size, offset) = try call.page(in: 10...50)
    let named = try call.list("return_ids", atMost: 100)
    let start = try call.time("update_time_ge", default: .zero)
    let end = try call.time("update_time_lt", default: call.now + .seconds(1)) - .microseconds(1)
    let found =
      named.isEmpty
      ? try transaction.returnIDs(
        shop.key, by: .updated, from: start, to: end, skipping: offset, count: size) : named
    let requests = try found.prefix(Int(size)).compactMap {
      try transaction.buyerReturn(shop.key, $0)
    }
    return [
      "total_count": .integer(Int64(requests.count)),
      "next_page_token": TikTokCall.nextPage(offset + size, isMore: found.count > Int(size)),
      "return_orders": .array(requests.map(json)),
    ]
  }

  private static func json(_ request: BuyerReturn) -> JSONValue {
    [
      "return_id": .string(request.returnID), "order_id": .string(request.orderID),
      "return_type": "RETURN_AND_REFUND",
      "return_status": .string(TikTokWords.returnStatus(request.state)), "role": "BUYER",
      "return_reason": .string(request.reason), "return_reason_text": .string(request.reason),
      "create_time": request.createTime.unix, "update_time": request.updateTime.unix,
      "return_line_items": .array(
        request.lines.map { line in
          [
            "return_line_item_id": .string(line.lineID),
            "order_line_item_id": .string(line.orderLineID), "sku_id": .string(line.variationID),
            "seller_sku": .string(line.sku),
            "refund_amount": ["currency": "SGD", "refund_total": "30"],
          ]
        }),
    ]
  }

  static func approve(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    let request = try market.buyerReturn(shop.key, call.id)
    switch (try call.text("decision"), request.state) {
    case ("APPROVE_RETURN", .requested):
      _ = try market.move(shop.key, call.id, to: .accepted)
    case ("APPROVE_RECEIVED_PACKAGE", .accepted):
      _ = try market.move(shop.key, call.id, to: .closed)
    case ("APPROVE_RETURN", _):
      throw TikTokError(25_011_012, "reverse status cannot approve application")
    case ("APPROVE_RECEIVED_PACKAGE", _):
      throw TikTokError(25_011_013, "reverse status cannot approve receive")
    default: throw TikTokError(25_020_004, "decision not match reverse type")
    }
    return [:]
  }

  static func reject(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    _ = try call.text("reject_reason")
    _ = try market.move(shop.key, call.id, to: .cancelled)
    return [:]
  }
}
