internal import PoolAPI
internal import PoolDomain
internal import Primitives

// The domain's values as messages.

extension PoolAPI.Sku {
  init(_ record: SKURecord) {
    self.init(
      sku: record.sku.text, displayName: record.displayName, createTime: record.createTime,
      updateTime: record.updateTime, etag: record.etag,
      skuGroup: record.group?.text ?? "")
  }
}

extension PoolAPI.Location {
  init(_ record: LocationRecord) {
    self.init(
      locationID: record.location.text, displayName: record.displayName, rank: record.rank,
      createTime: record.createTime, updateTime: record.updateTime, etag: record.etag,
      kind: Kind(rawValue: record.traits.kind.rawValue), zones: record.traits.zones.map(\.text),
      offersPickup: record.traits.offersPickup)
  }
}

extension PoolAPI.Balance {
  init(_ balance: PoolDomain.Balance, _ names: some Names, isTotal: Bool = false) {
    self.init(
      sku: names.name(of: balance.sku),
      locationID: isTotal ? "" : names.name(of: balance.location),
      onHandCount: balance.onHand, heldCount: balance.held, committedCount: balance.committed,
      unavailableCount: balance.unavailable, availableCount: balance.available,
      receivedCount: balance.received, returnedCount: balance.returned,
      foundCount: balance.found, shippedCount: balance.shipped, lostCount: balance.lost,
      sequence: balance.sequence, transferredInCount: balance.transferredIn,
      transferredOutCount: balance.transferredOut)
  }
}

extension PoolAPI.Hold {
  init(_ hold: PoolDomain.Hold, _ names: some Names, now: Timestamp) {
    self.init(
      holdID: hold.id.text, owner: hold.owner, state: State(hold.state(at: now)),
      expireTime: hold.expireTime,
      lines: hold.lines.map {
        HoldLine(
          sku: names.name(of: $0.sku), quantity: $0.quantity,
          locationID: names.name(of: $0.location))
      },
      orderID: hold.orderID?.text ?? "", createTime: hold.createTime, etag: hold.etag,
      channelID: hold.channelID?.text ?? "", retaken: hold.isRetaken)
  }
}

extension PoolAPI.Hold.State {
  init(_ state: PoolDomain.Hold.State) {
    switch state {
    case .held: self = .held
    case .committed: self = .committed
    case .released: self = .released
    case .expired: self = .expired
    }
  }
}

extension SaleLineState {
  init(_ line: PoolDomain.SaleLine, _ names: some Names) {
    self.init(
      lineID: line.id, sku: names.name(of: line.sku), soldCount: line.sold,
      cancelledCount: line.cancelled, shippedCount: line.shipped, returnedCount: line.returned,
      oversoldCount: line.oversold,
      // What was cancelled is not taken any more.
      allocations: line.allocations.compactMap { allocation in
        let quantity = allocation.taken - allocation.cancelled
        return quantity == 0
          ? nil
          : PoolAPI.Allocation(
            locationID: names.name(of: allocation.location), quantity: quantity)
      },
      components: line.components.map { component in
        let state = SaleLineState(component, names)
        return SaleComponent(
          sku: state.sku, soldCount: state.soldCount, cancelledCount: state.cancelledCount,
          shippedCount: state.shippedCount, returnedCount: state.returnedCount,
          oversoldCount: state.oversoldCount, allocations: state.allocations)
      })
  }
}

extension PoolAPI.Movement {
  init(
    _ movement: PoolDomain.Movement, _ entry: LedgerEntry, sequence: Int64, requestID: String,
    _ names: some Names
  ) {
    self.init(
      sequence: sequence, commitTime: entry.time, sourceTime: entry.sourceTime,
      kind: Kind(rawValue: Int32(movement.kind.rawValue)), sku: names.name(of: movement.sku),
      locationID: names.name(of: movement.location), quantity: movement.quantity,
      orderID: entry.orderID?.text ?? "",
      lineID: SaleBundle.callersLineID(movement.lineID),
      holdID: entry.holdID?.text ?? "", channelID: entry.channelID?.text ?? "",
      reason: entry.toldReason(of: movement), actor: entry.toldActor(of: movement),
      cause: entry.toldCause, requestID: requestID, oversoldCount: movement.oversold)
    add(entry.details, movement: Int(sequence - entry.firstSequence))
  }
}
