internal import Primitives
internal import StorageCore

extension Market {
  /// The seller has packed lines (Lazada): each gets the package's ID.
  func pack(
    _ key: Shop.Key, _ orderID: String, lines: [String], package: String, tracking: String,
    carrier: String
  ) throws -> BuyerOrder {
    var order = try order(key, orderID)
    for index in order.lines.indices where lines.contains(order.lines[index].lineID) {
      guard order.lines[index].state == .paid else {
        throw MarketRefusal.stateWrong(
          "line \(order.lines[index].lineID) is \(order.lines[index].state.rawValue)")
      }
      order.lines[index].state = .packed
      order.lines[index].packageID = package
      order.lines[index].updateTime = now
    }
    order.trackingNumber = tracking
    order.carrier = carrier
    return try save(order) { Announcement.moved($0, lines: lines) }
  }

  /// What the buyer comes for is at the counter; again changes nothing.
  func prepare(_ key: Shop.Key, _ orderID: String) throws -> BuyerOrder {
    var order = try order(key, orderID)
    let waiting = order.lines.indices.filter { order.lines[$0].state == .paid }
    guard !waiting.isEmpty else { return order }
    for index in waiting {
      order.lines[index].state = .packed
      order.lines[index].updateTime = now
    }
    let lines = waiting.map { order.lines[$0].lineID }
    return try save(order) { Announcement.moved($0, lines: lines) }
  }

  /// Units leave the seller's count: Lazada's ready to ship, Shopee's shipment arranged, Shopify's
  /// fulfilment.
  ///
  /// - Parameter units: for each line how many; empty for all that is open.
  func handOver(
    _ key: Shop.Key, _ orderID: String, units: [String: Int64], into state: BuyerOrder.State,
    tracking: String?, carrier: String? = nil
  ) throws -> BuyerOrder {
    var order = try order(key, orderID)
    var changed: [String] = []
    for index in order.lines.indices {
      let line = order.lines[index]
      let count = units.isEmpty ? line.openCount : units[line.lineID] ?? 0
      guard count > 0, line.state == .paid || line.state == .packed else { continue }
      guard count <= line.openCount else {
        throw MarketRefusal.invalid("line \(line.lineID) has \(line.openCount) units open")
      }
      try change(key, item: line.itemID, variation: line.variationID) { $0.occupied -= count }
      order.lines[index].shipped += count
      if order.lines[index].openCount == 0 { order.lines[index].state = state }
      order.lines[index].updateTime = now
      changed.append(line.lineID)
    }
    guard !changed.isEmpty else {
      throw MarketRefusal.stateWrong("the order is \(order.state.rawValue)")
    }
    if key.channel == .woocommerce { try WooCommerceOrders.complete(order, self) }
    if let tracking { order.trackingNumber = tracking }
    if let carrier { order.carrier = carrier }
    return try save(order) { Announcement.moved($0, lines: changed) }
  }

  /// The carrier takes or delivers what was handed over.
  func advance(
    _ key: Shop.Key, _ orderID: String, to state: BuyerOrder.State
  ) throws -> BuyerOrder {
    let before: [BuyerOrder.State] = state == .delivered ? [.ready, .shipped] : [.ready]
    var order = try order(key, orderID)
    var changed: [String] = []
    for index in order.lines.indices where before.contains(order.lines[index].state) {
      order.lines[index].state = state
      order.lines[index].updateTime = now
      changed.append(order.lines[index].lineID)
    }
    guard !changed.isEmpty else {
      throw MarketRefusal.stateWrong("the order is \(order.state.rawValue)")
    }
    return try save(order) { Announcement.moved($0, lines: changed) }
  }
}
