internal import Kit
internal import Primitives

/// Shopify's webhooks: whole resources, signed over the raw body.
///
/// - Note: Source: shopify.dev, webhooks (verify-deliveries, ignore-duplicates); field names by
///   shopify-app-js fixtures.
enum ShopifyEvents {
  static func order(_ order: BuyerOrder, topic: String) -> [EventDraft] {
    [EventDraft(topic: topic, subject: order.orderID, body: body(order))]
  }

  static func body(_ order: BuyerOrder) -> JSONValue {
    let isPaid = order.payTime != nil
    let method = order.isPickup ? ShopifyWords.place : "Standard"
    return [
      "id": .id(order.orderID),
      "admin_graphql_api_id": .string(ShopifyWords.gid("Order", order.orderID)),
      "name": .string(ShopifyWords.name(order)), "order_number": .integer(1_000 + order.number),
      "created_at": ShopifyWords.time(order.createTime),
      "updated_at": ShopifyWords.time(order.updateTime),
      "processed_at": ShopifyWords.time(order.createTime),
      "cancelled_at": order.cancelTime.map { ShopifyWords.time($0) } ?? .null,
      "cancel_reason": order.cancelTime == nil ? .null : .string(order.cancelReason),
      "financial_status": .string(ShopifyWords.financial(order)),
      "fulfillment_status": ShopifyWords.fulfillment(order), "location_id": .null,
      "source_name": "web", "test": false, "currency": "SGD", "confirmed": true,
      "closed_at": .null, "tags": "", "note": .null,
      "line_items": .array(order.lines.map(line)),
      // Of an order that its buyer comes for it has the place's name, and there is no address.
      "shipping_lines": [
        [
          "code": .string(method), "title": .string(method), "source": "shopify",
          "delivery_category": .null,
        ]
      ],
      "shipping_address": order.isPickup
        ? .null
        : [
          "city": "Singapore", "zip": "018956", "province": .null, "province_code": .null,
          "country": "Singapore", "country_code": "SG",
        ],
      "fulfillments": [], "refunds": [], "total_price": .string("\(total(order)).00"),
      "gateway": isPaid ? "bogus" : "",
    ]
  }

  private static func total(_ order: BuyerOrder) -> Int64 {
    order.lines.reduce(0) { $0 + $1.quantity * 30 }
  }

  private static func line(_ line: BuyerOrder.Line) -> JSONValue {
    [
      "id": .id(line.lineID),
      "admin_graphql_api_id": .string(ShopifyWords.gid("LineItem", line.lineID)),
      "variant_id": .id(line.variationID), "product_id": .id(line.itemID), "sku": .string(line.sku),
      "title": .string(line.title), "name": .string(line.title),
      "quantity": .integer(line.quantity),
      "current_quantity": .integer(line.quantity - line.cancelled),
      "fulfillable_quantity": .integer(line.openCount),
      "fulfillment_status": line.shipped == 0
        ? .null : line.openCount == 0 ? "fulfilled" : "partial",
      "requires_shipping": true, "gift_card": false, "product_exists": true, "price": "30.00",
      "variant_inventory_management": "shopify", "fulfillment_service": "manual",
    ]
  }

  /// Units of a line that are paid back, and what becomes of them.
  struct RefundLine {
    var line: BuyerOrder.Line
    var quantity: Int64
    /// `no_restock`, `cancel` or `return`.
    var restockType: String
  }

  static func refund(
    _ order: BuyerOrder, refundID: String, lines: [RefundLine], location: String,
    at now: Timestamp
  ) -> [EventDraft] {
    let body: JSONValue = [
      "id": .id(refundID), "admin_graphql_api_id": .string(ShopifyWords.gid("Refund", refundID)),
      "order_id": .id(order.orderID), "created_at": ShopifyWords.time(now),
      "processed_at": ShopifyWords.time(now), "note": .null,
      "restock": .bool(lines.contains { $0.restockType != "no_restock" }),
      "refund_line_items": .array(
        lines.enumerated().map { index, entry in
          [
            "id": .integer((Int64(refundID) ?? 0) * 100 + Int64(index)),
            "line_item_id": .id(entry.line.lineID), "location_id": .id(location),
            "quantity": .integer(entry.quantity), "restock_type": .string(entry.restockType),
            "line_item": line(entry.line),
          ]
        }), "transactions": [],
    ]
    return [EventDraft(topic: "refunds/create", subject: order.orderID, body: body)]
  }

  static func returned(_ request: BuyerReturn, of order: BuyerOrder) -> [EventDraft] {
    let topic =
      switch request.state {
      case .requested: "returns/request"
      case .accepted: "returns/approve"
      case .closed: "returns/close"
      case .cancelled: "returns/cancel"
      }
    let body: JSONValue = [
      "id": .id(request.returnID),
      "admin_graphql_api_id": .string(ShopifyWords.gid("Return", request.returnID)),
      "status": .string(ShopifyWords.returnStatus(request.state).lowercased()),
      "name": .string("\(ShopifyWords.name(order))-R1"),
      "created_at": ShopifyWords.time(request.createTime),
      "updated_at": ShopifyWords.time(request.updateTime),
      "order": [
        "id": .id(order.orderID),
        "admin_graphql_api_id": .string(ShopifyWords.gid("Order", order.orderID)),
      ],
      "total_return_line_items": .integer(Int64(request.lines.count)),
      "return_line_items": .array(request.lines.map { returnLine($0, request.reason) }),
    ]
    return [EventDraft(topic: topic, subject: request.returnID, body: body)]
  }

  private static func returnLine(_ line: BuyerReturn.Line, _ reason: String) -> JSONValue {
    [
      "id": .id(line.lineID),
      "admin_graphql_api_id": .string(ShopifyWords.gid("ReturnLineItem", line.lineID)),
      "quantity": .integer(line.quantity), "refundable_quantity": .integer(line.quantity),
      "refunded_quantity": 0, "return_reason": .string(reason), "return_reason_note": "",
      "customer_note": "",
      "fulfillment_line_item": [
        "id": .id(line.orderLineID),
        "admin_graphql_api_id": .string(ShopifyWords.gid("FulfillmentLineItem", line.orderLineID)),
        "line_item": [
          "id": .id(line.orderLineID),
          "admin_graphql_api_id": .string(ShopifyWords.gid("LineItem", line.orderLineID)),
        ],
      ],
    ]
  }

  /// The shop has taken the app out.
  static func deauthorised(_ shop: Shop.Key) -> [EventDraft] {
    [
      EventDraft(
        topic: "app/uninstalled", subject: shop.shopID,
        body: ["id": 548_380_009, "name": "Demo", "myshopify_domain": .string(shop.shopID)])
    ]
  }

  /// Units that were added to an order after it was placed.
  static func edited(_ order: BuyerOrder, added: [BuyerOrder.Line]) -> [EventDraft] {
    let edit: JSONValue = [
      "id": .integer(78_912_328_793 + order.number), "order_id": .id(order.orderID),
      "app_id": .null, "created_at": time(of: order), "committed_at": time(of: order),
      "line_items": [
        "additions": .array(
          added.map { ["id": .id($0.lineID), "delta": .integer($0.quantity)] }), "removals": [],
      ],
    ]
    return [
      EventDraft(topic: "orders/edited", subject: order.orderID, body: ["order_edit": edit])
    ] + self.order(order, topic: "orders/updated")
  }

  private static func time(of order: BuyerOrder) -> JSONValue {
    ShopifyWords.time(order.updateTime)
  }

  /// A repeated try has the body of the first; all copies share the event's and the webhook's ID.
  static func wire(_ delivery: Delivery, _ shop: Shop) -> OutgoingEvent {
    let bytes = Array(delivery.body.utf8)
    let key = Array(shop.secret("client_secret").utf8)
    return OutgoingEvent(
      headers: [
        "Content-Type": "application/json", "X-Shopify-Topic": delivery.topic,
        "X-Shopify-Hmac-Sha256": Base64.encode(HMAC.sha256(key: key, bytes)),
        "X-Shopify-Shop-Domain": shop.key.shopID,
        "X-Shopify-API-Version": shop.secrets["api_version"] ?? ShopifyWords.version,
        "X-Shopify-Webhook-Id": UUIDText.derived(from: "webhook/\(delivery.eventID)"),
        "X-Shopify-Event-Id": delivery.eventID,
        "X-Shopify-Triggered-At": delivery.createTime.rfc3339,
        "X-Shopify-Name": "onepool",
      ], body: bytes)
  }
}

/// Shopify's words for what every platform has.
enum ShopifyWords {
  static let version = "2026-04"
  /// What the shop calls its one location.
  static let place = "Warehouse"

  static func gid(_ type: String, _ id: String) -> String { "gid://shopify/\(type)/\(id)" }

  /// The number at the end of `gid://shopify/Order/450789469`; bare numbers are not IDs of GraphQL.
  static func number(_ gid: JSONValue, _ type: String) -> String? {
    guard let text = gid.string, text.hasPrefix("gid://shopify/\(type)/") else { return nil }
    let number = text.dropFirst("gid://shopify/\(type)/".count).prefix { $0 != "?" }
    return number.isEmpty ? nil : String(number)
  }

  static func name(_ order: BuyerOrder) -> String { "#\(1_000 + order.number)" }

  /// `2026-01-05T11:00:05+08:00`.
  static func time(_ time: Timestamp) -> JSONValue {
    .string("\((time + .seconds(8 * 3_600)).rfc3339.prefix(19))+08:00")
  }

  /// GraphQL writes times in UTC.
  static func utc(_ time: Timestamp) -> JSONValue { .string("\(time.rfc3339.prefix(19))Z") }

  static func financial(_ order: BuyerOrder) -> String {
    if order.payTime == nil { return order.cancelTime == nil ? "pending" : "voided" }
    if order.cancelTime != nil { return "refunded" }
    return order.lines.contains { $0.cancelled > 0 } ? "partially_refunded" : "paid"
  }

  static func fulfillment(_ order: BuyerOrder) -> JSONValue {
    guard order.lines.contains(where: { $0.shipped > 0 }) else { return .null }
    return order.lines.allSatisfy { $0.openCount == 0 } ? "fulfilled" : "partial"
  }

  static func returnStatus(_ state: BuyerReturn.State) -> String {
    switch state {
    case .requested: "REQUESTED"
    case .accepted: "OPEN"
    case .closed: "CLOSED"
    case .cancelled: "CANCELED"
    }
  }
}
