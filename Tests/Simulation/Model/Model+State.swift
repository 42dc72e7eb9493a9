import PoolDomain
import Primitives

@testable import PoolService

extension Model {
  /// In which way the pool's state is another; nil when it is this one.
  ///
  /// - Parameter isRecovered: the pool has just read it from disk; it may know again what it had forgotten.
  func difference(from state: ReadModel.State, isRecovered: Bool) -> String? {
    stockDifference(from: state) ?? holdDifference(from: state, isRecovered)
      ?? saleDifference(from: state) ?? catalogDifference(from: state)
  }

  private func stockDifference(from state: ReadModel.State) -> String? {
    var held: [String: Quantity] = [:]
    for hold in holds.values where hold.state == .held {
      for units in hold.lines { held[units.sku, default: 0] += units.quantity }
    }
    var committed: [String: Quantity] = [:]
    for order in orders.values {
      for line in order.lines.values { committed[line.sku, default: 0] += line.open }
    }
    for sku in names.keys.sorted() {
      guard let index = state.skuIndices[SKU(trusted: sku)] else { return "\(sku) is missing" }
      let stock = state.stocks[index.int]
      var sum = Balance(sku: index, location: LocationIndex(0))
      for balance in stock.balances {
        sum.add(balance)
        guard balance.isConsistent else { return "\(sku)'s balance contradicts itself" }
      }
      let counts = [
        ("on hand", sum.onHand, onHand[sku, default: 0]),
        ("held", sum.held, held[sku, default: 0]),
        ("committed", sum.committed, committed[sku, default: 0]),
        ("unavailable", sum.unavailable, unavailable[sku, default: 0]),
        ("available", stock.available, sum.available),
      ]
      for (name, count, wanted) in counts where count != wanted {
        return "\(sku) has \(count) \(name) instead of \(wanted)"
      }
    }
    return state.skus.count == names.count ? nil : "there are \(state.skus.count) SKUs"
  }

  private func holdDifference(from state: ReadModel.State, _ isRecovered: Bool) -> String? {
    for (id, hold) in holds {
      guard let found = state.holds[HoldID(trusted: id)] else {
        if hold.isForgotten { continue }
        return "the hold \(id) is missing"
      }
      if hold.isForgotten, !isRecovered { return "the hold \(id) is not forgotten" }
      guard "\(found.state)" == hold.state.rawValue, found.owner == hold.owner,
        found.expireTime == hold.expiry, found.endTime == hold.end,
        found.orderID?.text ?? "" == hold.order,
        found.lines.map({ state.skus[$0.sku.int].sku.text }) == hold.lines.map(\.sku),
        found.lines.map(\.quantity) == hold.lines.map(\.quantity)
      else { return "the hold \(id) is \(found) instead of \(hold)" }
    }
    let stranger = state.holds.keys.first { holds[$0.text] == nil }
    return stranger.map { "there is a hold \($0)" }
  }

  private func saleDifference(from state: ReadModel.State) -> String? {
    for (id, order) in orders {
      guard let sale = state.sales[OrderID(trusted: id)] else {
        if state.hasUnloadedSales { continue }
        return "the order \(id) is missing"
      }
      var lines: [String: Line] = [:]
      for line in sale.lines {
        lines[line.id] = Line(
          sku: state.skus[line.sku.int].sku.text, sold: line.sold, cancelled: line.cancelled,
          shipped: line.shipped, returned: line.returned)
      }
      guard lines == order.lines else { return "the order \(id) is \(lines), not \(order.lines)" }
    }
    let stranger = state.sales.keys.first { orders[$0.text] == nil }
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
    return found == buffers ? nil : "the buffers are \(found) instead of \(buffers)"
  }

  /// After a recovery: what the pool has found again is not forgotten.
  mutating func remember(as state: ReadModel.State) {
    for id in holds.keys where state.holds[HoldID(trusted: id)] != nil {
      holds[id]?.isForgotten = false
    }
  }
}
