public import FulfilmentAPI
internal import FulfilmentDomain
internal import Kit
internal import Primitives
internal import Protobuf
public import RPCCore
internal import StorageCore

extension FulfilmentHandler {
  public func pickOrder(
    _ request: PickOrderRequest, context: ServerContext
  ) async throws -> PickOrderResponse {
    let id = try checked(request.orderID, request.actor, request.requestID)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let stored = try transaction.change(
        id, "pick", actor: request.actor, feed: feed, now: clock.now()
      ) { order throws(FulfilmentError) in try order.pick() }
      return PickOrderResponse(order: stored.message)
    }
    announce(response.order)
    return response
  }

  public func packOrder(
    _ request: PackOrderRequest, context: ServerContext
  ) async throws -> PackOrderResponse {
    let id = try checked(request.orderID, request.actor, request.requestID)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let stored = try transaction.change(
        id, "pack", actor: request.actor, feed: feed, now: clock.now()
      ) { order throws(FulfilmentError) in try order.pack() }
      return PackOrderResponse(order: stored.message)
    }
    announce(response.order)
    return response
  }

  /// Wakes the watchers once a change is durable.
  func announce(_ order: FulfilmentAPI.Order?) {
    if let order { feed.announce(order.sequence) }
  }

  func checked(_ id: String, _ actor: String, _ requestID: String) throws -> OrderID {
    var check = RequestCheck()
    let id = check.identifier(OrderID.self, id, "order_id")
    check.text(actor, "actor", atMost: FulfilmentLimits.actorBytes, mayBeEmpty: true)
    check.requestID(requestID)
    try check.finish()
    return id
  }
}

extension Transaction {
  /// Loads an order, lets `command` change it, and saves it when it did.
  func change(
    _ id: OrderID, _ verb: String, actor: String, feed: ChangeFeed, now: Timestamp,
    _ command: (inout FulfilmentDomain.Order) throws(FulfilmentError) -> Bool,
    with consequence: (FulfilmentDomain.Order) throws -> Void = { _ in }
  ) throws -> StoredOrder {
    let before = try order(id)
    var order = before.order
    guard try command(&order) else { return before }
    try consequence(order)
    return try save(order, before: before, feed: feed, verb: verb, actor: actor, now: now)
  }
}
