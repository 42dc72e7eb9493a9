internal import Primitives

extension Pool {
  func set(_ command: SetTransfer) throws(PoolError) -> Reply {
    let key = DocumentKey(command.id)
    var lines: [Transfer.Line] = []
    for (number, line) in command.lines.enumerated() {
      lines.append(
        Transfer.Line(
          lineID: line.lineID, sku: try stockIndex(line.sku, line: number),
          quantity: line.quantity))
    }
    let terms = Transfer.Terms(
      source: try catalog.index(command.source),
      destination: try catalog.index(command.destination),
      lines: lines, expectTime: command.expectTime)
    guard case .transfer(var transfer)? = documents[key] else {
      guard command.etag.isEmpty else { throw .document(.changed(key)) }
      return put(
        .transfer(Transfer(id: command.id, terms: terms, header: DocumentHeader(now: now))))
    }
    guard command.etag.isEmpty || command.etag == transfer.header.etag else {
      throw .document(.changed(key))
    }
    guard terms != transfer.asDrafted else { return .document(.transfer(transfer)) }
    if transfer.state == .draft {
      transfer.terms = terms
    } else {
      // The goods are on their way: all that may still change is when they are expected.
      var later = transfer.asDrafted
      later.expectTime = terms.expectTime
      guard transfer.isOnItsWay, later == terms else {
        throw .document(.wrongState(key, .transfer(transfer.state)))
      }
      transfer.terms.expectTime = terms.expectTime
    }
    transfer.header.change(at: now)
    return put(.transfer(transfer))
  }

  func ship(_ command: ShipTransfer) throws(PoolError) -> Reply {
    var transfer = try transfer(command.id)
    switch transfer.state {
    case .inTransit, .partiallyReceived, .received, .short:
      return .document(.transfer(transfer))
    case .cancelled: throw .document(.wrongState(transfer.key, .transfer(transfer.state)))
    case .draft: break
    }
    var wanted: [SKUIndex: Quantity] = [:]
    for line in transfer.terms.lines {
      let sum = wanted[line.sku, default: 0] + line.quantity
      wanted[line.sku] = sum
      // What is promised to customers at the source stays there.
      let available = balance(line.sku, transfer.terms.source).available
      guard sum <= available else {
        let all = transfer.terms.lines.reduce(0) { $1.sku == line.sku ? $0 + $1.quantity : $0 }
        throw .insufficientStock(
          PoolError.Shortage(
            sku: catalog.sku(line.sku), location: catalog.location(transfer.terms.source),
            measure: .available, present: available, requested: all))
      }
    }
    var entry = LedgerEntry(actor: command.actor, cause: transfer.id.text)
    entry.details.document = transfer.key
    entry.movements = transfer.terms.lines.map {
      Movement(.transferredOut, $0.sku, transfer.terms.source, $0.quantity, lineID: $0.lineID)
    }
    try checkMovements(entry.movements)
    transfer.state = .inTransit
    transfer.shipTime = now
    transfer.header.change(at: now)
    // One movement a line: their places are the same.
    post(entry)
    transfer.lots = entries.last?.details.lots ?? []
    return put(.transfer(transfer))
  }

  func receive(_ command: ReceiveTransfer) throws(PoolError) -> Reply {
    var transfer = try transfer(command.id)
    guard !(try isRepeat(command.receipt, of: transfer.receipts, in: transfer.key)) else {
      return .document(.transfer(transfer))
    }
    guard transfer.isOnItsWay else {
      throw .document(.wrongState(transfer.key, .transfer(transfer.state)))
    }
    var entry = LedgerEntry(
      reason: command.receipt.reason, actor: command.receipt.actor, cause: command.receipt.id.text)
    entry.details.document = transfer.key
    let places = transfer.terms.places
    for arrived in command.receipt.lines {
      guard let place = places[arrived.lineID] else {
        throw .document(.lineUnknown(transfer.key, arrived.lineID))
      }
      let line = transfer.terms.lines[place]
      guard arrived.quantity <= line.open else {
        throw .document(
          .notInTransit(
            transfer.key, line.lineID, open: line.open, requested: arrived.quantity))
      }
      land(arrived, place, &transfer, &entry)
    }
    var receipt = command.receipt
    receipt.time = now
    transfer.receipts.append(receipt)
    transfer.state =
      transfer.terms.lines.allSatisfy { $0.open == 0 } ? .received : .partiallyReceived
    transfer.header.change(at: now)
    post(entry)
    return put(.transfer(transfer))
  }

  /// What expired on the way, or came damaged, cannot be sold; the rest keeps its lot.
  private func land(
    _ arrived: Receipt.Line, _ place: Int, _ transfer: inout Transfer, _ entry: inout LedgerEntry
  ) {
    let line = transfer.terms.lines[place]
    var left = arrived.quantity
    var unfit: Quantity = 0
    var kept: [LotUnits] = []
    for number in transfer.lots.indices where transfer.lots[number].movement == place && left > 0 {
      var units = transfer.lots[number]
      units.quantity = min(left, units.quantity)
      left -= units.quantity
      transfer.lots[number].quantity -= units.quantity
      if arrived.isUnavailable { continue }
      if let time = units.tag.expireTime, time <= now {
        unfit += units.quantity
      } else {
        kept.append(units)
      }
    }
    transfer.lots.removeAll { $0.quantity == 0 }
    if arrived.isUnavailable { unfit = arrived.quantity }
    if arrived.quantity > unfit {
      for var units in kept {
        units.movement = entry.movements.count
        entry.details.lots.append(units)
      }
      entry.movements.append(
        Movement(
          .transferredIn, line.sku, transfer.terms.destination, arrived.quantity - unfit,
          lineID: line.lineID))
    }
    if unfit > 0 {
      entry.movements.append(
        Movement(
          .transferredInUnavailable, line.sku, transfer.terms.destination, unfit,
          lineID: line.lineID))
    }
    transfer.terms.lines[place].received += arrived.quantity
  }

  /// What has not arrived is lost: it comes in at the destination's books and goes out at once, so that what left
  /// the source is accounted for to the last unit.
  func writeOff(_ command: EndDocument<TransferID>) throws(PoolError) -> Reply {
    var transfer = try transfer(command.id)
    if transfer.state == .short { return .document(.transfer(transfer)) }
    guard transfer.isOnItsWay else {
      throw .document(.wrongState(transfer.key, .transfer(transfer.state)))
    }
    var entry = LedgerEntry(
      reason: command.reason, actor: command.actor, cause: transfer.id.text)
    entry.details.document = transfer.key
    for place in transfer.terms.lines.indices {
      let line = transfer.terms.lines[place]
      guard line.open > 0 else { continue }
      entry.movements.append(
        Movement(
          .transferLost, line.sku, transfer.terms.destination, line.open, lineID: line.lineID))
      transfer.terms.lines[place].lost = line.open
    }
    transfer.lots = []
    transfer.state = .short
    transfer.reason = command.reason
    transfer.header.change(at: now)
    post(entry)
    return put(.transfer(transfer))
  }

  func cancel(_ command: EndDocument<TransferID>) throws(PoolError) -> Reply {
    var transfer = try transfer(command.id)
    switch transfer.state {
    case .cancelled: return .document(.transfer(transfer))
    case .inTransit, .partiallyReceived, .received, .short:
      throw .document(.wrongState(transfer.key, .transfer(transfer.state)))
    case .draft:
      transfer.state = .cancelled
      transfer.reason = command.reason
      transfer.header.change(at: now)
      return put(.transfer(transfer))
    }
  }

  private func transfer(_ id: TransferID) throws(PoolError) -> Transfer {
    guard case .transfer(let transfer)? = documents[DocumentKey(id)] else {
      throw .document(.unknown(DocumentKey(id)))
    }
    return transfer
  }
}

extension Transfer {
  /// Its terms without what has become of them since.
  fileprivate var asDrafted: Terms {
    var terms = terms
    for place in terms.lines.indices {
      terms.lines[place].received = 0
      terms.lines[place].lost = 0
    }
    return terms
  }
}

extension Transfer.Terms {
  /// Where each line is.
  fileprivate var places: [String: Int] {
    Dictionary(lines.enumerated().map { ($0.element.lineID, $0.offset) }) { first, _ in first }
  }
}
