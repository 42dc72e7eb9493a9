internal import Primitives
internal import StorageCore

extension ControlAPI {
  /// Who stands at the till gives money back for units and puts them on the shelf, or does not
  /// (`restock_type` no_restock).
  func refundAtTill(_ call: Call, _ key: Shop.Key) async throws -> JSONValue {
    let name = try call.text("order_id")
    let units = try call.units()
    let restocks = call.body["restock_type"].string ?? "return" == "return"
    let request = try await platform.change { market in
      let request = try market.requestReturn(
        key, name, units: units, reason: call.body["reason"].string ?? "Returned goods")
      for line in request.lines {
        _ = try market.dispose(
          key, request.returnID, line: line.lineID, count: line.quantity,
          disposition: restocks ? "RESTOCKED" : "NOT_RESTOCKED", restocks: restocks)
      }
      return try market.move(key, request.returnID, to: .closed)
    }
    return ["refund_id": .string(request.returnID), "order_id": .string(name)]
  }
}

extension Market {
  /// What was bought at the till leaves with the buyer.
  func takeAway(_ order: BuyerOrder) throws -> BuyerOrder {
    try handOver(
      order.shop, order.orderID, units: [:], into: .delivered, tracking: nil,
      carrier: SquareWords.counter)
  }
}
