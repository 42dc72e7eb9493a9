internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import MappingAPI
internal import Primitives
internal import RPCCore
internal import ReturnsAPI

extension IntakeWorker {
  /// A line of a return as the returns service takes it, with what becomes of it where that is
  /// decided.
  struct ReturnPart: Sendable {
    var line: ReturnOrderLine
    var isRestocked: Bool
  }

  /// Takes a return in: what its state asks for and the returns service does not know yet.
  func takeReturn(
    _ row: InboxRow, _ incoming: IncomingReturn, _ session: AccountSession,
    resolve: ((IncomingReturn.Line) async throws -> [SKUAmount])? = nil
  ) async throws -> WorkOutcome {
    if let problem = incoming.problem {
      throw IntakeFailure(kind: .channel, code: "RETURN_MALFORMED", message: problem)
    }
    let returnID = "\(row.accountID)/\(incoming.externalID)"
    var found =
      try await store.channelReturn(returnID)
      ?? ReturnRow(
        returnID: returnID, accountID: row.accountID, externalID: incoming.externalID,
        orderExternalID: incoming.orderExternalID,
        record: ReturnRecord(state: incoming.state, updateTime: incoming.updateTime))
    _ = found.record.merge(state: incoming.state, updateTime: incoming.updateTime)
    // A money-only return has no lines, so there is nothing to receive. What was restocked is said
    // by the event that restocked it.
    let isNews = incoming.state == .restocked || found.record.state != .restocked
    let steps = incoming.lines.isEmpty || !isNews ? [] : found.record.steps
    if !steps.isEmpty {
      // Before the others know: whoever hears of it from them must find what the channel said.
      try await store.save(found)
      let order = try await orderOf(row, incoming, isTill: resolve != nil)
      var parts = try await parts(of: incoming, order, row.accountID, resolve)
      var orderID = order?.orderID ?? ""
      if order == nil, resolve != nil, let committed = try await committedOrder(row, incoming) {
        orderID = committed.orderID
        for index in parts.indices { parts[index].link(to: committed) }
      }
      for step in steps {
        if try await make(step, found, parts, orderID, incoming, session) {
          found.record.markTold(step)
        } else {
          found.record.markCancelRefused()
        }
        // A step that was made is not made again when the next one fails.
        try await store.save(found)
      }
    }
    let now = now
    let told = found
    try await store.write { transaction in
      try transaction.save(told)
      try transaction.setEvent(row.inboxID, .done, now: now)
      if row.attemptCount > 0 {
        try transaction.resolve(
          .eventDead, about: row.event.key, account: row.accountID, now: now)
      }
    }
    return .done(oversoldCount: 0)
  }

  /// The order that the goods were sold by. One that no event told of is fetched first; nil for an
  /// unlinked return.
  private func orderOf(
    _ row: InboxRow, _ incoming: IncomingReturn, isTill: Bool
  ) async throws -> OrderRow? {
    guard !incoming.orderExternalID.isEmpty else { return nil }
    let orderID = "\(row.accountID)/\(incoming.orderExternalID)"
    let order = try await store.order(orderID)
    if let order, order.record.steps.isEmpty { return order }
    // Fulfilment hears of the order first: it would refuse the link to one that it does not know yet.
    guard try await !store.awaitsOrder(orderID) else {
      throw IntakeFailure(
        kind: .notYet(.zero), code: "ORDER_UNTOLD",
        message: "The return's order \(incoming.orderExternalID) is still to be taken in.")
    }
    if let order { return order }
    // A till's sale may still be on its device: the goods are back all the same.
    guard !isTill else { return nil }
    let event = ChannelEvent(
      key: "order of \(row.event.key)", kind: .order, subject: incoming.orderExternalID,
      updateTime: incoming.updateTime, body: [])
    let wanted = IncomingEvent(accountID: row.accountID, event: event, orderID: orderID)
    let stored = try await store.receive([wanted])
    guard let first = stored.first, first.state == .waiting || first.state == .retrying else {
      return nil
    }
    await intake.submit(
      WorkScheduler.Job(id: first.inboxID, accountID: row.accountID, key: wanted.key))
    throw IntakeFailure(
      kind: .channel, code: "ORDER_UNKNOWN",
      message: "The return's order \(incoming.orderExternalID) is fetched first.")
  }

  private func parts(
    of incoming: IncomingReturn, _ order: OrderRow?, _ accountID: AccountID,
    _ resolve: ((IncomingReturn.Line) async throws -> [SKUAmount])?
  ) async throws -> [ReturnPart] {
    var parts: [ReturnPart] = []
    for line in incoming.lines {
      let sold = order?.record.line(of: line)
      let components: [SKUAmount]
      if let sold, !sold.components.isEmpty {
        components = sold.components
      } else if let resolve {
        components = try await resolve(line)
      } else {
        components = try await self.resolve(line, accountID)
      }
      for component in components {
        parts.append(
          ReturnPart(
            line: ReturnOrderLine(
              lineID: OrderRecord.partID(line.lineID, component.sku, of: components.count),
              sku: component.sku.text, quantity: line.quantity * component.quantity,
              orderLineID: sold.map {
                OrderRecord.partID($0.lineID, component.sku, of: components.count)
              } ?? ""),
            isRestocked: line.isRestocked))
      }
    }
    return parts
  }

  private func resolve(
    _ line: IncomingReturn.Line, _ accountID: AccountID
  ) async throws -> [SKUAmount] {
    let request = ResolveLinesRequest(
      accountID: accountID.text,
      lines: [
        ChannelLine(
          lineID: line.lineID, itemID: line.itemID, variationID: line.variationID,
          sellerSKU: line.sellerSKU)
      ])
    let resolved = try await peers.mapping.resolveLines(request).lines.first
    guard let resolved, !resolved.components.isEmpty else {
      await alerts.raise(
        .unmappedListing, about: resolved?.listingID ?? line.itemID, account: accountID,
        "A return brings back \(line.sellerSKU), which maps to no SKU.")
      throw IntakeFailure(
        kind: .channel, code: "LISTING_UNMAPPED",
        message: "Line \(line.lineID) of the return maps to no SKU.")
    }
    return resolved.components.map {
      SKUAmount(sku: SKU(trusted: $0.sku), quantity: $0.quantity)
    }
  }

  /// Returns false when it was to be cancelled and could not be.
  private func make(
    _ step: ReturnRecord.Step, _ found: ReturnRow, _ parts: [ReturnPart], _ orderID: String,
    _ incoming: IncomingReturn, _ session: AccountSession
  ) async throws -> Bool {
    switch step {
    case .create:
      try await create(found, parts, orderID, incoming)
      return true
    case .restock:
      try await restock(found, parts, session)
      return true
    case .cancel:
      let request = CancelReturnRequest(returnID: found.serviceID)
      // When the goods are here already they stay, whatever the channel made of the money.
      let cancelled = try await Refusals.tolerate(["STATE_WRONG"]) {
        try await peers.returns.cancelReturn(DerivedRequestID.stamp(request, \.requestID))
      }
      return cancelled != nil
    }
  }

  private func create(
    _ found: ReturnRow, _ parts: [ReturnPart], _ orderID: String, _ incoming: IncomingReturn
  ) async throws {
    var request = CreateReturnRequest(
      returnOrder: ReturnOrder(
        returnID: found.serviceID, orderID: orderID, accountID: found.accountID.text,
        externalID: found.externalID, lines: parts.map(\.line),
        reason: String(decoding: incoming.reason.utf8.prefix(64), as: UTF8.self)))
    let linked = DerivedRequestID.stamp(request, \.requestID)
    // It exists as another one when it was created without the link before its order was known.
    let reasons: Set<String> = ["ORDER_UNKNOWN", "LINE_UNKNOWN", "RETURN_EXISTS"]
    let response = try await Refusals.tolerate(reasons) {
      try await peers.returns.createReturn(linked)
    }
    guard response == nil else { return }
    // Sold before OnePool, or the line is not known: taken in without the link.
    request.returnOrder?.orderID = ""
    request.returnOrder?.lines = parts.map { part in
      var line = part.line
      line.orderLineID = ""
      return line
    }
    _ = try await peers.returns.createReturn(DerivedRequestID.stamp(request, \.requestID))
  }

  /// The goods are on the channel's shelf again, so they are on ours.
  private func restock(
    _ found: ReturnRow, _ parts: [ReturnPart], _ session: AccountSession
  ) async throws {
    let locationID = await session.connection.locationID
    guard !locationID.isEmpty else {
      throw IntakeFailure(
        kind: .final, code: "LOCATION_MISSING",
        message: "Account \(found.accountID) has no location_id to put returned goods.")
    }
    let actor = "channel \(session.channelID)"
    let receive = ReceiveReturnRequest(
      returnID: found.serviceID, locationID: locationID, actor: actor)
    _ = try await peers.returns.receiveReturn(DerivedRequestID.stamp(receive, \.requestID))
    let lines = try await inspections(of: found, parts)
    guard !lines.isEmpty else { return }
    let inspect = InspectReturnRequest(returnID: found.serviceID, lines: lines, actor: actor)
    _ = try await peers.returns.inspectReturn(DerivedRequestID.stamp(inspect, \.requestID))
  }
}

extension IntakeWorker {
  /// What became of the lines that the return has: it may have been asked for under other lines
  /// than those that came back. Units of a line that did not come back are set aside; of lines that
  /// nothing came back of, a person decides.
  private func inspections(
    of found: ReturnRow, _ parts: [ReturnPart]
  ) async throws -> [LineInspection] {
    let request = GetReturnRequest(returnID: found.serviceID)
    let known = try await peers.returns.getReturn(request).returnOrder?.lines ?? []
    var open = parts
    var lines: [LineInspection] = []
    for line in known {
      var wanted = line.quantity
      var restocked: Quantity = 0
      var setAside: Quantity = 0
      for index in open.indices
      where wanted > 0 && open[index].belongs(to: line, among: known) {
        let count = min(wanted, open[index].line.quantity)
        open[index].line.quantity -= count
        wanted -= count
        if open[index].isRestocked { restocked += count } else { setAside += count }
      }
      guard wanted < line.quantity else { continue }
      let disposals = [
        Disposal(disposition: .restock, quantity: restocked),
        Disposal(disposition: .quarantine, quantity: setAside + wanted),
      ]
      lines.append(
        LineInspection(lineID: line.lineID, disposals: disposals.filter { $0.quantity > 0 }))
    }
    return lines
  }
}

extension IntakeWorker.ReturnPart {
  /// By its name, else by its SKU where no line has that name.
  fileprivate func belongs(to known: ReturnOrderLine, among all: [ReturnOrderLine]) -> Bool {
    guard line.quantity > 0, line.sku == known.sku else { return false }
    return line.lineID == known.lineID || !all.contains { $0.lineID == line.lineID }
  }
}

extension OrderRecord {
  /// The line of the order that a line of a return gives back: by its name, else the one that sold
  /// the same thing.
  fileprivate func line(of returned: IncomingReturn.Line) -> Line? {
    if !returned.orderLineID.isEmpty {
      return lines.first { $0.lineID == returned.orderLineID }
    }
    let same = lines.filter { line in
      returned.itemID.isEmpty
        ? !returned.sellerSKU.isEmpty && line.snapshot.sellerSKU == returned.sellerSKU
        : line.snapshot.itemID == returned.itemID
          && line.snapshot.variationID == returned.variationID
    }
    return same.count == 1 ? same[0] : nil
  }
}
