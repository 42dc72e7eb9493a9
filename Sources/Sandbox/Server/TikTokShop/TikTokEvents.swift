internal import Kit
internal import Primitives

/// TikTok Shop's events: without lines.
///
/// - Note: Source: TikTok Shop Partner Center, webhooks, types 1, 4, 6, 11 and 12.
enum TikTokEvents {
  static func status(_ order: BuyerOrder) -> [EventDraft] {
    [
      EventDraft(
        topic: "1", subject: order.orderID,
        body: [
          "order_id": .string(order.orderID), "order_status": .string(TikTokWords.status(order)),
          "is_on_hold_order": false, "update_time": order.updateTime.unix,
        ])
    ]
  }

  /// A part that is cancelled leaves the order's status as it is: the cancellation alone tells of it.
  static func cancelled(_ order: BuyerOrder) -> [EventDraft] {
    let cancellation = EventDraft(
      topic: "11", subject: order.orderID,
      body: [
        "order_id": .string(order.orderID), "cancellations_role": "BUYER",
        "cancel_status": "CANCELLATION_REQUEST_COMPLETE",
        "cancel_id": .string(TikTokWords.cancellation(order)), "create_time": order.updateTime.unix,
      ])
    return (order.state == .cancelled ? status(order) : []) + [cancellation]
  }

  static func packages(_ order: BuyerOrder) -> [EventDraft] {
    [
      EventDraft(
        topic: "4", subject: order.orderID,
        body: [
          "sc_type": 3, "role_type": 2,
          "package_list": [
            [
              "package_id": .string(TikTokWords.package(order)),
              "order_id_list": [.string(order.orderID)],
            ]
          ], "update_time": order.updateTime.unix,
        ])
    ]
  }

  static func returned(_ request: BuyerReturn) -> [EventDraft] {
    [
      EventDraft(
        topic: "12", subject: request.returnID,
        body: [
          "order_id": .string(request.orderID), "return_role": "BUYER",
          "return_type": "RETURN_AND_REFUND",
          "return_status": .string(TikTokWords.returnStatus(request.state)),
          "return_id": .string(request.returnID), "create_time": request.createTime.unix,
          "update_time": request.updateTime.unix,
        ])
    ]
  }

  /// The seller has taken the app's authorisation away.
  static func deauthorised(_ shop: Shop.Key) -> [EventDraft] {
    [
      EventDraft(
        topic: "6", subject: shop.shopID,
        body: ["message": "The seller has revoked the authorisation."])
    ]
  }

  /// Every try of an event is the same bytes. The signature is over app key and body.
  static func wire(_ delivery: Delivery, _ shop: Shop) -> OutgoingEvent {
    let digits = delivery.eventID.filter(\.isHexDigit).prefix(15)
    let body: JSONValue = [
      "type": .id(delivery.topic),
      "tts_notification_id": .string(String(UInt64(digits, radix: 16) ?? 0)),
      "shop_id": .string(shop.key.shopID), "timestamp": delivery.createTime.unix,
      "data": JSONValue(parsing: delivery.body) ?? [:],
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

/// TikTok Shop's words for what every platform has.
enum TikTokWords {
  static func warehouses(_ shop: Shop) -> [String] {
    let named = shop.secret("warehouse_ids").split(separator: ",").map(String.init)
    return named.isEmpty ? ["7068517275539719942"] : named
  }

  static func isShippedBySeller(_ shop: Shop) -> Bool { shop.secret("shipping_type") == "SELLER" }

  static func status(_ order: BuyerOrder) -> String {
    let states = Set(order.lines.map(\.state)).subtracting([.cancelled])
    let isPart = states.contains(.paid) && states.contains { !$0.isOpen }
    return isPart ? "PARTIALLY_SHIPPING" : status(order.state)
  }

  static func status(_ state: BuyerOrder.State) -> String {
    switch state {
    case .unpaid: "UNPAID"
    case .paid, .packed: "AWAITING_SHIPMENT"
    case .ready: "AWAITING_COLLECTION"
    case .shipped: "IN_TRANSIT"
    case .delivered: "DELIVERED"
    case .cancelled: "CANCELLED"
    case .returned: "COMPLETED"
    }
  }

  static func packageStatus(_ state: BuyerOrder.State) -> String {
    switch state {
    case .unpaid, .paid, .packed: "TO_FULFILL"
    case .ready: "PROCESSING"
    case .shipped: "FULFILLING"
    case .delivered, .returned: "COMPLETED"
    case .cancelled: "CANCELLED"
    }
  }

  /// In the sandbox a buyer who may send goods back has sent them.
  static func returnStatus(_ state: BuyerReturn.State) -> String {
    switch state {
    case .requested: "RETURN_OR_REFUND_REQUEST_PENDING"
    case .accepted: "BUYER_SHIPPED_ITEM"
    case .closed: "RETURN_OR_REFUND_REQUEST_COMPLETE"
    case .cancelled: "RETURN_OR_REFUND__REQUEST_CANCELLED"
    }
  }

  static func package(_ order: BuyerOrder) -> String {
    String(1_152_000_000_000_000_000 + order.number)
  }

  static func cancellation(_ order: BuyerOrder) -> String {
    String(4_034_000_000_000_000_000 + order.number)
  }
}
