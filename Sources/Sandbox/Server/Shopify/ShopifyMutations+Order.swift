internal import Primitives
internal import StorageCore

extension ShopifyMutations {
  /// Ships lines of fulfilment orders, with a tracking number.
  func fulfil(_ arguments: GraphArguments) throws -> GraphResult {
    let input = arguments["fulfillment"]
    let outcome = try attempt(["fulfillment"]) {
      guard let groups = input["lineItemsByFulfillmentOrder"].array, groups.count == 1 else {
        return .refused(nil, ["fulfillment"], "One fulfillment order at a time.")
      }
      guard let id = ShopifyWords.number(groups[0]["fulfillmentOrderId"], "FulfillmentOrder") else {
        throw GraphError("Invalid global id for fulfillmentOrderId", code: "INVALID_VARIABLE")
      }
      let order = try market.order(shop.key, String(id.dropFirst()))
      guard order.payTime != nil else {
        return .refused(nil, ["fulfillment"], "The order is not paid.")
      }
      let units = try units(groups[0]["fulfillmentOrderLineItems"].array ?? [])
      let tracking = input["trackingInfo"]
      let done = try market.handOver(
        shop.key, order.orderID, units: units, into: .shipped,
        tracking: tracking["number"].string ?? "", carrier: tracking["company"].string ?? "")
      return Outcome(fields: ["fulfillment": .optional(schema.fulfillments(of: done).first)])
    }
    return payload("FulfillmentCreate", ["fulfillment"], outcome)
  }

  /// What the buyer comes for is at the counter; where nothing is left to prepare, that is an error.
  ///
  /// - Note: Source: shopify.dev, FulfillmentOrderLineItemsPreparedForPickupUserErrorCode.
  func prepare(_ arguments: GraphArguments) throws -> GraphResult {
    let field = ["input", "lineItemsByFulfillmentOrder"]
    let outcome = try attempt(field) {
      for entry in arguments["input"]["lineItemsByFulfillmentOrder"].array ?? [] {
        guard let id = ShopifyWords.number(entry["fulfillmentOrderId"], "FulfillmentOrder") else {
          throw GraphError("Invalid global id for fulfillmentOrderId", code: "INVALID_VARIABLE")
        }
        let order = try market.order(shop.key, String(id.dropFirst()))
        guard order.isPickup else {
          return .refused(
            "FULFILLMENT_ORDER_INVALID", field, "Invalid fulfillment order ID provided.")
        }
        guard order.lines.contains(where: { $0.state == .paid }) else {
          return .refused(
            "NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER", field,
            "The fulfillment order does not have any line items that can be prepared.")
        }
        _ = try market.prepare(shop.key, order.orderID)
      }
      return Outcome()
    }
    return payload("FulfillmentOrderLineItemsPreparedForPickup", [], outcome)
  }

  private func units(_ entries: [JSONValue]) throws -> [String: Int64] {
    var units: [String: Int64] = [:]
    for entry in entries {
      guard let id = ShopifyWords.number(entry["id"], "FulfillmentOrderLineItem"),
        let quantity = entry["quantity"].integer, quantity > 0
      else { throw GraphError("Invalid fulfillmentOrderLineItems", code: "INVALID_VARIABLE") }
      units[String(id.dropFirst()), default: 0] += quantity
    }
    return units
  }

  func cancel(_ arguments: GraphArguments) throws -> GraphResult {
    let outcome = try attempt(["orderId"]) {
      guard let id = ShopifyWords.number(arguments["orderId"], "Order") else {
        throw GraphError("Invalid global id for orderId", code: "INVALID_VARIABLE")
      }
      _ = try market.cancel(
        shop.key, id, units: [:], reason: (arguments["reason"].string ?? "OTHER").lowercased(),
        restocks: arguments["restock"].bool ?? true)
      let job = GraphObject(
        "Job", ["id": .string(ShopifyWords.gid("Job", id)), "done": true])
      return Outcome(fields: ["job": .object(job)])
    }
    return payload("OrderCancel", ["job", "orderCancelUserErrors"], outcome)
  }

  private static let restockTypes: Set<String> = ["NO_RESTOCK", "CANCEL", "RETURN"]

  /// Money back; a line's restockType says what becomes of its units: NO_RESTOCK, CANCEL, RETURN.
  func refund(_ arguments: GraphArguments) throws -> StockOutcome {
    let input = arguments["input"]
    guard let id = ShopifyWords.number(input["orderId"], "Order") else {
      throw GraphError("Invalid global id for orderId", code: "INVALID_VARIABLE")
    }
    guard let order = try market.transaction.order(shop.key, id) else {
      return .refused("NOT_FOUND", ["input", "orderId"], "The order does not exist.")
    }
    var outcome = StockOutcome()
    outcome.refundID = String(509_000_000 + (try market.transaction.next("number")))
    outcome.orderID = id
    var lines: [ShopifyEvents.RefundLine] = []
    for entry in input["refundLineItems"].array ?? [] {
      let lineID = ShopifyWords.number(entry["lineItemId"], "LineItem") ?? ""
      guard let line = order.lines.first(where: { $0.lineID == lineID }),
        let quantity = entry["quantity"].integer, quantity > 0
      else {
        return .refused("NOT_FOUND", ["input", "refundLineItems"], "The line does not exist.")
      }
      let type = entry["restockType"].string ?? "NO_RESTOCK"
      guard Self.restockTypes.contains(type) else {
        throw GraphError("Invalid restockType \(type)", code: "INVALID_VARIABLE")
      }
      lines.append(
        ShopifyEvents.RefundLine(line: line, quantity: quantity, restockType: type.lowercased()))
    }
    do {
      try market.refund(
        shop.key, order.orderID, refundID: outcome.refundID, lines: lines,
        location: schema.locationID)
      return outcome
    } catch let refusal as MarketRefusal {
      let error = Self.userError(refusal, ["input", "refundLineItems"])
      return .refused(error.code, error.field, error.message)
    }
  }
}

extension Market {
  /// Pays units back, puts them on sale again where that is asked for, and lets the hook know, once
  /// for all lines. Only what was shipped and is not back yet can be returned.
  func refund(
    _ key: Shop.Key, _ orderID: String, refundID: String, lines: [ShopifyEvents.RefundLine],
    location: String
  ) throws {
    for entry in lines {
      let (line, quantity) = (entry.line, entry.quantity)
      if entry.restockType == "cancel" {
        _ = try cancel(key, orderID, units: [line.lineID: quantity], reason: "refund")
      } else if entry.restockType == "return" {
        try takeBack(quantity, of: line.lineID, key, orderID)
      } else if quantity > line.quantity - line.cancelled {
        throw MarketRefusal.invalid(
          "line \(line.lineID) has \(line.quantity - line.cancelled) units to pay back")
      } else {
        // What has not left leaves the order, and nobody puts it back.
        let open = line.state.isOpen ? min(quantity, line.openCount) : 0
        if open > 0 {
          _ = try cancel(
            key, orderID, units: [line.lineID: open], reason: "refund", restocks: false)
        }
      }
    }
    let order = try order(key, orderID)
    try send(
      ShopifyEvents.refund(order, refundID: refundID, lines: lines, location: location, at: now),
      of: key)
  }

  private func takeBack(
    _ count: Int64, of lineID: String, _ key: Shop.Key, _ orderID: String
  ) throws {
    var order = try order(key, orderID)
    guard let index = order.lines.firstIndex(where: { $0.lineID == lineID }) else {
      throw MarketRefusal.lineUnknown(lineID)
    }
    let line = order.lines[index]
    guard count <= line.shipped - line.returned else {
      throw MarketRefusal.invalid(
        "line \(lineID) has \(line.shipped - line.returned) units to send back")
    }
    order.lines[index].returned += count
    order.lines[index].updateTime = now
    order.updateTime = max(now, order.updateTime)
    try transaction.save(order)
    try change(key, item: line.itemID, variation: line.variationID) { $0.sellable += count }
  }
}
