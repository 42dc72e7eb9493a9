internal import FulfilmentAPI
internal import Kit
internal import Primitives
public import RPCCore
public import ReturnsAPI
internal import ReturnsDomain
internal import StorageCore

extension ReturnsHandler {
  public func createReturn(
    _ request: CreateReturnRequest, context: ServerContext
  ) async throws -> CreateReturnResponse {
    let wanted = try Self.checked(request)
    // A repeat is answered without asking fulfilment.
    let known = try await database.read(until: context.deadline) { try $0.knownReturn(wanted.id) }
    var sale: Sale?
    if known == nil, let orderID = wanted.orderID {
      let found = try await self.sale(orderID, until: context.deadline)
      // What has not left may still be cancelled, and then it would be back twice.
      guard found.isShipped else { throw ReturnsError.orderNotShipped(orderID) }
      sale = found
    }
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed, sale] transaction in
      if let before = try transaction.knownReturn(wanted.id) {
        guard before.order.isSame(as: wanted) else {
          throw ReturnsError.returnExists(wanted.id)
        }
        return CreateReturnResponse(returnOrder: before.message)
      }
      var order = wanted
      if let sale, let orderID = wanted.orderID {
        var units = SoldUnits(
          orderID: orderID, sold: sale.lines,
          returned: try transaction.returnedLines(of: orderID))
        try units.check(wanted.lines)
        order = wanted.sold(by: sale.accountID)
      }
      let saved = try transaction.save(
        order, before: nil, feed: feed, verb: "create", now: clock.now())
      return CreateReturnResponse(returnOrder: saved.message)
    }
    announce(response.returnOrder)
    return response
  }

  /// What fulfilment knows of an order.
  private func sale(_ id: OrderID, until deadline: Deadline) async throws -> Sale {
    let options = CallOptions(timeout: min(deadline.remaining, RPCClient.defaultTimeout) * 4 / 5)
    do {
      let response = try await fulfilment.getOrder(
        GetOrderRequest(orderID: id.text), options: options)
      let order = response.order ?? FulfilmentAPI.Order()
      return Sale(
        accountID: AccountID(trusted: order.accountID), isShipped: order.state == .shipped,
        lines: order.lines.map {
          SoldUnits.Line(
            id: LineID(trusted: $0.lineID), sku: SKU(trusted: $0.sku),
            soldCount: $0.quantity - $0.cancelledCount)
        })
    } catch {
      guard error.code != .notFound else { throw ReturnsError.orderUnknown(id) }
      throw ReturnsError.fulfilmentUnavailable(id, reason: Self.short(error))
    }
  }

  /// Nothing of a peer's words, which may name addresses.
  static func short(_ error: RPCError) -> String {
    error.reason.isEmpty ? error.code.name : "\(error.code.name)/\(error.reason)"
  }

  private static func checked(_ request: CreateReturnRequest) throws -> ReturnsDomain.ReturnOrder {
    var check = RequestCheck()
    check.requestID(request.requestID)
    let wanted = check.required(request.returnOrder, "return_order") ?? ReturnsAPI.ReturnOrder()
    if request.returnOrder == nil { try check.finish() }
    let order = ReturnsDomain.ReturnOrder(
      id: check.identifier(ReturnID.self, wanted.returnID, "return_order.return_id"),
      orderID: check.optionalIdentifier(OrderID.self, wanted.orderID, "return_order.order_id"),
      accountID: check.optionalIdentifier(
        AccountID.self, wanted.accountID, "return_order.account_id"),
      externalID: check.text(
        wanted.externalID, "return_order.external_id", atMost: ReturnsLimits.externalIDBytes,
        mayBeEmpty: true),
      reason: check.text(
        wanted.reason, "return_order.reason", atMost: ReturnsLimits.reasonBytes, mayBeEmpty: true),
      lines: lines(wanted.lines, &check))
    try check.finish()
    return order
  }

  private static func lines(
    _ wanted: [ReturnsAPI.ReturnOrderLine], _ check: inout RequestCheck
  ) -> [ReturnsDomain.ReturnOrderLine] {
    check.count(wanted, "return_order.lines", in: 1...ReturnsLimits.lines)
    var seen: Set<LineID> = []
    return wanted.prefix(ReturnsLimits.lines).enumerated().map { index, line in
      let path = "return_order.lines[\(index)]"
      let id = check.identifier(LineID.self, line.lineID, "\(path).line_id")
      if !seen.insert(id).inserted { check.refuse("\(path).line_id", "It is there twice.") }
      return ReturnsDomain.ReturnOrderLine(
        id: id, sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        quantity: check.quantity(
          line.quantity, "\(path).quantity", in: 1...ReturnsLimits.lineUnits),
        orderLineID: check.optionalIdentifier(
          LineID.self, line.orderLineID, "\(path).order_line_id"))
    }
  }
}

/// An order as fulfilment knows it, as far as a return needs it.
private struct Sale: Sendable {
  var accountID: AccountID
  /// It leaves as a whole, and nothing is cancelled after that.
  var isShipped: Bool
  var lines: [SoldUnits.Line]
}
