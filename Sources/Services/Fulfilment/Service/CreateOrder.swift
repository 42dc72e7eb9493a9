public import FulfilmentAPI
internal import FulfilmentDomain
internal import Kit
internal import Primitives
public import RPCCore
internal import StorageCore

extension FulfilmentHandler {
  public func createOrder(
    _ request: CreateOrderRequest, context: ServerContext
  ) async throws -> CreateOrderResponse {
    let wanted = try WantedOrder(request)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let before = try transaction.knownOrder(wanted.order.id)
      var order = before?.order ?? wanted.order
      guard order.isSame(as: wanted.order) else { throw FulfilmentError.orderExists(order.id) }
      let isPlanned = order.plan(wanted.pickup)
      let isGrown = try order.include(wanted.lines, handedOver: wanted.isHandedOver)
      let changed = isPlanned || isGrown
      guard changed else {
        precondition(before != nil, "an order has lines, so a new one differs from none")
        return CreateOrderResponse(order: before?.message)
      }
      if order.state == .shipped {
        try PoolMessage.queueShipment(of: order, actor: "", in: transaction, now: now)
      }
      let saved = try transaction.save(order, before: before, feed: feed, verb: "create", now: now)
      return CreateOrderResponse(order: saved.message)
    }
    announce(response.order)
    // Whoever hands over does not wait for the pool; the worker tells it.
    if response.order?.state == .shipped { outbox.wake() }
    return response
  }
}

/// An order as it was asked for, checked.
private struct WantedOrder: Sendable {
  /// Without its lines.
  let order: FulfilmentDomain.Order
  let lines: [FulfilmentDomain.OrderLine]
  let isHandedOver: Bool
  let pickup: FulfilmentDomain.Pickup?

  init(_ request: CreateOrderRequest) throws {
    var check = RequestCheck()
    check.requestID(request.requestID)
    let wanted = check.required(request.order, "order")
    if wanted == nil { try check.finish() }
    let message = wanted ?? FulfilmentAPI.Order()
    let account = check.identifier(AccountID.self, message.accountID, "order.account_id")
    let external = check.identifier(ExternalID.self, message.externalID, "order.external_id")
    let id = check.identifier(OrderID.self, message.orderID, "order.order_id")
    if check.isClean, id.text != "\(account)/\(external)" {
      check.refuse("order.order_id", "It is not account_id/external_id.")
    }
    order = FulfilmentDomain.Order(
      id: id, accountID: account,
      channelID: check.identifier(ChannelID.self, message.channelID, "order.channel_id"),
      externalID: external.text, saleTime: message.saleTime)
    lines = Self.lines(message.lines, &check)
    isHandedOver = message.handedOver
    pickup = message.pickup.map {
      FulfilmentDomain.Pickup(
        locationID: check.optionalIdentifier(
          LocationID.self, $0.locationID, "order.pickup.location_id"))
    }
    try check.finish()
  }

  private static func lines(
    _ wanted: [FulfilmentAPI.OrderLine], _ check: inout RequestCheck
  ) -> [FulfilmentDomain.OrderLine] {
    check.count(wanted, "order.lines", in: 1...FulfilmentLimits.lines)
    guard wanted.count <= FulfilmentLimits.lines else { return [] }
    var seen: Set<LineID> = []
    return wanted.enumerated().map { index, line in
      let path = "order.lines[\(index)]"
      let id = check.identifier(LineID.self, line.lineID, "\(path).line_id")
      if !seen.insert(id).inserted {
        check.refuse("\(path).line_id", "It is there twice.")
      }
      return FulfilmentDomain.OrderLine(
        id: id, sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        quantity: max(
          0, check.quantity(line.quantity, "\(path).quantity", in: 1...FulfilmentLimits.lineUnits)),
        channelLineID: check.text(
          line.channelLineID, "\(path).channel_line_id",
          atMost: FulfilmentLimits.channelLineIDBytes, mayBeEmpty: true),
        title: check.text(
          line.title, "\(path).title", atMost: FulfilmentLimits.titleBytes, mayBeEmpty: true))
    }
  }
}
