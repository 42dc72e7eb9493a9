internal import FulfilmentAPI
internal import GatewayDomain
internal import RPCCore

extension IntakeWorker {
  /// The order that a till's hold became: no sale of the till's tells of it, and its lines have the pool's names. Nil when the
  /// sale may still be on its device.
  func committedOrder(
    _ row: InboxRow, _ incoming: IncomingReturn
  ) async throws -> FulfilmentAPI.Order? {
    guard !incoming.orderExternalID.isEmpty else { return nil }
    let orderID = "\(row.accountID)/\(incoming.orderExternalID)"
    return try await Refusals.tolerate(["ORDER_UNKNOWN"]) {
      try await peers.fulfilment.getOrder(GetOrderRequest(orderID: orderID))
    }?.order
  }
}

extension IntakeWorker.ReturnPart {
  /// Where one line alone has sold the SKU, it is that one. A line that the till names is its own and tells nothing.
  mutating func link(to order: FulfilmentAPI.Order) {
    let sold = order.lines.filter { $0.sku == line.sku }
    line.orderLineID = sold.count == 1 ? sold[0].lineID : ""
  }
}
