import FulfilmentAPI
import Kit
import Primitives
import RPCCore
import Synchronization

/// A fulfilment service that keeps to its contract, and does not tell the pool.
final class FakeFulfilment: FulfilmentServiceHandler {
  struct State {
    var orders: [String: Order] = [:]
    var sequence: Int64 = 0
  }

  let faults: Faults
  let signal = FeedSignal()
  let state = Mutex(State())

  init(_ faults: Faults) {
    self.faults = faults
  }

  func order(_ id: String) -> Order? { state.withLock { $0.orders[id] } }

  /// Units of each line that are to be sent.
  func net(_ id: String) -> [String: Int64] {
    var net: [String: Int64] = [:]
    for line in order(id)?.lines ?? [] where line.quantity != line.cancelledCount {
      net[line.lineID] = line.quantity - line.cancelledCount
    }
    return net
  }

  @discardableResult
  func change(_ id: String, _ body: (inout Order) throws -> Void) throws -> Order {
    let (order, sequence) = try state.withLock { state in
      guard var order = state.orders[id] else {
        throw RPCError(.notFound, "ORDER_UNKNOWN", "No order \(id).")
      }
      try body(&order)
      state.sequence += 1
      order.sequence = state.sequence
      state.orders[id] = order
      return (order, state.sequence)
    }
    signal.raise(to: sequence)
    return order
  }

  func createOrder(
    _ request: CreateOrderRequest, context: ServerContext
  ) async throws -> CreateOrderResponse {
    try faults.step("createOrder") {
      let wanted = request.order ?? Order()
      state.withLock { state in
        guard state.orders[wanted.orderID] == nil else { return }
        var order = wanted
        order.state = wanted.handedOver ? .shipped : .pending
        order.lines = []
        state.orders[wanted.orderID] = order
      }
      let order = try change(wanted.orderID) { order in
        if order.pickup == nil { order.pickup = wanted.pickup }
        let known = order.lines
        for line in wanted.lines {
          if let index = order.lines.firstIndex(where: { $0.lineID == line.lineID }) {
            guard order.lines[index].quantity <= line.quantity else {
              throw RPCError(.failedPrecondition, "LINE_CONFLICT", "Line \(line.lineID).")
            }
            order.lines[index].quantity = line.quantity
          } else {
            if order.state == .shipped, !order.lines.isEmpty, !order.handedOver {
              throw RPCError(.failedPrecondition, "ORDER_ENDED", "It has left.")
            }
            order.lines.append(line)
          }
        }
        if order.lines != known, order.state != .shipped { order.state = .pending }
      }
      return CreateOrderResponse(order: order)
    }
  }

  func getOrder(
    _ request: GetOrderRequest, context: ServerContext
  ) async throws -> GetOrderResponse {
    try faults.step("getOrder") {
      guard let order = order(request.orderID) else {
        throw RPCError(.notFound, "ORDER_UNKNOWN", "No order \(request.orderID).")
      }
      return GetOrderResponse(order: order)
    }
  }

  func cancelOrder(
    _ request: CancelOrderRequest, context: ServerContext
  ) async throws -> CancelOrderResponse {
    try faults.step("cancelOrder") {
      let order = try change(request.orderID) { order in
        let known = order.lines
        for total in request.lines {
          guard let index = order.lines.firstIndex(where: { $0.lineID == total.lineID }) else {
            throw RPCError(.notFound, "LINE_UNKNOWN", "Line \(total.lineID).")
          }
          order.lines[index].cancelledCount = max(
            order.lines[index].cancelledCount, total.totalCount)
        }
        guard order.state != .shipped || order.lines == known else {
          throw RPCError(.failedPrecondition, "STATE_WRONG", "It has left.")
        }
        if order.lines.allSatisfy({ $0.quantity == $0.cancelledCount }) { order.state = .cancelled }
      }
      return CancelOrderResponse(order: order)
    }
  }

  func pickOrder(
    _ request: PickOrderRequest, context: ServerContext
  ) async throws -> PickOrderResponse {
    try faults.step("pickOrder") {
      PickOrderResponse(order: try change(request.orderID) { $0.state = .picked })
    }
  }

  func packOrder(
    _ request: PackOrderRequest, context: ServerContext
  ) async throws -> PackOrderResponse {
    try faults.step("packOrder") {
      PackOrderResponse(order: try change(request.orderID) { $0.state = .packed })
    }
  }

  func shipOrder(
    _ request: ShipOrderRequest, context: ServerContext
  ) async throws -> ShipOrderResponse {
    try faults.step("shipOrder") {
      ShipOrderResponse(
        order: try change(request.orderID) {
          $0.state = .shipped
          $0.shipment = Shipment(
            trackingNumber: request.trackingNumber, carrier: request.carrier)
        })
    }
  }

  func readyOrder(
    _ request: ReadyOrderRequest, context: ServerContext
  ) async throws -> ReadyOrderResponse {
    try faults.step("readyOrder") {
      ReadyOrderResponse(order: try change(request.orderID) { $0.state = .ready })
    }
  }

  func collectOrder(
    _ request: CollectOrderRequest, context: ServerContext
  ) async throws -> CollectOrderResponse {
    try faults.step("collectOrder") {
      CollectOrderResponse(order: try change(request.orderID) { $0.state = .shipped })
    }
  }

  func watchOrders(
    _ request: WatchOrdersRequest, responses: ResponseWriter<WatchOrdersResponse>,
    context: ServerContext
  ) async throws {
    var seen = request.afterSequence
    while !Task.isCancelled {
      let (changed, sequence) = state.withLock { state in
        (
          state.orders.values.filter { $0.sequence > seen }.sorted { $0.sequence < $1.sequence },
          state.sequence
        )
      }
      for order in changed {
        try await responses.write(WatchOrdersResponse(order: order, sequence: order.sequence))
      }
      seen = sequence
      await signal.wait(past: seen)
    }
  }
}
