import PoolDomain
import Primitives

@testable import PoolService

extension Model {
  /// In which way the pool's state is another; nil when it is this one.
  ///
  /// - Parameter isRecovered: the pool has just read it from disk; it may know again what it had forgotten.
  func difference(
    from state: ReadModel.State, _ records: RecordView.Records, isRecovered: Bool
  ) -> String? {
    stockDifference(from: state) ?? holdDifference(from: state, records, isRecovered)
      ?? saleDifference(from: state, records) ?? catalogDifference(from: state)
      ?? promotionDifference(from: state) ?? shownDifference(from: state)
  }

  private func stockDifference(from state: ReadModel.State) -> String? {
    let (held, committed, available) = (held, committed, available)
    let incoming = documents.values.filter(\.isOnItsWay)
    for sku in names.keys.sorted() {
      guard let index = state.skuIndices[SKU(trusted: sku)] else { return "\(sku) is missing" }
      let stock = state.stocks[index.int]
      var sum = Balance(sku: index, location: LocationIndex(0))
      for balance in stock.balances {
        sum.add(balance)
        guard balance.isConsistent else { return "\(sku)'s balance contradicts itself" }
      }
      for shelf in Shelf.all(of: sku) {
        let named = Shelf.named(shelf)
        let here =
          named.isEmpty
          ? sum : stock.balances.first { state.locations[$0.location.int].location.text == named }
        let counts = [
          ("on hand", here?.onHand, onHand), ("held", here?.held, held),
          ("committed", here?.committed, committed),
          ("unavailable", here?.unavailable, unavailable),
          ("available", here?.available, available),
        ]
        for (name, count, wanted) in counts where count ?? 0 != wanted[shelf, default: 0] {
          return "\(shelf) has \(count ?? 0) \(name) instead of \(wanted[shelf, default: 0])"
        }
      }
      let lots = (state.lots[index] ?? []).map {
        Lot(id: $0.tag.id.text, expiry: $0.tag.expireTime, quantity: $0.quantity)
      }
      guard lots == self.lots[sku] ?? [] else {
        return "\(sku) has the lots \(lots) instead of \(self.lots[sku] ?? [])"
      }
      guard stock.available == sum.available else {
        return "\(sku)'s sum is not that of its balances"
      }
      // No unit is nowhere: what has left one location and come to none is under way.
      func open(_ documents: [Document]) -> Quantity {
        documents.flatMap(\.lines).reduce(0) { Shelf.sku($1.shelf) == sku ? $0 + $1.open : $0 }
      }
      let underWay = open(incoming.filter { $0.source != nil })
      guard sum.transferredOut - sum.transferredIn == underWay else {
        return "\(sku) has \(sum.transferredOut - sum.transferredIn) under way, not \(underWay)"
      }
      let coming = (state.incoming[index] ?? []).reduce(0) { $0 + $1.quantity }
      guard coming == open(incoming) else {
        return "\(coming) of \(sku) come, not \(open(incoming))"
      }
    }
    return state.skus.count == names.count ? nil : "there are \(state.skus.count) SKUs"
  }

  private func holdDifference(
    from state: ReadModel.State, _ records: RecordView.Records, _ isRecovered: Bool
  ) -> String? {
    for (id, hold) in holds {
      guard let found = records.holds[HoldID(trusted: id)] else {
        if hold.isForgotten { continue }
        return "the hold \(id) is missing"
      }
      if hold.isForgotten, !isRecovered { return "the hold \(id) is not forgotten" }
      let lines = found.lines.map { line in
        HoldLine(
          shelf: state.shelf(line.sku, at: line.location), quantity: line.quantity,
          use: line.allotment.map { state.use($0) }, isPlaced: line.isPlaced)
      }
      guard "\(found.state)" == hold.state.rawValue, found.owner == hold.owner,
        found.channelID?.text ?? "" == hold.channel, found.createTime == hold.made,
        found.expireTime == hold.expiry, found.endTime == hold.end,
        found.orderID?.text ?? "" == hold.order, found.isRetaken == hold.isRetaken,
        lines == hold.lines
      else { return "the hold \(id) is \(found) instead of \(hold)" }
    }
    let stranger = records.holds.keys.first { holds[$0.text] == nil }
    return stranger.map { "there is a hold \($0)" }
  }

  private func saleDifference(
    from state: ReadModel.State, _ records: RecordView.Records
  ) -> String? {
    for (id, order) in orders {
      guard let sale = records.sales[OrderID(trusted: id)] else {
        if records.hasUnloadedSales { continue }
        return "the order \(id) is missing"
      }
      var lines: [String: Line] = [:]
      for line in sale.callersLines {
        let parts = line.components.isEmpty ? [line] : line.components
        lines[line.id] = Line(
          ware: state.shelf(line.sku, at: line.allocations.first?.location),
          parts: parts.map { part in
            Part(
              shelf: state.shelf(part.sku, at: part.allocations.first?.location),
              units: part.sold / max(1, line.sold), uses: part.allotments.map { state.use($0) })
          },
          sold: line.sold, cancelled: line.cancelled, shipped: line.shipped,
          returned: line.returned)
      }
      guard lines == order.lines else { return "the order \(id) is \(lines), not \(order.lines)" }
    }
    let stranger = records.sales.keys.first { orders[$0.text] == nil }
    return stranger.map { "there is an order \($0)" }
  }

  private func catalogDifference(from state: ReadModel.State) -> String? {
    for record in state.skus.all where names[record.sku.text] != record.displayName {
      return "\(record.sku) is called \(record.displayName)"
    }
    var found: [String: Quantity] = [:]
    for buffer in state.buffers.all {
      guard case .units(let count)? = buffer.margin else { return "a buffer without units" }
      let sku = buffer.scope.sku.map { state.skus[$0.int].sku.text } ?? ""
      found["\(sku)|\(buffer.scope.channel?.text ?? "")"] = count
    }
    guard found == buffers else { return "the buffers are \(found) instead of \(buffers)" }
    var locks: [String: Lock] = [:]
    for lock in state.lastUnits.all {
      let sku = lock.scope.sku.map { state.skus[$0.int].sku.text } ?? ""
      locks[sku] = Lock(channel: lock.channel.text, units: lock.units)
    }
    guard locks == self.locks else { return "the locks are \(locks) instead of \(self.locks)" }
    let rule = state.sourcings[ChannelID(trusted: Shelf.till)].map { rule in
      Sourcing(
        strategy: .init(rawValue: Int(rule.strategy.rawValue)) ?? .ranked,
        locations: rule.locations.map { state.locations[$0.int].location.text })
    }
    guard rule == sourcing else { return "the till is fed by \(String(describing: rule))" }
    var inside: [String: [Units]] = [:]
    for (sku, bundle) in state.bundles.definitions {
      inside[state.skus[sku.int].sku.text] = bundle.parts.map {
        Units(shelf: state.skus[$0.sku.int].sku.text, quantity: $0.units)
      }
    }
    return inside == bundles ? nil : "the bundles are \(inside) instead of \(bundles)"
  }

  private func promotionDifference(from state: ReadModel.State) -> String? {
    var found: [String: Promotion] = [:]
    for promotion in state.promotions.promotions {
      let allotments = state.promotions.allotments(of: promotion)
      let lines = promotion.lines.enumerated().map { number, line in
        let kept = number < allotments.count ? allotments[number] : nil
        return (
          state.skus[line.sku.int].sku.text,
          Allotment(
            planned: line.quantity, more: (kept?.quantity ?? line.quantity) - line.quantity,
            taken: kept?.taken ?? 0)
        )
      }
      found[promotion.id.text] = Promotion(
        channels: Set(promotion.channels.map(\.text)),
        strategy: .init(rawValue: Int(promotion.strategy.rawValue) - 1) ?? .restrict,
        start: promotion.startTime, end: promotion.endTime,
        allotments: Dictionary(uniqueKeysWithValues: lines), isScheduled: promotion.isScheduled,
        isCancelled: promotion.isCancelled)
    }
    for (id, promotion) in promotions where found[id] != promotion {
      return "the promotion \(id) is \(String(describing: found[id])) instead of \(promotion)"
    }
    return found.count == promotions.count ? nil : "there are \(found.count) promotions"
  }

  /// What each channel shows, by the pool's own sum and by this one.
  private func shownDifference(from state: ReadModel.State) -> String? {
    let available = available
    for sku in names.keys.sorted() {
      guard let index = state.skuIndices[SKU(trusted: sku)] else { return "\(sku) is missing" }
      for channel in ["", "shopee", "web", "lazada", Shelf.till] {
        let id = channel.isEmpty ? nil : ChannelID(trusted: channel)
        let found = state.availableToSell(index, on: id)
        let wanted = shown(sku, on: channel, available)
        guard found == wanted else {
          return "\(channel) shows \(found) of \(sku) instead of \(wanted)"
        }
        guard found <= max(0, state.availableUnits(index)) else {
          return "\(channel) shows more of \(sku) than is available"
        }
      }
    }
    return nil
  }

  /// After a recovery: what the pool has found again is not forgotten.
  mutating func remember(as records: RecordView.Records) {
    for id in holds.keys where records.holds[HoldID(trusted: id)] != nil {
      holds[id]?.isForgotten = false
    }
  }
}

extension ReadModel.State {
  fileprivate func shelf(_ sku: SKUIndex, at location: LocationIndex?) -> String {
    let name = skus[sku.int].sku.text
    guard name == Shelf.moving, let location else { return name }
    return "\(name)@\(locations[location.int].location.text)"
  }

  fileprivate func use(_ use: AllotmentUse) -> Model.Use {
    Model.Use(promotion: promotions[use.promotion].id.text, quantity: use.quantity)
  }
}
