internal import ChannelAdapter
internal import GatewayAPI
internal import Kit
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func cancelChannelOrder(
    _ request: CancelChannelOrderRequest, context: ServerContext
  ) async throws -> CancelChannelOrderResponse {
    let (accountID, cancellation) = try Self.checked(request)
    let first = try await firstAnswer(request.requestID, request) as CancelChannelOrderResponse?
    if let first { return first }
    guard let session = await gateway.directory.session(accountID) else {
      throw GatewayError.accountUnknown(accountID.text)
    }
    guard let adapter = session.adapter as? any OrderCancelling else {
      throw GatewayError.cancelUnsupported(accountID.text)
    }
    do {
      try await session.callForOperator { api async throws(ChannelError) in
        try await adapter.cancelOrder(cancellation, api: api)
      }
    } catch {
      throw GatewayError(error, account: accountID.text)
    }
    // Whether the channel tells of it or not: its order says now what is left of it.
    let now = store.clock.now()
    let event = IncomingEvent.cancelled(cancellation.orderExternalID, accountID, now: now)
    let (answer, stored) = try await store.database.write(until: context.deadline) { transaction in
      var stored: [StoredEvent] = []
      let answer = try transaction.once(request.requestID, request, now: now) {
        stored = try transaction.receive([event], now)
        return CancelChannelOrderResponse()
      }
      return (answer, stored)
    }
    for row in stored {
      await gateway.intake.submit(
        WorkScheduler.Job(id: row.inboxID, accountID: accountID, key: event.key))
    }
    return answer
  }

  private static func checked(
    _ request: CancelChannelOrderRequest
  ) throws -> (AccountID, OrderCancellation) {
    var check = RequestCheck()
    let accountID = check.identifier(AccountID.self, request.accountID, "account_id")
    check.text(request.externalID, "external_id", atMost: 128)
    if !request.externalID.isEmpty {
      _ = check.identifier(OrderID.self, "\(accountID)/\(request.externalID)", "external_id")
    }
    if request.lines.count > GatewayLimits.cancelledLines {
      check.refuse("lines", "There are more than \(GatewayLimits.cancelledLines).")
    }
    var seen: Set<String> = []
    for (index, line) in request.lines.prefix(GatewayLimits.cancelledLines).enumerated() {
      check.text(line.lineID, "lines[\(index)].line_id", atMost: 128)
      check.integer(line.count, "lines[\(index)].count", in: 1...QuantityLimits.maximum)
      if !seen.insert(line.lineID).inserted {
        check.refuse("lines[\(index)].line_id", "It is there twice.")
      }
    }
    check.requestID(request.requestID)
    try check.finish()
    return (
      accountID,
      OrderCancellation(
        orderExternalID: request.externalID, lines: request.lines.map { ($0.lineID, $0.count) })
    )
  }
}
