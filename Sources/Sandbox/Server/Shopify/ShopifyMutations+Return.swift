internal import Primitives
internal import StorageCore

extension ShopifyMutations {
  private static let dispositions: Set<String> = [
    "RESTOCKED", "NOT_RESTOCKED", "PROCESSING_REQUIRED", "MISSING",
  ]

  func createReturn(_ arguments: GraphArguments) throws -> GraphResult {
    let input = arguments["returnInput"]
    let outcome = try attempt(["returnInput"]) {
      guard let id = ShopifyWords.number(input["orderId"], "Order") else {
        throw GraphError("Invalid global id for orderId", code: "INVALID_VARIABLE")
      }
      var units: [String: Int64] = [:]
      for entry in input["returnLineItems"].array ?? [] {
        let line = ShopifyWords.number(entry["fulfillmentLineItemId"], "FulfillmentLineItem") ?? ""
        units[line, default: 0] += entry["quantity"].integer ?? 0
      }
      let request = try market.requestReturn(shop.key, id, units: units, reason: "OTHER")
      return Outcome(fields: ["return": .object(try schema.buyerReturn(request))])
    }
    return payload("ReturnCreate", ["return"], outcome)
  }

  func moveReturn(_ arguments: GraphArguments, to state: BuyerReturn.State) throws -> GraphResult {
    let id = arguments["id"].isNull ? arguments["input"]["id"] : arguments["id"]
    let outcome = try attempt(["id"]) {
      let request = try market.move(shop.key, try returnID(id), to: state)
      return Outcome(fields: ["return": .object(try schema.buyerReturn(request))])
    }
    return payload("Return", ["return"], outcome)
  }

  private func returnID(_ id: JSONValue) throws -> String {
    guard let number = ShopifyWords.number(id, "Return") else {
      throw GraphError("Invalid global id for the return", code: "INVALID_VARIABLE")
    }
    return number
  }

  /// Says for lines of a return what became of their units.
  func processReturn(_ arguments: GraphArguments) throws -> GraphResult {
    let input = arguments["input"]
    let outcome = try attempt(["input"]) {
      let id = try returnID(input["returnId"])
      for entry in input["returnLineItems"].array ?? [] {
        guard let line = ShopifyWords.number(entry["id"], "ReturnLineItem") else {
          throw GraphError("Invalid global id for a return line item", code: "INVALID_VARIABLE")
        }
        let dispositions = entry["dispositions"].array ?? []
        if dispositions.isEmpty {
          try dispose(id, line, entry["quantity"].integer ?? 0, "NOT_RESTOCKED")
        }
        for disposition in dispositions {
          try dispose(
            id, line, disposition["quantity"].integer ?? 0,
            disposition["dispositionType"].string ?? "")
        }
      }
      let request = try market.buyerReturn(shop.key, id)
      if request.lines.allSatisfy({ $0.disposed == $0.quantity }), request.state == .accepted {
        _ = try market.move(shop.key, id, to: .closed)
      }
      return Outcome(fields: ["return": .object(try schema.buyerReturn(id))])
    }
    return payload("ReturnProcess", ["return"], outcome)
  }

  private func dispose(_ id: String, _ line: String, _ count: Int64, _ type: String) throws {
    guard Self.dispositions.contains(type) else {
      throw GraphError("Invalid dispositionType \(type)", code: "INVALID_VARIABLE")
    }
    _ = try market.dispose(
      shop.key, id, line: line, count: count, disposition: type, restocks: type == "RESTOCKED")
  }

  /// The same by lines of the reverse fulfilment order.
  func dispose(_ arguments: GraphArguments) throws -> GraphResult {
    let outcome = try attempt(["dispositionInputs"]) {
      for entry in arguments["dispositionInputs"].array ?? [] {
        let id = ShopifyWords.number(
          entry["reverseFulfillmentOrderLineItemId"], "ReverseFulfillmentOrderLineItem")
        guard let line = id.map({ String($0.dropFirst()) }) else {
          throw GraphError("Invalid global id of a reverse line", code: "INVALID_VARIABLE")
        }
        let found = try market.transaction.first(
          "SELECT return_id FROM return_line WHERE channel = ? AND shop_id = ? AND line_id = ?",
          shop.key.values + [.text(line)]
        ) { $0.text(0) }
        guard let request = found else { throw MarketRefusal.lineUnknown(line) }
        try dispose(
          request, line, entry["quantity"].integer ?? 0, entry["dispositionType"].string ?? "")
      }
      return Outcome()
    }
    return payload(
      "ReverseFulfillmentOrderDispose", ["reverseFulfillmentOrderLineItems"], outcome)
  }
}
