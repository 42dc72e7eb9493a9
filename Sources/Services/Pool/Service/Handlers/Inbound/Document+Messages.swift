internal import PoolAPI
internal import PoolDomain
internal import Primitives

// Documents, and what entries of documents have, as messages.

extension PoolAPI.PurchaseOrder {
  init(_ order: PoolDomain.PurchaseOrder, _ names: some Names) {
    let charges = order.chargesOfLines
    self.init(
      purchaseOrderID: order.id.text, supplier: order.terms.supplier,
      locationID: names.name(of: order.terms.location), currency: order.terms.currency,
      lines: zip(order.terms.lines, charges).map { line, charges in
        PurchaseOrderLine(
          lineID: line.lineID, sku: names.name(of: line.sku), quantity: line.quantity,
          unitCostMinor: line.unitCost, receivedCount: line.received,
          openCount: order.isEnded ? 0 : line.open,
          chargesMinor: charges)
      },
      charges: order.terms.charges.map { PoolAPI.Charge($0) },
      overToleranceBasisPoints: order.terms.overTolerance,
      underToleranceBasisPoints: order.terms.underTolerance, expectTime: order.terms.expectTime,
      state: State(rawValue: Int32(order.state.rawValue)),
      receipts: order.receipts.map { PoolAPI.Receipt($0) }, reason: order.reason,
      createTime: order.header.createTime, updateTime: order.header.updateTime,
      etag: order.header.etag)
  }
}

extension PoolAPI.Charge {
  init(_ charge: PoolDomain.PurchaseOrder.Charge) {
    self.init(
      kind: Kind(rawValue: Int32(charge.kind.rawValue)), amountMinor: charge.amount,
      basis: Basis(rawValue: Int32(charge.basis.rawValue)))
  }
}

extension PoolAPI.Transfer {
  init(_ transfer: PoolDomain.Transfer, _ names: some Names) {
    self.init(
      transferID: transfer.id.text, sourceLocationID: names.name(of: transfer.terms.source),
      destinationLocationID: names.name(of: transfer.terms.destination),
      lines: transfer.terms.lines.map { line in
        TransferLine(
          lineID: line.lineID, sku: names.name(of: line.sku), quantity: line.quantity,
          receivedCount: line.received, lostCount: line.lost)
      },
      expectTime: transfer.terms.expectTime, state: State(rawValue: Int32(transfer.state.rawValue)),
      receipts: transfer.receipts.map { PoolAPI.Receipt($0) }, shipTime: transfer.shipTime,
      reason: transfer.reason, createTime: transfer.header.createTime,
      updateTime: transfer.header.updateTime, etag: transfer.header.etag)
  }
}

extension PoolAPI.Receipt {
  init(_ receipt: PoolDomain.Receipt) {
    self.init(
      receiptID: receipt.id.text,
      lines: receipt.lines.map {
        ReceiptLine(
          lineID: $0.lineID, quantity: $0.quantity, unavailable: $0.isUnavailable,
          lotID: $0.lot?.id.text ?? "", lotExpireTime: $0.lot?.expireTime)
      },
      reason: receipt.reason, actor: receipt.actor, receiveTime: receipt.time)
  }
}

extension PoolAPI.Lot {
  init(_ lot: PoolDomain.Lot, _ names: some Names) {
    self.init(
      lotID: lot.tag.id.text, locationID: names.name(of: lot.location),
      expireTime: lot.tag.expireTime, onHandCount: lot.quantity)
  }
}

extension PoolAPI.Incoming {
  init(_ incoming: PoolDomain.Incoming, _ names: some Names) {
    self.init(
      locationID: names.name(of: incoming.location), quantity: incoming.quantity,
      expectTime: incoming.expectTime, documentKind: DocumentKind(incoming.document.kind),
      documentID: incoming.document.text)
  }
}

extension DocumentKind {
  init(_ kind: DocumentKey.Kind) {
    switch kind {
    case .purchaseOrder: self = .purchaseOrder
    case .transfer: self = .transfer
    case .count: self = .count
    }
  }
}

extension PoolAPI.Movement {
  /// Adds what only entries of documents have.
  ///
  /// - Parameter number: of the movement in its entry, from 0.
  mutating func add(_ details: EntryDetails, movement number: Int) {
    if let document = details.document {
      documentKind = DocumentKind(document.kind)
      documentID = document.text
    }
    note = details.note
    lots = details.lots.filter { $0.movement == number }.map {
      PoolAPI.MovementLot(
        lotID: $0.tag.id.text, expireTime: $0.tag.expireTime, quantity: $0.quantity)
    }
    guard !details.costs.isEmpty else { return }
    let cost = details.costs[number]
    landedCost = PoolAPI.LandedCost(
      currency: details.currency, goodsMinor: cost.goods, chargesMinor: cost.charges,
      unitMicros: cost.unitMicros(of: quantity))
  }
}

extension ReadModel.State {
  /// What is on its way to a SKU's locations, what is expected first in front.
  func incomingMessages(of sku: SKUIndex) -> [PoolAPI.Incoming] {
    (incoming[sku] ?? [])
      .sorted {
        ($0.expectTime ?? .distantFuture, $0.document) < (
          $1.expectTime ?? .distantFuture, $1.document
        )
      }
      .map { PoolAPI.Incoming($0, self) }
  }
}
