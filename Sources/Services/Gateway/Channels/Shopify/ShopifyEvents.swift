public import ChannelAdapter
internal import Primitives
public import RPCCore

/// What tells one delivery from another, whatever the topic is.
private struct ShopifyHead: Decodable {
  enum CodingKeys: String, CodingKey {
    case id
    case updatedAt = "updated_at"
    case createdAt = "created_at"
    case orderID = "order_id"
    case orderEdit = "order_edit"
    case orderReturn = "return"
    case refundLines = "refund_line_items"
  }
  struct Edit: Decodable {
    enum CodingKeys: String, CodingKey { case orderID = "order_id" }
    var orderID: FlexibleID?
  }
  struct Reference: Decodable {
    var id: FlexibleID?
  }
  struct RefundLine: Decodable {
    enum CodingKeys: String, CodingKey { case restockType = "restock_type" }
    var restockType: String?
  }
  var id: FlexibleID?
  var updatedAt: String?
  var createdAt: String?
  var orderID: FlexibleID?
  var orderEdit: Edit?
  var orderReturn: Reference?
  var refundLines: [RefundLine]?
}

extension HTTPRequest {
  /// A header of Shopify's: `X-Shopify-Topic`, or `shopify-topic` in the newer deliveries.
  fileprivate func shopify(_ name: String) -> String? {
    guard let value = header("x-shopify-\(name)") ?? header("shopify-\(name)"), !value.isEmpty
    else {
      return nil
    }
    return value
  }
}

extension ShopifyAdapter {
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    try request.requireJSON()
    guard let domain = request.shopify("shop-domain") else {
      throw .malformed("the header X-Shopify-Shop-Domain is missing")
    }
    return .shop(domain.lowercased())
  }

  /// After a rotation Shopify may sign with the old secret for up to an hour, so both are tried.
  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    account.isSigned(request.shopify("hmac-sha256"), with: ShopifyCredential.clientSecret) {
      ChannelSignature.base64(key: $0, request.body)
    }
  }

  /// The key holds the event's ID, which all deliveries of one event share, and what makes the same
  /// news the same: the order and its `updated_at`.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    try request.requireJSON()
    guard let topic = request.shopify("topic")?.lowercased() else {
      throw .malformed("the header X-Shopify-Topic is missing")
    }
    let head = try head(of: request, topic)
    let delivery = request.shopify("event-id") ?? request.shopify("webhook-id") ?? "-"
    let triggered = request.shopify("triggered-at").flatMap(ChannelTime.iso8601)
    func event(
      _ kind: ChannelEvent.Kind, _ subject: String, _ time: Timestamp, mark: String
    ) -> ChannelEvent {
      ChannelEvent(
        key: "\(delivery):\(kind.rawValue):\(subject):\(mark)", kind: kind, subject: subject,
        updateTime: time, body: request.body, topic: topic)
    }
    switch topic {
    case "orders/edited":
      guard let order = head.orderEdit?.orderID?.named else {
        throw .malformed("order_edit.order_id is missing")
      }
      return event(
        .order, order, triggered ?? .zero, mark: ChannelSignature.digest(request.body))
    case "refunds/create":
      return try refund(head, topic, event)
    case _ where topic.hasPrefix("orders/") && topic != "orders/delete":
      guard let order = head.id?.named else { throw .malformed("id is missing") }
      guard let text = head.updatedAt else { throw .malformed("updated_at is missing") }
      guard let time = ChannelTime.iso8601(text) else {
        throw .malformed("updated_at is not an ISO 8601 time with an offset")
      }
      return event(.order, order, time, mark: text)
    case _ where topic.hasPrefix("returns/"):
      guard let id = head.id?.named else { throw .malformed("id is missing") }
      return event(
        .return, "\(ShopifyReturnID.returnPrefix)\(ShopifyID.number(id))", triggered ?? .zero,
        mark: "\(topic):\(ChannelSignature.digest(request.body))")
    default:
      let subject = head.id?.text ?? ""
      return event(
        ShopifyTopic.aside(topic), subject, triggered ?? .zero,
        mark: "\(topic):\(ChannelSignature.digest(request.body))")
    }
  }

  /// A topic that we do not work on is taken whatever its body holds: after eight refusals Shopify
  /// deletes the subscription.
  private func head(of request: HTTPRequest, _ topic: String) throws(EventRefusal) -> ShopifyHead {
    do {
      return try ChannelJSON.event(ShopifyHead.self, from: request.body)
    } catch {
      let isWorkedOn = ["orders/", "refunds/", "returns/"].contains { topic.hasPrefix($0) }
      guard !isWorkedOn, ChannelJSON.isObject(request.body) else { throw error }
      return ShopifyHead()
    }
  }

  /// A refund whose goods came back is a return that the shop has restocked. Any other takes units
  /// off an order before they leave, or is about money only: the order shows which.
  private func refund(
    _ head: ShopifyHead, _ topic: String,
    _ event: (ChannelEvent.Kind, String, Timestamp, String) -> ChannelEvent
  ) throws(EventRefusal) -> ChannelEvent {
    guard let id = head.id?.named else { throw .malformed("id is missing") }
    guard let order = head.orderID?.named else { throw .malformed("order_id is missing") }
    guard let text = head.createdAt, let time = ChannelTime.iso8601(text) else {
      throw .malformed("created_at is not an ISO 8601 time with an offset")
    }
    let cameBack = (head.refundLines ?? []).contains { $0.restockType == "return" }
    guard cameBack else { return event(.order, order, time, "refund:\(id)") }
    let subject = ShopifyReturnID.of(refund: id, return: head.orderReturn?.id?.named)
    return event(.return, subject, time, "refund:\(id)")
  }
}

/// Topics that are about neither an order nor a return of goods.
private enum ShopifyTopic {
  static let uninstalled = "app/uninstalled"
  /// What a topic begins with that the Admin API's documents name for a shop's orders, stock, products and apps.
  static let documented: Set<Substring> = [
    "app", "app_subscriptions", "bulk_operations", "carts", "checkouts", "collections", "customers",
    "customer", "disputes", "domains", "draft_orders", "fulfillment_events", "fulfillment_holds",
    "fulfillment_orders", "fulfillments", "inventory_items", "inventory_levels",
    "inventory_shipments", "inventory_transfers", "locales", "locations", "markets",
    "order_transactions", "orders", "product_listings", "products", "refunds", "returns",
    "reverse_deliveries", "reverse_fulfillment_orders", "scheduled_product_listings", "shop",
    "tax_partners", "tender_transactions", "themes", "variants",
  ]

  static func aside(_ topic: String) -> ChannelEvent.Kind {
    if topic == uninstalled { return .deauthorised }
    return documented.contains(topic.prefix { $0 != "/" }) ? .other : .unknown
  }
}

/// Returns have two IDs of their own kinds: a return that was asked for, and a refund that put
/// goods back.
enum ShopifyReturnID {
  static let returnPrefix = "return-"
  static let refundPrefix = "refund-"

  /// A refund that belongs to a return is news of that return.
  static func of(refund: String, return id: String?) -> String {
    id.map { returnPrefix + ShopifyID.number($0) } ?? refundPrefix + refund
  }
}
