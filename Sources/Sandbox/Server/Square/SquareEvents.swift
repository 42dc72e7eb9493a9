internal import Kit
internal import Primitives

/// Square's webhooks: what an event is about, never its lines.
///
/// - Note: Source: square/connect-api-specification `api.json`; developer.squareup.com, webhooks.
enum SquareEvents {
  static func order(_ order: BuyerOrder, _ type: String) -> [EventDraft] {
    let member = type.replacing(".", with: "_")
    return [
      EventDraft(
        topic: type, subject: order.orderID,
        body: data(
          member, order.orderID,
          [
            "order_id": .string(order.orderID), "location_id": .string(order.shop.shopID),
            "version": .integer(SquareWords.version(order)),
            "state": .string(SquareWords.state(order)),
            "created_at": .string(order.createTime.text),
            "updated_at": .string(order.updateTime.text),
          ]))
    ]
  }

  static func payment(_ order: BuyerOrder) -> [EventDraft] {
    guard order.payTime != nil else { return [] }
    return [
      EventDraft(
        topic: "payment.updated", subject: order.orderID,
        body: data(
          "payment", SquareWords.payment(order),
          [
            "id": .string(SquareWords.payment(order)), "order_id": .string(order.orderID),
            "location_id": .string(order.shop.shopID), "status": "COMPLETED",
            "created_at": .string(order.createTime.text),
            "updated_at": .string(order.updateTime.text),
          ]))
    ]
  }

  static func returned(_ request: BuyerReturn) -> [EventDraft] {
    let isOver = request.state == .closed
    return [
      EventDraft(
        topic: isOver ? "refund.updated" : "refund.created", subject: request.returnID,
        body: data(
          "refund", SquareWords.refund(request),
          [
            "id": .string(SquareWords.refund(request)), "order_id": .string(request.returnID),
            "payment_id": "PY", "location_id": .string(request.shop.shopID),
            "status": isOver ? "COMPLETED" : "PENDING", "reason": .string(request.reason),
            "created_at": .string(request.createTime.text),
            "updated_at": .string(request.updateTime.text),
          ]))
    ]
  }

  private static func data(_ member: String, _ id: String, _ object: JSONValue) -> JSONValue {
    [
      "type": .string(member), "id": .string(id),
      "object": .object([.init(name: member, value: object)]),
    ]
  }

  /// Signed over the subscription's URL and the body; a repeated try has both of the first.
  static func wire(_ delivery: Delivery, _ shop: Shop) -> OutgoingEvent {
    let body: JSONValue = [
      "merchant_id": .string(SquareWords.merchant(shop)),
      "location_id": .string(shop.key.shopID), "type": .string(delivery.topic),
      "event_id": .string(delivery.eventID), "created_at": .string(delivery.createTime.text),
      "data": JSONValue(parsing: delivery.body) ?? [:],
    ]
    let bytes = body.bytes
    let key = Array(shop.secret("webhook_signature_key").utf8)
    let code = HMAC.sha256(key: key, Array(shop.hookURL.utf8) + bytes)
    var headers = [
      "Content-Type": "application/json",
      "x-square-hmacsha256-signature": Base64.encode(code),
    ]
    if delivery.attempt > 0 {
      headers["square-retry-number"] = String(delivery.attempt)
      headers["square-initial-delivery-timestamp"] = delivery.createTime.text
    }
    return OutgoingEvent(headers: headers, body: bytes)
  }
}
