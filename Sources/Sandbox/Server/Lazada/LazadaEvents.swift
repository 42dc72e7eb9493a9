internal import Kit
internal import Primitives
internal import StorageCore

/// Lazada's push messages: one a line, without SKU or quantity.
///
/// - Note: Source: Lazada documents 120168, message types 0, 10 and 14.
enum LazadaEvents {
  static func status(_ order: BuyerOrder, lines: [String]) -> [EventDraft] {
    order.lines.filter { lines.contains($0.lineID) }.map { line in
      EventDraft(topic: "0", subject: order.orderID, body: data(order, line))
    }
  }

  private static func data(_ order: BuyerOrder, _ line: BuyerOrder.Line) -> JSONValue {
    var data: JSONValue = [
      "order_status": .string(LazadaWords.status(line.state)),
      "trade_order_id": .string(order.orderID), "trade_order_line_id": .string(line.lineID),
      "status_update_time": line.updateTime.unix,
    ]
    if line.state == .cancelled {
      data = data.adding("reverse_order_id", .string(LazadaWords.reverse(order.orderID)))
      data = data.adding("reverse_order_line_id", .string(LazadaWords.reverse(line.lineID)))
    }
    return data
  }

  static func packages(_ order: BuyerOrder, lines: [String]) -> [EventDraft] {
    let moved = order.lines.filter { lines.contains($0.lineID) && !$0.packageID.isEmpty }
    var packages: [String] = []
    for line in moved where !packages.contains(line.packageID) { packages.append(line.packageID) }
    return packages.map { package in
      let state = moved.first { $0.packageID == package }?.state ?? .packed
      return EventDraft(
        topic: "14", subject: order.orderID,
        body: [
          "trade_order_id": .string(order.orderID),
          "buyer_id": .string(String(1_000_000 + order.number)),
          "fulfillment_package_id": .string(package),
          "status": .string(LazadaWords.status(state).uppercased()),
          "status_update_time": order.updateTime.unix,
        ])
    }
  }

  static func returned(_ request: BuyerReturn) -> [EventDraft] {
    request.lines.map { line in
      EventDraft(
        topic: "10", subject: request.returnID,
        body: [
          "reverse_order_id": .string(request.returnID),
          "reverse_order_line_id": .string(line.lineID),
          "trade_order_id": .string(request.orderID),
          "trade_order_line_id": .string(line.orderLineID),
          "reverse_status": .string(LazadaWords.reverseStatus(request.state)),
          "status_update_time": request.updateTime.unix,
        ])
    }
  }

  /// A repeated try says what the line's status is by then. The signature is over app key and body.
  static func wire(
    _ delivery: Delivery, _ shop: Shop, _ transaction: any ReadTransaction, at now: Timestamp
  ) throws -> OutgoingEvent {
    var data = JSONValue(parsing: delivery.body) ?? [:]
    if delivery.topic == "0", delivery.attempt > 0,
      let order = try transaction.order(shop.key, delivery.subject),
      let line = order.lines.first(where: { $0.lineID == data["trade_order_line_id"].string })
    {
      data = Self.data(order, line)
    }
    let isTrade = delivery.topic == "0"
    let body: JSONValue = [
      "seller_id": .string(shop.key.shopID), "message_type": .id(delivery.topic),
      "site": .string(shop.secrets["site"] ?? "lazada_sg"),
      "timestamp": .integer(isTrade ? now.milliseconds : now.seconds), "data": data,
    ]
    let bytes = body.bytes
    let base = Array(shop.secret("app_key").utf8) + bytes
    let key = Array(shop.secret("app_secret").utf8)
    return OutgoingEvent(
      headers: [
        "Content-Type": "application/json",
        "Authorization": Hex.encode(HMAC.sha256(key: key, base)),
      ], body: bytes)
  }
}

/// Lazada's words for what every platform has.
enum LazadaWords {
  static let warehouse = "dropshipping"

  static func status(_ state: BuyerOrder.State) -> String {
    switch state {
    case .unpaid: "unpaid"
    case .paid: "pending"
    case .packed: "packed"
    case .ready: "ready_to_ship"
    case .shipped: "shipped"
    case .delivered: "delivered"
    case .cancelled: "canceled"
    case .returned: "returned"
    }
  }

  static func reverseStatus(_ state: BuyerReturn.State) -> String {
    switch state {
    case .requested: "REQUEST_INITIATE"
    case .accepted: "RTM_RECEIVE_ITEM"
    case .closed: "REFUND_ISSUED"
    case .cancelled: "REQUEST_CANCEL"
    }
  }

  /// The reversal that a cancelled order or line has.
  static func reverse(_ id: String) -> String { "5" + id.dropFirst() }

  /// `2026-01-05 11:00:05 +0800`.
  static func time(_ time: Timestamp) -> JSONValue {
    let local = (time + .seconds(8 * 3_600)).rfc3339
    return .string("\(local.prefix(10)) \(local.dropFirst(11).prefix(8)) +0800")
  }
}
