public import FulfilmentAPI
internal import FulfilmentDomain
internal import Kit
internal import Primitives
public import RPCCore
internal import StorageCore

extension FulfilmentHandler {
  /// OK means that it is recorded; with `release_stock` the pool is told at once where it answers, else later.
  public func cancelOrder(
    _ request: CancelOrderRequest, context: ServerContext
  ) async throws -> CancelOrderResponse {
    let (id, totals) = try Self.checked(request)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let before = try transaction.order(id)
      var order = before.order
      let changed = try order.cancel(to: totals)
      if request.releaseStock {
        try PoolMessage.queueCancellation(
          // All of them: what an earlier call cancelled may never have been released.
          of: order, lines: totals?.map(\.id) ?? order.lines.map(\.id), reason: request.reason,
          in: transaction,
          now: now)
      }
      guard !changed.isEmpty else { return CancelOrderResponse(order: before.message) }
      let saved = try transaction.save(
        order, before: before, feed: feed, verb: "cancel", reason: request.reason, now: now)
      return CancelOrderResponse(order: saved.message)
    }
    announce(response.order)
    if request.releaseStock { _ = await tellPool(of: id, until: context.deadline) }
    return response
  }

  /// - Returns: nil for totals when all that is left is meant.
  private static func checked(
    _ request: CancelOrderRequest
  ) throws -> (OrderID, [(id: LineID, total: Quantity)]?) {
    var check = RequestCheck()
    let id = check.identifier(OrderID.self, request.orderID, "order_id")
    check.text(request.reason, "reason", atMost: FulfilmentLimits.reasonBytes, mayBeEmpty: true)
    check.requestID(request.requestID)
    check.count(request.lines, "lines", in: 0...FulfilmentLimits.lines)
    var seen: Set<LineID> = []
    let totals = request.lines.prefix(FulfilmentLimits.lines).enumerated().map { index, line in
      let lineID = check.identifier(LineID.self, line.lineID, "lines[\(index)].line_id")
      if !seen.insert(lineID).inserted {
        check.refuse("lines[\(index)].line_id", "It is there twice.")
      }
      check.quantity(
        line.totalCount, "lines[\(index)].total_count", in: 0...FulfilmentLimits.lineUnits)
      return (id: lineID, total: line.totalCount)
    }
    try check.finish()
    return (id, totals.isEmpty ? nil : totals)
  }
}
