/// What happens to orders and shops outside of a buyer's way from the basket to the door.
extension Market {
  /// Units are put to an order that was placed: the seller's staff, or the buyer at the till, has edited it.
  func edit(_ key: Shop.Key, _ orderID: String, adding wishes: [Wish]) throws -> BuyerOrder {
    guard [.shopify, .woocommerce, .square].contains(key.channel) else {
      throw MarketRefusal.invalid(
        "an order that was placed on \(key.channel.rawValue) is not edited")
    }
    var order = try order(key, orderID)
    guard order.state == .paid, (1...SandboxLimits.lines).contains(wishes.count) else {
      throw MarketRefusal.stateWrong("the order is \(order.state.rawValue)")
    }
    let added = try wishes.flatMap { try take($0, in: key, isPaid: true) }
    order.lines += added
    return try save(order) { Announcement.edited($0, added: added) }
  }

  /// The seller takes our authorisation away: no token works any more.
  func deauthorise(_ key: Shop.Key) throws {
    var shop = try shop(key)
    shop.revokeTokens()
    try transaction.save(shop)
    try send(Announcement.deauthorised(key), of: key)
  }
}

extension Announcement {
  static func edited(_ order: BuyerOrder, added: [BuyerOrder.Line]) -> [EventDraft] {
    switch order.shop.channel {
    case .shopify: ShopifyEvents.edited(order, added: added)
    case .square: SquareEvents.order(order, "order.updated")
    case .woocommerce: WooCommerceEvents.order(order, topic: "order.updated")
    case .shopee, .lazada, .tiktok, .loyverse: []
    }
  }

  /// Where the others' keys are refused, nothing is said.
  static func deauthorised(_ shop: Shop.Key) -> [EventDraft] {
    switch shop.channel {
    case .shopee: ShopeeEvents.deauthorised(shop)
    case .shopify: ShopifyEvents.deauthorised(shop)
    case .tiktok: TikTokEvents.deauthorised(shop)
    case .lazada, .woocommerce, .square, .loyverse: []
    }
  }
}
