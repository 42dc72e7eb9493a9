public import FulfilmentAPI
internal import FulfilmentDomain
internal import Kit
internal import Primitives
public import RPCCore
internal import StorageCore

extension FulfilmentHandler {
  /// The parcel is recorded first, with the message to the pool beside it. The answer waits for the pool: OK
  /// means that it knows.
  public func shipOrder(
    _ request: ShipOrderRequest, context: ServerContext
  ) async throws -> ShipOrderResponse {
    var check = RequestCheck()
    let id = check.identifier(OrderID.self, request.orderID, "order_id")
    let number = check.identifier(
      TrackingNumber.self, request.trackingNumber, "tracking_number")
    check.text(
      request.carrier, "carrier", atMost: FulfilmentLimits.carrierBytes, mayBeEmpty: true)
    check.text(request.actor, "actor", atMost: FulfilmentLimits.actorBytes, mayBeEmpty: true)
    check.requestID(request.requestID)
    try check.finish()
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let before = try transaction.order(id)
      var order = before.order
      let parcel = FulfilmentDomain.Shipment(
        trackingNumber: number.text, carrier: request.carrier, shipTime: now)
      guard try order.ship(parcel) else { return ShipOrderResponse(order: before.message) }
      try PoolMessage.queueShipment(
        of: order, actor: request.actor, in: transaction, now: now)
      let saved = try transaction.save(
        order, before: before, feed: feed, verb: "ship", actor: request.actor, now: now)
      return ShipOrderResponse(order: saved.message)
    }
    announce(response.order)
    let outcome = await tellPool(of: id, until: context.deadline)
    guard outcome.isDelivered else {
      throw FulfilmentError.poolUnavailable(id, reason: outcome.problem)
    }
    return response
  }

  /// Tries to tell the pool what it does not know yet of an order. What does not arrive is the worker's affair.
  func tellPool(of id: OrderID, until deadline: Deadline) async -> OutboxOutcome {
    // Some of the caller's time is left for saying that it did not work.
    let remaining = min(deadline.remaining, poolWait)
    let outcome = await outbox.deliver([id.text], until: .after(remaining * 4 / 5))
    if !outcome.isDelivered { outbox.wake() }
    return outcome
  }
}
