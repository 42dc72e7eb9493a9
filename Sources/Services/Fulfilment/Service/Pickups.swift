public import FulfilmentAPI
internal import FulfilmentDomain
internal import Kit
internal import Primitives
public import RPCCore
internal import StorageCore

extension FulfilmentHandler {
  public func readyOrder(
    _ request: ReadyOrderRequest, context: ServerContext
  ) async throws -> ReadyOrderResponse {
    let id = try checked(request.orderID, request.actor, request.requestID)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let stored = try transaction.change(
        id, "ready", actor: request.actor, feed: feed, now: now
      ) { order throws(FulfilmentError) in try order.ready(until: request.expireTime, now: now) }
      return ReadyOrderResponse(order: stored.message)
    }
    announce(response.order)
    return response
  }

  /// As with a parcel: it is recorded first, and OK means that the pool knows.
  public func collectOrder(
    _ request: CollectOrderRequest, context: ServerContext
  ) async throws -> CollectOrderResponse {
    let id = try checked(request.orderID, request.actor, request.requestID)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let stored = try transaction.change(
        id, "collect", actor: request.actor, feed: feed, now: now
      ) { order throws(FulfilmentError) in
        try order.collect(now: now)
      } with: { order in
        try PoolMessage.queueShipment(
          of: order, actor: request.actor, in: transaction, now: now)
      }
      return CollectOrderResponse(order: stored.message)
    }
    announce(response.order)
    let outcome = await tellPool(of: id, until: context.deadline)
    guard outcome.isDelivered else {
      throw FulfilmentError.poolUnavailable(id, reason: outcome.problem)
    }
    return response
  }

  /// Cancels orders that nobody has collected in time, until the task is cancelled.
  public func keepPickups() async throws {
    while true {
      while try await expirePickups() == FulfilmentLimits.pickupsAtOnce {}
      try await Task.sleep(for: FulfilmentLimits.pickupsLookEvery)
    }
  }

  /// Cancels orders that nobody has collected by now; their units go back on sale.
  ///
  /// - Returns: how many; `pickupsAtOnce` when there may be more.
  public func expirePickups() async throws -> Int {
    let now = clock.now()
    let deadline = Deadline.after(FulfilmentLimits.pickupsLookEvery)
    // Most of the time nobody is late, and then nothing is written.
    let late = try await database.read(until: deadline) {
      try $0.overduePickups(at: now, limit: 1)
    }
    guard !late.isEmpty else { return 0 }
    let expired = try await database.write(until: deadline) { [feed] transaction in
      try transaction.overduePickups(at: now, limit: FulfilmentLimits.pickupsAtOnce).map { before in
        var order = before.order
        let isExpired = order.expire(now: now)
        precondition(isExpired, "an overdue order was not cancelled")
        let reason = "pickup_expired"
        try PoolMessage.queueCancellation(
          of: order, lines: order.lines.map(\.id), reason: reason, actor: "fulfilment",
          in: transaction, now: now)
        return try transaction.save(
          order, before: before, feed: feed, verb: "expire", reason: reason, now: now)
      }
    }
    if let last = expired.last { feed.announce(last.sequence) }
    outbox.wake()
    return expired.count
  }
}
