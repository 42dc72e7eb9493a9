internal import Primitives
internal import StorageCore

extension ShopifySchema {
  /// Of all of an order's returns the one that is to be looked at first.
  func returnStatus(_ orderID: String) throws -> String {
    let states = try transaction.returnIDs(shop.key, ofOrder: orderID)
      .compactMap { try transaction.buyerReturn(shop.key, $0)?.state }
    if states.contains(.requested) { return "RETURN_REQUESTED" }
    if states.contains(.accepted) { return "IN_PROGRESS" }
    return states.contains(.closed) ? "RETURNED" : "NO_RETURN"
  }

  func buyerReturn(_ id: String) throws -> GraphObject {
    guard let request = try transaction.buyerReturn(shop.key, id) else {
      throw GraphError("Return \(id) does not exist", code: "RESOURCE_NOT_FOUND")
    }
    return try buyerReturn(request)
  }

  func buyerReturn(_ request: BuyerReturn) throws -> GraphObject {
    guard let order = try transaction.order(shop.key, request.orderID) else {
      throw GraphError("Order \(request.orderID) does not exist", code: "RESOURCE_NOT_FOUND")
    }
    var object = GraphObject(
      "Return",
      [
        "id": .string(ShopifyWords.gid("Return", request.returnID)),
        "name": .string("\(ShopifyWords.name(order))-R1"),
        "status": .string(ShopifyWords.returnStatus(request.state)),
        "totalQuantity": .integer(request.lines.reduce(0) { $0 + $1.quantity }),
        "createdAt": ShopifyWords.utc(request.createTime),
        "updatedAt": ShopifyWords.utc(request.updateTime),
        "requestApprovedAt": ShopifyWords.utc(request.createTime),
        "closedAt": request.state == .closed ? ShopifyWords.utc(request.updateTime) : .null,
      ])
    object["order"] = { _ in .object(self.order(order)) }
    object["returnLineItems"] = { arguments in
      try GraphObject.connection("ReturnLineItem", request.lines, arguments) {
        returnLine($0, of: order, reason: request.reason)
      }
    }
    object["reverseFulfillmentOrders"] = { arguments in
      try GraphObject.connection("ReverseFulfillmentOrder", [request], arguments) {
        reverseOrder($0, of: order)
      }
    }
    object["refunds"] = {
      try GraphObject.connection("Refund", [String](), $0) { _ in .init("Refund") }
    }
    return object
  }

  private func returnLine(
    _ line: BuyerReturn.Line, of order: BuyerOrder, reason: String
  ) -> GraphObject {
    var object = GraphObject(
      "ReturnLineItem",
      [
        "id": .string(ShopifyWords.gid("ReturnLineItem", line.lineID)),
        "quantity": .integer(line.quantity), "refundableQuantity": .integer(line.quantity),
        "refundedQuantity": 0, "processedQuantity": .integer(line.disposed),
        "processableQuantity": .integer(line.quantity - line.disposed),
        "unprocessedQuantity": .integer(line.quantity - line.disposed),
        "returnReason": "OTHER", "returnReasonNote": .string(reason), "customerNote": .null,
      ])
    object["fulfillmentLineItem"] = { _ in .optional(fulfilled(line, order)) }
    return object
  }

  private func fulfilled(_ line: BuyerReturn.Line, _ order: BuyerOrder) -> GraphObject? {
    guard let sold = order.lines.first(where: { $0.lineID == line.orderLineID }) else { return nil }
    return GraphObject(
      "FulfillmentLineItem",
      [
        "id": .string(ShopifyWords.gid("FulfillmentLineItem", line.orderLineID)),
        "quantity": .integer(sold.shipped),
      ]
    ).with("lineItem") { _ in .object(self.line(sold)) }
  }

  /// One for each return; its lines carry the dispositions.
  private func reverseOrder(_ request: BuyerReturn, of order: BuyerOrder) -> GraphObject {
    var object = GraphObject(
      "ReverseFulfillmentOrder",
      [
        "id": .string(ShopifyWords.gid("ReverseFulfillmentOrder", "9" + request.returnID)),
        "status": .string(request.state == .closed ? "CLOSED" : "OPEN"),
      ])
    object["lineItems"] = { arguments in
      try GraphObject.connection("ReverseFulfillmentOrderLineItem", request.lines, arguments) {
        line in
        var item = GraphObject(
          "ReverseFulfillmentOrderLineItem",
          [
            "id": .string(
              ShopifyWords.gid("ReverseFulfillmentOrderLineItem", Self.reverseID(line.lineID))),
            "totalQuantity": .integer(line.quantity),
          ])
        item["fulfillmentLineItem"] = { _ in .optional(fulfilled(line, order)) }
        item["dispositions"] = { _ in
          guard line.disposed > 0 else { return .list([]) }
          return .list([
            .object(
              GraphObject(
                "ReverseFulfillmentOrderDisposition",
                ["type": .string(line.disposition), "quantity": .integer(line.disposed)]))
          ])
        }
        return item
      }
    }
    return object
  }

  static func reverseID(_ lineID: String) -> String { "9" + lineID }
}
