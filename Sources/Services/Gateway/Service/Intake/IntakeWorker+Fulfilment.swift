internal import FulfilmentAPI
internal import GatewayDomain
internal import PoolAPI
internal import RPCCore

/// What was found out when an order was told of.
struct ToldOrder {
  /// Units that had no stock behind them.
  var oversoldCount: Int64 = 0
  /// The channel cancelled something that had left already.
  var isCancelledAfterLeaving = false
  /// The channel handed over what fulfilment had cancelled: nobody had come for it in time, or an operator cancelled it.
  var hasLeftAfterCancelling = false
}

extension IntakeWorker {
  /// Tells fulfilment, then the pool what was cancelled: a parcel that has left cannot be
  /// cancelled, and only fulfilment knows.
  func tellFulfilment(
    _ steps: IntakeSteps, of order: OrderRow, _ session: AccountSession
  ) async throws -> ToldOrder {
    var state: FulfilmentAPI.Order.State?
    if !steps.sales.isEmpty || steps.ships || steps.plansPickup {
      state = try await create(steps, of: order, session)
    }
    var told = ToldOrder()
    if !steps.cancellations.isEmpty {
      told.isCancelledAfterLeaving = try await !cancel(steps.cancellations, of: order)
    }
    if steps.ships, let state, state != .shipped {
      told.hasLeftAfterCancelling = state == .cancelled
      try await ship(order, from: state, session)
    }
    return told
  }

  /// Returns how the order stands then; nil when it had left and the pool was told of the rest.
  private func create(
    _ steps: IntakeSteps, of order: OrderRow, _ session: AccountSession
  ) async throws -> FulfilmentAPI.Order.State? {
    let parts =
      steps.sales.isEmpty ? order.record.lines.flatMap(OrderRecord.parts) : steps.sales
    let request = CreateOrderRequest(
      order: FulfilmentAPI.Order(
        orderID: order.orderID, accountID: order.accountID.text,
        channelID: session.channelID.text, externalID: order.externalID,
        lines: parts.filter { $0.soldCount > 0 }.map {
          FulfilmentAPI.OrderLine(
            lineID: $0.lineID, sku: $0.sku.text, quantity: $0.soldCount,
            channelLineID: $0.channelLineID, title: $0.title.kept)
        },
        saleTime: order.record.saleTime,
        // What was cancelled must be cancelled before it is handed over.
        handedOver: steps.ships && steps.cancellations.isEmpty,
        pickup: order.record.isPickup
          ? FulfilmentAPI.Pickup(locationID: order.record.pickupLocation) : nil))
    let tolerated: Set<String> = order.record.state == .shipped ? ["ORDER_ENDED"] : []
    let response = try await Refusals.tolerate(tolerated) {
      try await peers.fulfilment.createOrder(DerivedRequestID.stamp(request, \.requestID))
    }
    // Lines that were mapped after the channel had shipped the order: they left with it.
    if response == nil { try await shipInPool(steps.sales, of: order) }
    return response?.order?.state
  }

  /// Returns false when the order has left.
  private func cancel(
    _ parts: [OrderPart], of order: OrderRow
  ) async throws -> Bool {
    let request = CancelOrderRequest(
      orderID: order.orderID,
      lines: parts.map { CancelledTotal(lineID: $0.lineID, totalCount: $0.takenBackCount) },
      reason: "channel", releaseStock: false)
    let cancelled = try await Refusals.tolerate(["STATE_WRONG"]) {
      try await peers.fulfilment.cancelOrder(DerivedRequestID.stamp(request, \.requestID))
    }
    guard cancelled != nil else { return false }
    let totals = CancelSaleRequest(
      orderID: order.orderID,
      lines: parts.map { LineTotal(lineID: $0.lineID, totalCount: $0.takenBackCount) },
      reason: "channel", cause: order.orderID)
    let released = try await Refusals.tolerate(["SALE_SHIPPED"]) {
      try await peers.pool.cancelSale(DerivedRequestID.stamp(totals, \.requestID))
    }
    return released != nil
  }

  /// The channel shipped it by its own page: fulfilment goes through the motions and tells the
  /// pool.
  private func ship(
    _ order: OrderRow, from state: FulfilmentAPI.Order.State, _ session: AccountSession
  ) async throws {
    let actor = "channel \(session.channelID)"
    if state == .pending {
      let request = PickOrderRequest(orderID: order.orderID, actor: actor)
      _ = try await peers.fulfilment.pickOrder(DerivedRequestID.stamp(request, \.requestID))
    }
    if state == .pending || state == .picked {
      let request = PackOrderRequest(orderID: order.orderID, actor: actor)
      _ = try await peers.fulfilment.packOrder(DerivedRequestID.stamp(request, \.requestID))
    }
    guard [.pending, .picked, .packed, .ready].contains(state) else { return }
    let request = ShipOrderRequest(
      orderID: order.orderID, trackingNumber: order.externalID, carrier: session.channelID.text,
      actor: actor)
    _ = try await peers.fulfilment.shipOrder(DerivedRequestID.stamp(request, \.requestID))
  }

  private func shipInPool(_ parts: [OrderPart], of order: OrderRow) async throws {
    guard !parts.isEmpty else { return }
    let request = ShipSaleRequest(
      orderID: order.orderID,
      lines: parts.map {
        LineTotal(lineID: $0.lineID, totalCount: $0.soldCount - $0.takenBackCount)
      })
    _ = try await peers.pool.shipSale(DerivedRequestID.stamp(request, \.requestID))
  }
}

/// Refusals of other services that are an answer rather than a failure.
enum Refusals {
  /// Returns nil when the call was refused for one of these reasons.
  static func tolerate<Response>(
    _ reasons: Set<String>, _ call: () async throws -> Response
  ) async throws -> Response? {
    do {
      return try await call()
    } catch {
      guard let refusal = error as? RPCError, reasons.contains(refusal.reason) else { throw error }
      return nil
    }
  }
}
