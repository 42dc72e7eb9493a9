internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import MappingAPI
internal import PoolAPI
internal import Primitives
internal import RPCCore

extension IntakeWorker {
  /// Takes an order in: plan what it takes, make that durable, tell pool and fulfilment, tick it
  /// off.
  func takeOrder(
    _ row: InboxRow, _ snapshot: OrderSnapshot, _ reading: OrderReading,
    _ session: AccountSession,
    resolve: ((inout OrderRecord) async throws -> Void)? = nil
  ) async throws -> WorkOutcome {
    if let problem = snapshot.problem {
      throw IntakeFailure(kind: .channel, code: "ORDER_MALFORMED", message: problem)
    }
    let known = try await store.order(row.orderID)
    var (snapshot, reading) = (snapshot, reading)
    // A till says each sale once.
    let isPresent =
      session.channelID != TillChannel.id && known?.record.disagrees(with: snapshot) ?? false
    if isPresent {
      // How the channel says that it stands, whatever its event says.
      let sameTime = snapshot.updateTime
      (snapshot, reading) = try await readOrder(of: row, nil, session)
      // A channel whose orders' time moves with some changes only tells an earlier one.
      snapshot.updateTime = max(snapshot.updateTime, sameTime)
      if let problem = snapshot.problem {
        throw IntakeFailure(kind: .channel, code: "ORDER_MALFORMED", message: problem)
      }
    }
    if await wasOverBefore(snapshot, known, session) { snapshot.state = .foreign }
    var order =
      known
      ?? OrderRow(
        orderID: row.orderID, accountID: row.accountID, externalID: row.event.subject,
        record: OrderRecord(snapshot))
    if known == nil || order.record.merge(snapshot, isPresent: isPresent) {
      let isNewer = known?.record.updateTime != snapshot.updateTime
      order.record.settle(reading, isNewer: isNewer)
    }
    if !order.record.unresolvedLines.isEmpty {
      if let resolve {
        try await resolve(&order.record)
      } else {
        try await resolveLines(&order)
      }
    }
    // From here on the plan stands: a repeat tells the same totals, or later ones.
    if order != known { try await store.save(order) }
    let unmapped = order.record.unresolvedLines
    let steps = order.record.steps
    var told = ToldOrder()
    if !steps.isEmpty {
      await line.turn(row.inboxID, atMost: GatewayLimits.catchUpTurn)
      told = try await tell(steps, of: order, session)
      if told.hasLeftAfterCancelling {
        order.record.sellAgain()
        try await store.save(order)
        told.oversoldCount += try await tell(order.record.steps, of: order, session).oversoldCount
      }
      order.record.markTold()
    }
    try await finish(row, order, steps: steps, unmapped: unmapped, told)
    await planner.forgetIntake(of: order.orderID)
    guard !unmapped.isEmpty else { return .done(oversoldCount: told.oversoldCount) }
    await retakeIfLinkedMeanwhile(unmapped)
    return .quarantined
  }

  /// How the channel says that an event's order stands.
  ///
  /// - Parameter event: whose bytes may hold the order; nil to have it asked for.
  func readOrder(
    of row: InboxRow, _ event: ChannelEvent?, _ session: AccountSession
  ) async throws -> (OrderSnapshot, OrderReading) {
    let askTime = now
    let subject = row.event.subject
    let order = try await session.call { api async throws(ChannelError) in
      try await session.adapter.fetchOrder(subject, event: event, api: api)
    }
    // An event that tells the order's time was sent after it.
    let reachTime = row.event.updateTime == order.updateTime ? row.receiveTime : now
    let reading = OrderReading(
      askTime: order.isFromEvent ? nil : askTime,
      reachTime: min(reachTime, order.updateTime + GatewayLimits.clockSkew), tick: session.tick)
    var snapshot = OrderSnapshot(order, zones)
    if order.isPickup { snapshot.pickupLocation = await session.pickupLocation(order.pickupPlace) }
    return (snapshot, reading)
  }

  /// Whether an order was sold before the account was connected and had left when we first heard of
  /// it: the stock that was counted then is without its units. A till tells old sales on purpose.
  private func wasOverBefore(
    _ snapshot: OrderSnapshot, _ known: OrderRow?, _ session: AccountSession
  ) async -> Bool {
    guard snapshot.state == .shipped, session.channelID != TillChannel.id,
      known.map({ $0.record.state == .foreign }) ?? true
    else { return false }
    let connection = await session.connection
    return snapshot.saleTime + GatewayLimits.clockSkew < connection.connectTime
  }

  /// Asks mapping what the lines that are not resolved take from the pool.
  private func resolveLines(_ order: inout OrderRow) async throws {
    let request = ResolveLinesRequest(
      accountID: order.accountID.text,
      lines: order.record.unresolvedLines.map {
        ChannelLine(
          lineID: $0.lineID, itemID: $0.snapshot.itemID, variationID: $0.snapshot.variationID,
          sellerSKU: $0.snapshot.sellerSKU)
      })
    let response = try await peers.mapping.resolveLines(request)
    for line in response.lines {
      order.record.resolve(
        lineID: line.lineID, listingID: line.listingID,
        components: line.components.map {
          SKUAmount(sku: SKU(trusted: $0.sku), quantity: $0.quantity)
        })
    }
  }

  private func tell(
    _ steps: IntakeSteps, of order: OrderRow, _ session: AccountSession
  ) async throws -> ToldOrder {
    var oversoldCount: Int64 = 0
    if !steps.sales.isEmpty {
      let sold = steps.takenIn.filter { $0.value > 0 }
      oversoldCount = try await recordSale(steps.sales, sold, of: order, session)
    }
    var told = try await tellFulfilment(steps, of: order, session)
    told.oversoldCount = oversoldCount
    // What the channel has given back to itself counts once it is sure.
    let given = await planner.openIntake(steps.takenIn, of: order.orderID)
    await planner.closeIntake(given, after: 0)
    return told
  }

  /// - Returns: units that had no stock behind them.
  private func recordSale(
    _ sales: [OrderPart], _ sold: [String: Quantity], of order: OrderRow, _ session: AccountSession
  ) async throws -> Int64 {
    // A till's goods leave its own store, those that a customer comes for the store where that is; others are taken from
    // where the pool says.
    let connection = await session.connection
    let locationID =
      session.adapter.traits.sellsFromOwnLocation
      ? connection.locationID : order.record.pickupLocation
    // Nothing of the event is in it: whichever event of the order tells it, the pool gives the same
    // answer, so an oversell is heard of even when its first answer was lost.
    let request = DerivedRequestID.stamp(
      RecordSaleRequest(
        orderID: order.orderID, channelID: session.channelID.text,
        lines: sales.map {
          SaleLine(
            lineID: $0.lineID, sku: $0.sku.text, quantity: $0.soldCount, locationID: locationID)
        },
        saleTime: order.record.saleTime, cause: order.orderID,
        zone: order.record.zone?.text ?? ""), \.requestID)
    // Before the pool knows: the change of availability that follows must find the listing's
    // estimate lowered.
    let takenIn = await planner.openIntake(sold, of: order.orderID)
    do {
      let response = try await peers.pool.recordSale(request)
      await planner.closeIntake(takenIn, after: response.sequence)
      return response.oversoldCount
    } catch {
      await planner.undoIntake(takenIn, of: order.orderID)
      throw error
    }
  }

  private func finish(
    _ row: InboxRow, _ order: OrderRow, steps: IntakeSteps, unmapped: [OrderRecord.Line],
    _ told: ToldOrder
  ) async throws {
    let now = now
    try await store.write { transaction in
      if !steps.isEmpty { try transaction.save(order) }
      try transaction.setEvent(row.inboxID, unmapped.isEmpty ? .done : .quarantined, now: now)
      if row.attemptCount > 0 {
        try transaction.resolve(
          .eventDead, about: row.event.key, account: row.accountID, now: now)
      }
      if order.record.isPickup, order.record.state != .open {
        try transaction.resolve(
          .pickupUncollected, about: order.orderID, account: row.accountID, now: now)
      }
      for line in unmapped {
        let name = line.snapshot.sellerSKU.isEmpty ? line.listingID : line.snapshot.sellerSKU
        try transaction.raise(
          .unmappedListing, about: line.listingID, account: row.accountID,
          "Order \(order.orderID) sold \(line.snapshot.quantity) of \(name), which maps to no SKU.",
          now: now)
      }
      if told.oversoldCount > 0 {
        try transaction.raise(
          .oversold, about: order.orderID, account: row.accountID,
          "Order \(order.orderID) took \(told.oversoldCount) units that were not there.", now: now)
      }
      if told.isCancelledAfterLeaving {
        try transaction.raise(
          .cancelledAfterShipment, about: order.orderID, account: row.accountID,
          "Order \(order.orderID) was cancelled by its channel after it had left.", now: now)
      }
    }
  }

  /// A link that was made while the line was being quarantined would be waited for in vain.
  private func retakeIfLinkedMeanwhile(_ lines: [OrderRecord.Line]) async {
    for listingID in Set(lines.map(\.listingID)) where await planner.isLinked(listingID) {
      await retake(listingID)
    }
  }

  /// Takes up the orders that wait for this listing to be mapped.
  func retake(_ listingID: String) async {
    do {
      let now = now
      for event in try await store.reopenQuarantined(listing: listingID) {
        await intake.submit(
          WorkScheduler.Job(id: event.inboxID, accountID: event.accountID, key: event.key))
      }
      try await store.write { transaction in
        let accountID = AccountID(trusted: String(listingID.prefix { $0 != "/" }))
        try transaction.resolve(.unmappedListing, about: listingID, account: accountID, now: now)
      }
    } catch {
      log.error(
        "orders that waited for a link could not be taken up",
        ["listing": listingID, "error": "\(error)"])
    }
  }
}
