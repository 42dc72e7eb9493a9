import FulfilmentAPI
import RPCCore
import Synchronization

/// The part of fulfilment that returns call: orders by ID; it can be down.
final class FakeFulfilment: RPCService {
  private let orders = Mutex<[String: Order]>([:])
  private let isDown = Mutex(false)

  func be(down: Bool) {
    isDown.withLock { $0 = down }
  }

  /// Knows an order of `shop`: line, SKU, units, cancelled units.
  func know(
    _ id: String, _ lines: [(String, String, Int64, Int64)], state: Order.State = .shipped
  ) {
    let order = Order(
      orderID: id, accountID: "shop", channelID: "shopee", state: state,
      lines: lines.map { OrderLine(lineID: $0.0, sku: $0.1, quantity: $0.2, cancelledCount: $0.3) })
    orders.withLock { $0[id] = order }
  }

  var definition: ServiceDefinition {
    ServiceDefinition(
      name: "onepool.fulfilment.v1.FulfilmentService", file: .onepoolFulfilmentV1FulfilmentService,
      methods: [
        .unary(FulfilmentServiceMethods.getOrder, GetOrderRequest.self, GetOrderResponse.self) {
          request, _ in
          if self.isDown.withLock({ $0 }) {
            throw RPCError(.unavailable, "", "Fulfilment is down.")
          }
          guard let order = self.orders.withLock({ $0[request.orderID] }) else {
            throw RPCError(.notFound, "ORDER_UNKNOWN", "There is no such order.")
          }
          return GetOrderResponse(order: order)
        }
      ])
  }
}
