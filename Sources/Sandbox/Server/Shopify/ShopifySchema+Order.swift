internal import Primitives
internal import StorageCore

extension ShopifySchema {
  func order(_ order: BuyerOrder) -> GraphObject {
    var object = GraphObject(
      "Order",
      [
        "id": .string(ShopifyWords.gid("Order", order.orderID)),
        "legacyResourceId": .string(order.orderID), "name": .string(ShopifyWords.name(order)),
        "createdAt": ShopifyWords.utc(order.createTime),
        "processedAt": ShopifyWords.utc(order.createTime),
        "updatedAt": ShopifyWords.utc(order.updateTime),
        "cancelledAt": order.cancelTime.map { ShopifyWords.utc($0) } ?? .null,
        "cancelReason": order.cancelTime == nil ? .null : "CUSTOMER",
        "displayFinancialStatus": .string(ShopifyWords.financial(order).uppercased()),
        "displayFulfillmentStatus": .string(
          (ShopifyWords.fulfillment(order).string ?? "unfulfilled").uppercased()),
        "sourceName": "web", "test": false, "currencyCode": "SGD", "confirmed": true,
        "closed": false, "closedAt": .null, "tags": [], "note": .null,
      ])
    object["lineItems"] = { try GraphObject.connection("LineItem", order.lines, $0, line) }
    object["fulfillmentOrders"] = { arguments in
      try GraphObject.connection("FulfillmentOrder", [order], arguments, fulfillmentOrder)
    }
    object["fulfillments"] = { _ in .list(fulfillments(of: order).map { .object($0) }) }
    object["returns"] = { arguments in
      let requests = try transaction.returnIDs(shop.key, ofOrder: order.orderID)
      return try GraphObject.connection("Return", requests, arguments) { try buyerReturn($0) }
    }
    object["returnStatus"] = { _ in .value(.string(try returnStatus(order.orderID))) }
    object["refunds"] = { _ in .list([]) }
    // Its buyers are nowhere, as those are whose data an app may not see.
    object["shippingAddress"] = { _ in .null }
    return object
  }

  func line(_ line: BuyerOrder.Line) -> GraphObject {
    var object = GraphObject(
      "LineItem",
      [
        "id": .string(ShopifyWords.gid("LineItem", line.lineID)), "sku": .string(line.sku),
        "title": .string(line.title), "name": .string(line.title), "variantTitle": .null,
        "quantity": .integer(line.quantity),
        "currentQuantity": .integer(line.quantity - line.cancelled),
        "unfulfilledQuantity": .integer(line.openCount),
        "refundableQuantity": .integer(line.quantity - line.cancelled - line.returned),
        "nonFulfillableQuantity": .integer(line.cancelled), "requiresShipping": true,
        "isGiftCard": false,
      ])
    object["variant"] = { _ in .optional(try listing(of: line).map(variant)) }
    object["product"] = { _ in
      try listing(of: line) == nil ? .null : .object(try product(line.itemID))
    }
    return object
  }

  private func listing(of line: BuyerOrder.Line) throws -> StockListing? {
    try transaction.listing(shop.key, item: line.itemID, variation: line.variationID)
  }

  /// One fulfilment order an order, at the shop's one location.
  func fulfillmentOrder(_ order: BuyerOrder) -> GraphObject {
    let isOpen = order.lines.contains { $0.openCount > 0 }
    let status =
      order.state == .cancelled
      ? "CANCELLED"
      : !isOpen ? "CLOSED" : order.lines.contains { $0.shipped > 0 } ? "IN_PROGRESS" : "OPEN"
    var object = GraphObject(
      "FulfillmentOrder",
      [
        "id": .string(ShopifyWords.gid("FulfillmentOrder", Self.fulfillmentOrderID(order.orderID))),
        "status": .string(status), "requestStatus": "UNSUBMITTED",
        "orderId": .string(ShopifyWords.gid("Order", order.orderID)),
        "orderName": .string(ShopifyWords.name(order)),
        "createdAt": ShopifyWords.utc(order.createTime),
        "updatedAt": ShopifyWords.utc(order.updateTime),
      ])
    object["assignedLocation"] = { _ in
      let assigned = GraphObject(
        "FulfillmentOrderAssignedLocation", ["name": .string(ShopifyWords.place)])
      return .object(assigned.with("location") { _ in .object(location(locationID)) })
    }
    object["deliveryMethod"] = { _ in
      .object(
        GraphObject(
          "DeliveryMethod",
          [
            "id": .string(ShopifyWords.gid("DeliveryMethod", order.orderID)),
            "methodType": order.isPickup ? "PICK_UP" : "SHIPPING",
          ]))
    }
    object["supportedActions"] = { _ in
      let action = GraphObject("FulfillmentOrderSupportedAction", ["action": "CREATE_FULFILLMENT"])
      return .list(isOpen ? [.object(action)] : [])
    }
    object["order"] = { _ in .object(self.order(order)) }
    object["lineItems"] = { arguments in
      try GraphObject.connection(
        "FulfillmentOrderLineItem", order.lines.filter { $0.quantity > $0.cancelled }, arguments,
        fulfillmentLine)
    }
    return object
  }

  private func fulfillmentLine(_ line: BuyerOrder.Line) -> GraphObject {
    var object = GraphObject(
      "FulfillmentOrderLineItem",
      [
        "id": .string(
          ShopifyWords.gid("FulfillmentOrderLineItem", Self.fulfillmentLineID(line.lineID))),
        "totalQuantity": .integer(line.quantity - line.cancelled),
        "remainingQuantity": .integer(line.openCount), "sku": .string(line.sku),
        "productTitle": .string(line.title), "requiresShipping": true,
      ])
    object["lineItem"] = { _ in .object(self.line(line)) }
    return object
  }

  func fulfillments(of order: BuyerOrder) -> [GraphObject] {
    guard order.lines.contains(where: { $0.shipped > 0 }) else { return [] }
    var object = GraphObject(
      "Fulfillment",
      [
        "id": .string(ShopifyWords.gid("Fulfillment", "6" + order.orderID)),
        "legacyResourceId": .string("6" + order.orderID), "status": "SUCCESS",
        "displayStatus": "FULFILLED", "name": .string("\(ShopifyWords.name(order)).1"),
        "createdAt": ShopifyWords.utc(order.updateTime),
        "updatedAt": ShopifyWords.utc(order.updateTime),
        "totalQuantity": .integer(order.lines.reduce(0) { $0 + $1.shipped }),
      ])
    object["trackingInfo"] = { _ in
      .list([
        .object(
          GraphObject(
            "FulfillmentTrackingInfo",
            [
              "number": .string(order.trackingNumber), "company": .string(order.carrier),
              "url": .null,
            ]))
      ])
    }
    object["fulfillmentLineItems"] = { arguments in
      try GraphObject.connection(
        "FulfillmentLineItem", order.lines.filter { $0.shipped > 0 }, arguments
      ) { line in
        GraphObject(
          "FulfillmentLineItem",
          [
            "id": .string(ShopifyWords.gid("FulfillmentLineItem", line.lineID)),
            "quantity": .integer(line.shipped),
          ]
        ).with("lineItem") { _ in .object(self.line(line)) }
      }
    }
    return [object]
  }

  static func fulfillmentOrderID(_ orderID: String) -> String { "7" + orderID }
  static func fulfillmentLineID(_ lineID: String) -> String { "8" + lineID }
}
