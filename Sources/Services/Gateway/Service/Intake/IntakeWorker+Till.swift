internal import ChannelAdapter
internal import FulfilmentAPI
internal import GatewayDomain
internal import Kit
internal import PointOfSaleChannel
internal import PoolAPI
internal import Primitives
internal import RPCCore

extension IntakeWorker {
  func takeTill(_ row: InboxRow, _ session: AccountSession) async throws -> WorkOutcome {
    if row.event.topic == TillChannel.commitTopic { return try await takeCommit(row, session) }
    let sale = try PointOfSaleSale(event: row.event)
    switch sale.kind {
    case .sale:
      let snapshot = OrderSnapshot(sale.order, zones)
      let reading = OrderReading(askTime: nil, reachTime: now, tick: .zero)
      return try await takeOrder(row, snapshot, reading, session) { record in
        for line in record.unresolvedLines {
          record.resolve(
            lineID: line.lineID, listingID: "",
            components: try await self.tillComponents(row.accountID, line.snapshot.sellerSKU))
        }
      }
    case .refund:
      return try await takeReturn(row, IncomingReturn(sale), session) { line in
        try await self.tillComponents(row.accountID, line.sellerSKU)
      }
    }
  }

  /// What a till's code takes from the pool: what the account's listing of that code says, else the
  /// SKU itself.
  func tillComponents(_ accountID: AccountID, _ code: String) async throws -> [SKUAmount] {
    guard await planner.hasAllListings else {
      throw IntakeFailure(
        kind: .peerAway, code: "LISTINGS_UNKNOWN", message: "The listings are not known yet.")
    }
    return await planner.components(accountID, code: code)
      ?? [SKUAmount(sku: SKU(trusted: code), quantity: 1)]
  }

  /// A hold becomes an order: the pool commits it, fulfilment gets its lines.
  private func takeCommit(
    _ row: InboxRow, _ session: AccountSession
  ) async throws -> WorkOutcome {
    let commit = try HoldCommit(row.event)
    let request = CommitHoldRequest(
      holdID: "\(row.accountID)/\(commit.holdID)", orderID: row.orderID,
      channelID: session.channelID.text, cause: row.event.key,
      lines: (commit.units ?? []).map { HoldLine(sku: $0.sku, quantity: $0.quantity) })
    let lines: [SaleLineState]
    do {
      lines = try await peers.pool.commitHold(DerivedRequestID.stamp(request, \.requestID)).lines
    } catch {
      guard Self.refusals.contains(error.reason) else { throw error }
      // The answer to whoever asked; nothing that an operator must mend.
      let refusal = IntakeFailure(kind: .final, code: error.reason, message: error.message)
      try await finish(row, .done, error: refusal.kept)
      return .dead(code: refusal.code, refusal.message)
    }
    // Customers come to where their units are held; spread over several, to the account's own location.
    let places = Set(
      lines.flatMap { $0.allocations + $0.components.flatMap(\.allocations) }.map(\.locationID))
    let ownPlace = await session.pickupLocation(nil)
    let place = places.count == 1 ? places.first ?? ownPlace : ownPlace
    let order = CreateOrderRequest(
      order: FulfilmentAPI.Order(
        orderID: row.orderID, accountID: row.accountID.text, channelID: session.channelID.text,
        externalID: commit.orderID,
        lines: lines.map {
          FulfilmentAPI.OrderLine(
            lineID: $0.lineID, sku: $0.sku, quantity: $0.soldCount, channelLineID: $0.lineID)
        },
        saleTime: row.receiveTime, handedOver: commit.handedOver,
        pickup: commit.isPickup == true
          ? FulfilmentAPI.Pickup(locationID: place) : nil))
    _ = try await peers.fulfilment.createOrder(DerivedRequestID.stamp(order, \.requestID))
    try await finish(row, .done)
    return .done(oversoldCount: 0)
  }

  private static let refusals: Set<String> = [
    "HOLD_ENDED", "HOLD_UNKNOWN", "LINE_CONFLICT", "INSUFFICIENT_STOCK", "SKU_UNKNOWN",
  ]
}

extension IncomingReturn {
  /// A till's refund: the goods are back over the counter, line by line on the shelf or aside.
  init(_ sale: PointOfSaleSale) {
    self.init(
      externalID: sale.saleID, orderExternalID: sale.refundOf, state: .restocked,
      updateTime: sale.occurredAt, reason: "refund",
      lines: sale.lines.map {
        Line(
          lineID: $0.lineID, orderLineID: $0.refundOfLine, itemID: "", variationID: "",
          sellerSKU: $0.sku.text, quantity: $0.quantity, isRestocked: $0.restock)
      })
  }
}
