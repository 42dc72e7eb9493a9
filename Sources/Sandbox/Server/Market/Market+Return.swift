internal import Primitives
internal import StorageCore

extension Market {
  func buyerReturn(_ key: Shop.Key, _ returnID: String) throws -> BuyerReturn {
    guard let request = try transaction.buyerReturn(key, returnID) else {
      throw MarketRefusal.returnUnknown(returnID)
    }
    return request
  }

  /// The buyer wants to send units back. Lines may be named by their ID; all that was shipped when
  /// none are.
  func requestReturn(
    _ key: Shop.Key, _ orderID: String, units: [String: Int64], reason: String
  ) throws -> BuyerReturn {
    guard key.channel != .woocommerce else {
      throw MarketRefusal.invalid("WooCommerce has no returns, only refunds")
    }
    var order = try order(key, orderID)
    for name in units.keys where !order.lines.contains(where: { $0.lineID == name }) {
      throw MarketRefusal.lineUnknown(name)
    }
    let number = try transaction.next("number")
    var request = BuyerReturn(
      shop: key, returnID: OrderNumbers.returned(key.channel, number, at: now), orderID: orderID,
      state: key.channel == .shopify ? .accepted : .requested, reason: reason, createTime: now,
      updateTime: now, lines: [])
    for index in order.lines.indices {
      let line = order.lines[index]
      let count = units.isEmpty ? line.shipped - line.returned : units[line.lineID] ?? 0
      guard count > 0 else { continue }
      guard count <= line.shipped - line.returned else {
        throw MarketRefusal.invalid(
          "line \(line.lineID) has \(line.shipped - line.returned) units to send back")
      }
      order.lines[index].returned += count
      order.lines[index].updateTime = now
      request.lines.append(
        BuyerReturn.Line(
          lineID: OrderNumbers.line(key.channel, try transaction.next("number")),
          orderLineID: line.lineID, itemID: line.itemID, variationID: line.variationID,
          sku: line.sku, quantity: count))
    }
    guard !request.lines.isEmpty else {
      throw MarketRefusal.stateWrong("nothing of the order was shipped")
    }
    order.updateTime = max(now, order.updateTime)
    try transaction.save(order)
    try transaction.save(request)
    try send(Announcement.returned(request, of: order), of: key)
    return request
  }

  /// The seller says what became of units of a return; restocked ones can be ordered again where
  /// the platform counts so (Shopify).
  func dispose(
    _ key: Shop.Key, _ returnID: String, line lineID: String, count: Int64, disposition: String,
    restocks: Bool
  ) throws -> BuyerReturn {
    var request = try buyerReturn(key, returnID)
    guard let index = request.lines.firstIndex(where: { $0.lineID == lineID }) else {
      throw MarketRefusal.lineUnknown(lineID)
    }
    let line = request.lines[index]
    guard count > 0, line.disposed + count <= line.quantity else {
      throw MarketRefusal.invalid("line \(lineID) has \(line.quantity - line.disposed) units left")
    }
    request.lines[index].disposed += count
    request.lines[index].disposition = disposition
    request.updateTime = max(now, request.updateTime)
    if restocks {
      try change(key, item: line.itemID, variation: line.variationID) { $0.sellable += count }
    }
    try transaction.save(request)
    return request
  }

  /// The return takes another state; its hook hears of it.
  func move(
    _ key: Shop.Key, _ returnID: String, to state: BuyerReturn.State
  ) throws -> BuyerReturn {
    var request = try buyerReturn(key, returnID)
    guard request.state != state else { return request }
    guard request.state != .closed, request.state != .cancelled else {
      throw MarketRefusal.stateWrong("the return is \(request.state.rawValue)")
    }
    request.state = state
    request.updateTime = max(now, request.updateTime)
    try transaction.save(request)
    let order = try order(key, request.orderID)
    try send(Announcement.returned(request, of: order), of: key)
    return request
  }
}
