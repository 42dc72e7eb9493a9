internal import Primitives
internal import StorageCore

/// What a buyer puts into the basket.
struct Wish: Equatable, Sendable {
  var item: String
  var variation: String
  /// Instead of item and variation.
  var sku = ""
  var quantity: Int64
  /// Bought as the promotion offers it: out of what is locked.
  var isPromotion = false
}

extension Market {
  /// A buyer orders: all of it, or nothing when a listing shows less than is wanted.
  func place(
    _ wishes: [Wish], in key: Shop.Key, isPaid: Bool, isPickup: Bool = false
  ) throws -> BuyerOrder {
    _ = try shop(key)
    guard !wishes.isEmpty, wishes.count <= SandboxLimits.lines else {
      throw MarketRefusal.invalid("an order has 1 to \(SandboxLimits.lines) lines")
    }
    let number = try transaction.next("number")
    var order = BuyerOrder(
      shop: key, orderID: OrderNumbers.order(key.channel, number, at: now), number: number,
      createTime: now, updateTime: now, payTime: isPaid ? now : nil, isPickup: isPickup,
      lines: [])
    for wish in wishes {
      order.lines += try take(wish, in: key, isPaid: isPaid)
    }
    try transaction.save(order)
    try send(Announcement.placed(order), of: key)
    if key.channel == .shopee {
      for wish in wishes where wish.isPromotion {
        try send(try ShopeeEvents.reserveTaken(wish, by: order, transaction), of: key)
      }
    }
    return order
  }

  func take(_ wish: Wish, in key: Shop.Key, isPaid: Bool) throws -> [BuyerOrder.Line] {
    guard (1...SandboxLimits.lineQuantity).contains(wish.quantity) else {
      throw MarketRefusal.invalid("a quantity is from 1 to \(SandboxLimits.lineQuantity)")
    }
    let found =
      wish.sku.isEmpty
      ? try transaction.listing(key, item: wish.item, variation: wish.variation)
      : try transaction.listing(key, sku: wish.sku)
    guard var listing = found, listing.state == "live" else {
      throw MarketRefusal.listingUnknown(wish.sku.isEmpty ? wish.item : wish.sku)
    }
    let isKept = key.channel.showsUnpaid && !isPaid
    let free = listing.sellable - (key.channel.showsUnpaid ? listing.withheld : 0)
    guard free >= wish.quantity else {
      throw MarketRefusal.soldOut(
        item: listing.itemID, variation: listing.variationID, shown: free)
    }
    let locked = listing.locked(at: now)
    if wish.isPromotion {
      guard listing.isPromoted(at: now), locked >= wish.quantity else {
        throw MarketRefusal.soldOut(
          item: listing.itemID, variation: listing.variationID,
          shown: listing.isPromoted(at: now) ? locked : 0)
      }
      listing.reserved = locked - wish.quantity
    }
    if !isKept { listing.sellable -= wish.quantity }
    listing.reserved = min(listing.reserved, listing.sellable)
    if isPaid { listing.occupied += wish.quantity } else { listing.withheld += wish.quantity }
    try transaction.save(listing, at: now)
    let units =
      key.channel.hasUnitLines
      ? Array(repeating: 1, count: Int(wish.quantity)) : [wish.quantity]
    return try units.map { quantity in
      BuyerOrder.Line(
        lineID: OrderNumbers.line(key.channel, try transaction.next("number")),
        itemID: listing.itemID, variationID: listing.variationID, sku: listing.sku,
        title: listing.title, quantity: quantity, state: isPaid ? .paid : .unpaid, updateTime: now)
    }
  }

  /// The buyer pays: withheld units are occupied.
  func pay(_ key: Shop.Key, _ orderID: String) throws -> BuyerOrder {
    var order = try order(key, orderID)
    for index in order.lines.indices where order.lines[index].state == .unpaid {
      let line = order.lines[index]
      try change(key, item: line.itemID, variation: line.variationID) { listing in
        listing.withheld -= line.openCount
        listing.occupied += line.openCount
        if key.channel.showsUnpaid { listing.sellable -= line.openCount }
      }
      order.lines[index].state = .paid
      order.lines[index].updateTime = now
    }
    order.payTime = now
    return try save(order) { Announcement.paid($0) }
  }

  /// Cancels units of lines, or all that is open when none are named; they can be ordered again.
  ///
  /// - Parameters:
  ///   - clearsStock: the seller said "out of stock": Lazada then sets the listing to 0.
  ///   - restocks: whether the units are on sale again.
  func cancel(
    _ key: Shop.Key, _ orderID: String, units: [String: Int64], reason: String,
    clearsStock: Bool = false, restocks: Bool = true
  ) throws -> BuyerOrder {
    var order = try order(key, orderID)
    for name in units.keys where !order.lines.contains(where: { $0.lineID == name }) {
      throw MarketRefusal.lineUnknown(name)
    }
    var changed: [String] = []
    for index in order.lines.indices {
      let line = order.lines[index]
      let count = units.isEmpty ? line.openCount : units[line.lineID] ?? 0
      guard count > 0, line.state.isOpen else { continue }
      guard count <= line.openCount else {
        throw MarketRefusal.invalid("line \(line.lineID) has \(line.openCount) units open")
      }
      try giveBack(line, count, in: key, clearsStock: clearsStock, restocks: restocks)
      order.lines[index].cancelled += count
      if order.lines[index].openCount == 0, line.shipped == 0 {
        order.lines[index].state = .cancelled
      }
      order.lines[index].updateTime = now
      changed.append(line.lineID)
    }
    guard !changed.isEmpty else { throw MarketRefusal.stateWrong("nothing of it is open") }
    order.cancelReason = reason
    if order.state == .cancelled { order.cancelTime = now }
    return try save(order) { Announcement.cancelled($0, lines: changed) }
  }

  private func giveBack(
    _ line: BuyerOrder.Line, _ count: Int64, in key: Shop.Key, clearsStock: Bool, restocks: Bool
  ) throws {
    try change(key, item: line.itemID, variation: line.variationID) { listing in
      if line.state == .unpaid { listing.withheld -= count } else { listing.occupied -= count }
      if line.state == .unpaid, key.channel.showsUnpaid { return }
      if restocks { listing.sellable = clearsStock ? 0 : listing.sellable + count }
    }
  }

  /// Writes an order that has changed now and tells its hook.
  func save(_ order: BuyerOrder, _ events: (BuyerOrder) -> [EventDraft]) throws -> BuyerOrder {
    var order = order
    order.updateTime = max(now, order.updateTime)
    try transaction.save(order)
    try send(events(order), of: order.shop)
    return order
  }
}
