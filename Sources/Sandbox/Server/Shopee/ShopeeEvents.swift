internal import Kit
internal import Primitives
internal import StorageCore

/// Shopee's pushes: what they say and how they are signed.
///
/// - Note: Source: Shopee developer guide 18 (push), codes 2, 3, 4, 7, 8 and 29.
enum ShopeeEvents {
  static func status(_ order: BuyerOrder) -> [EventDraft] {
    [
      EventDraft(
        topic: "3", subject: order.orderID,
        body: [
          "ordersn": .string(order.orderID), "status": .string(ShopeeWords.status(order)),
          "update_time": order.updateTime.unix, "completed_scenario": "", "items": [],
        ])
    ]
  }

  static func tracking(_ order: BuyerOrder) -> [EventDraft] {
    guard order.state == .ready, !order.trackingNumber.isEmpty else { return [] }
    return [
      EventDraft(
        topic: "4", subject: order.orderID,
        body: [
          "ordersn": .string(order.orderID), "tracking_no": .string(order.trackingNumber),
          "package_number": .string(ShopeeWords.package(order)),
        ])
    ]
  }

  /// Units of a listing have been set aside for a promotion, or given back.
  static func promoted(_ listing: StockListing, before: Int64, at now: Timestamp) -> [EventDraft] {
    guard listing.reserved != before else { return [] }
    return [
      EventDraft(
        topic: "7", subject: listing.itemID,
        body: [
          "shop_id": .id(listing.shop.shopID), "item_id": .id(listing.itemID),
          "variation_id": .id(listing.variationID.isEmpty ? "0" : listing.variationID),
          "action": listing.reserved > before ? "promo_lock_stock" : "promo_unlock_stock",
          "promotion_id": 900_100, "promotion_type": "flash_sale",
          "reserved_stock": .integer(listing.reserved), "update_time": now.unix,
        ])
    ]
  }

  /// An order has used up units that were set aside.
  static func reserveTaken(
    _ wish: Wish, by order: BuyerOrder, _ transaction: any ReadTransaction
  ) throws -> [EventDraft] {
    let found =
      wish.sku.isEmpty
      ? try transaction.listing(order.shop, item: wish.item, variation: wish.variation)
      : try transaction.listing(order.shop, sku: wish.sku)
    guard let listing = found else { return [] }
    return [
      EventDraft(
        topic: "8", subject: listing.itemID,
        body: [
          "shop_id": .id(listing.shop.shopID), "action": "place_order",
          "item_id": .id(listing.itemID),
          "variation_id": .id(listing.variationID.isEmpty ? "0" : listing.variationID),
          "ordersn": .string(order.orderID), "promotion_id": 900_100,
          "promotion_type": "flash_sale", "update_time": order.updateTime.unix,
          "changed_values": [
            [
              "name": "reserved_stock", "old": .integer(listing.reserved + wish.quantity),
              "new": .integer(listing.reserved),
            ]
          ],
        ])
    ]
  }

  static func returned(_ request: BuyerReturn) -> [EventDraft] {
    [
      EventDraft(
        topic: "29", subject: request.returnID,
        body: [
          "order_sn": .string(request.orderID), "return_sn": .string(request.returnID),
          "updated_values": [],
        ])
    ]
  }

  /// The seller has taken the app's authorisation away: code 2, which has the shop in `data` alone.
  static func deauthorised(_ shop: Shop.Key) -> [EventDraft] {
    [
      EventDraft(
        topic: deauthorisation, subject: shop.shopID,
        body: ["shop_id": .id(shop.shopID), "success": 1, "authorize_type": "shop authorization"])
    ]
  }

  private static let deauthorisation = "2"

  /// The outer timestamp is of the sending; the signature is over the hook's URL, a bar and the
  /// body.
  static func wire(_ delivery: Delivery, _ shop: Shop, at now: Timestamp) -> OutgoingEvent {
    let data = JSONValue(parsing: delivery.body) ?? [:]
    var body: JSONValue = ["code": .id(delivery.topic), "timestamp": now.unix, "data": data]
    if delivery.topic != deauthorisation { body = body.adding("shop_id", .id(shop.key.shopID)) }
    let bytes = body.bytes
    let base = Array((shop.hookURL + "|").utf8) + bytes
    let key = Array(shop.secret("push_partner_key").utf8)
    return OutgoingEvent(
      headers: [
        "Content-Type": "application/json",
        "Authorization": Hex.encode(HMAC.sha256(key: key, base)),
      ], body: bytes)
  }
}

/// Shopee's words for what every platform has.
enum ShopeeWords {
  static func status(_ order: BuyerOrder) -> String {
    switch order.state {
    case .unpaid: "UNPAID"
    case .paid, .packed: "READY_TO_SHIP"
    case .ready: "PROCESSED"
    case .shipped: "SHIPPED"
    case .delivered: "COMPLETED"
    case .cancelled: "CANCELLED"
    case .returned: "TO_RETURN"
    }
  }

  static func logistics(_ order: BuyerOrder) -> String {
    switch order.state {
    case .unpaid: "LOGISTICS_NOT_START"
    case .paid, .packed: "LOGISTICS_READY"
    case .ready: "LOGISTICS_REQUEST_CREATED"
    case .shipped: "LOGISTICS_PICKUP_DONE"
    case .delivered, .returned: "LOGISTICS_DELIVERY_DONE"
    case .cancelled: "LOGISTICS_REQUEST_CANCELED"
    }
  }

  static func returnStatus(_ state: BuyerReturn.State) -> String {
    switch state {
    case .requested: "REQUESTED"
    case .accepted: "ACCEPTED"
    case .closed: "CLOSED"
    case .cancelled: "CANCELLED"
    }
  }

  static func package(_ order: BuyerOrder) -> String { "OFG\(order.number)" }
}
