internal import Primitives

extension Pool {
  func set(_ command: SetPurchaseOrder) throws(PoolError) -> Reply {
    let key = DocumentKey(command.id)
    var lines: [PurchaseOrder.Line] = []
    for (number, line) in command.lines.enumerated() {
      lines.append(
        PurchaseOrder.Line(
          lineID: line.lineID, sku: try stockIndex(line.sku, line: number),
          quantity: line.quantity, unitCost: line.unitCost))
    }
    let terms = PurchaseOrder.Terms(
      supplier: command.supplier, location: try catalog.index(command.location),
      currency: command.currency, lines: lines, charges: command.charges,
      overTolerance: command.overTolerance, underTolerance: command.underTolerance,
      expectTime: command.expectTime)
    guard case .purchaseOrder(var order)? = documents[key] else {
      guard command.etag.isEmpty else { throw .document(.changed(key)) }
      return put(
        .purchaseOrder(
          PurchaseOrder(id: command.id, terms: terms, header: DocumentHeader(now: now))))
    }
    guard command.etag.isEmpty || command.etag == order.header.etag else {
      throw .document(.changed(key))
    }
    let wanted = order.asOrdered(terms)
    guard wanted != order.terms else { return .document(.purchaseOrder(order)) }
    if order.state != .draft {
      // The supplier has the order: all that may still change is when it is expected.
      var later = order.terms
      later.expectTime = terms.expectTime
      guard !order.isEnded, later == wanted else {
        throw .document(.wrongState(key, .purchaseOrder(order.state)))
      }
    }
    order.terms = wanted
    order.header.change(at: now)
    return put(.purchaseOrder(order))
  }

  func place(_ id: PurchaseOrderID) throws(PoolError) -> Reply {
    var order = try purchaseOrder(id)
    switch order.state {
    case .ordered, .partiallyReceived, .received, .closed:
      return .document(.purchaseOrder(order))
    case .cancelled: throw .document(.wrongState(order.key, .purchaseOrder(order.state)))
    case .draft:
      order.state = .ordered
      order.header.change(at: now)
      return put(.purchaseOrder(order))
    }
  }

  func receive(_ command: ReceivePurchaseOrder) throws(PoolError) -> Reply {
    var order = try purchaseOrder(command.id)
    guard !(try isRepeat(command.receipt, of: order.receipts, in: order.key)) else {
      return .document(.purchaseOrder(order))
    }
    switch order.state {
    case .ordered, .partiallyReceived, .received: break
    case .draft, .closed, .cancelled:
      throw .document(.wrongState(order.key, .purchaseOrder(order.state)))
    }
    let charges = order.chargesOfLines
    var entry = LedgerEntry(
      reason: command.receipt.reason, actor: command.receipt.actor, cause: command.receipt.id.text)
    entry.details.document = order.key
    entry.details.currency = order.terms.currency
    let places = order.terms.places
    var intake = LotIntake()
    for arrived in command.receipt.lines {
      guard let place = places[arrived.lineID] else {
        throw .document(.lineUnknown(order.key, arrived.lineID))
      }
      let line = order.terms.lines[place]
      let received = line.received + arrived.quantity
      let tolerance = PurchaseOrder.tolerated(order.terms.overTolerance, of: line.quantity)
      guard received <= line.quantity + tolerance || !command.receipt.reason.isEmpty else {
        throw .document(
          .overReceipt(
            order.key, line.lineID,
            DocumentError.Deviation(
              ordered: line.quantity, received: received, tolerance: tolerance)))
      }
      entry.movements.append(
        Movement(
          arrived.isUnavailable ? .receivedUnavailable : .received, line.sku, order.terms.location,
          arrived.quantity, lineID: line.lineID))
      if let lot = arrived.lot, !arrived.isUnavailable {
        let known = try intake.take(lot, of: line.sku, at: order.terms.location, self)
        entry.details.lots.append(
          LotUnits(movement: entry.movements.count - 1, tag: known, quantity: arrived.quantity))
      }
      entry.details.costs.append(
        order.landed(line, charges: charges[place], before: line.received, units: arrived.quantity))
      order.terms.lines[place].received = received
    }
    var receipt = command.receipt
    receipt.time = now
    order.receipts.append(receipt)
    order.state =
      order.terms.lines.allSatisfy { $0.open == 0 } ? .received : .partiallyReceived
    order.header.change(at: now)
    post(entry)
    return put(.purchaseOrder(order))
  }

  func close(_ command: EndDocument<PurchaseOrderID>) throws(PoolError) -> Reply {
    var order = try purchaseOrder(command.id)
    switch order.state {
    case .closed: return .document(.purchaseOrder(order))
    case .draft, .cancelled: throw .document(.wrongState(order.key, .purchaseOrder(order.state)))
    case .ordered, .partiallyReceived, .received: break
    }
    for line in order.terms.lines {
      let tolerance = PurchaseOrder.tolerated(order.terms.underTolerance, of: line.quantity)
      guard line.open <= tolerance || !command.reason.isEmpty else {
        throw .document(
          .underReceipt(
            order.key, line.lineID,
            DocumentError.Deviation(
              ordered: line.quantity, received: line.received, tolerance: tolerance)))
      }
    }
    order.state = .closed
    order.reason = command.reason
    order.header.change(at: now)
    return put(.purchaseOrder(order))
  }

  func cancel(_ command: EndDocument<PurchaseOrderID>) throws(PoolError) -> Reply {
    var order = try purchaseOrder(command.id)
    switch order.state {
    case .cancelled: return .document(.purchaseOrder(order))
    case .partiallyReceived, .received, .closed:
      throw .document(.wrongState(order.key, .purchaseOrder(order.state)))
    case .draft, .ordered:
      order.state = .cancelled
      order.reason = command.reason
      order.header.change(at: now)
      return put(.purchaseOrder(order))
    }
  }

  private func purchaseOrder(_ id: PurchaseOrderID) throws(PoolError) -> PurchaseOrder {
    guard case .purchaseOrder(let order)? = documents[DocumentKey(id)] else {
      throw .document(.unknown(DocumentKey(id)))
    }
    return order
  }
}

extension PurchaseOrder {
  /// Terms with what has come in so far, for a comparison.
  fileprivate func asOrdered(_ terms: Terms) -> Terms {
    var terms = terms
    let places = self.terms.places
    for place in terms.lines.indices {
      let known = places[terms.lines[place].lineID].map { self.terms.lines[$0] }
      terms.lines[place].received = known?.received ?? 0
    }
    return terms
  }
}

extension PurchaseOrder.Terms {
  /// Where each line is.
  fileprivate var places: [String: Int] {
    Dictionary(lines.enumerated().map { ($0.element.lineID, $0.offset) }) { first, _ in first }
  }
}
