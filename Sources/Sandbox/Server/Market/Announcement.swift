/// What a platform tells the hook about a change; each platform in its own words.
enum Announcement {
  static func placed(_ order: BuyerOrder) -> [EventDraft] {
    switch order.shop.channel {
    case .shopee: ShopeeEvents.status(order)
    case .lazada: LazadaEvents.status(order, lines: order.lines.map(\.lineID))
    case .shopify: ShopifyEvents.order(order, topic: "orders/create")
    case .tiktok: TikTokEvents.status(order)
    case .square: SquareEvents.order(order, "order.created") + SquareEvents.payment(order)
    case .loyverse: []
    case .woocommerce: WooCommerceEvents.order(order, topic: "order.created")
    }
  }

  static func paid(_ order: BuyerOrder) -> [EventDraft] {
    switch order.shop.channel {
    case .shopee: ShopeeEvents.status(order)
    case .lazada: LazadaEvents.status(order, lines: order.lines.map(\.lineID))
    case .shopify: ShopifyEvents.order(order, topic: "orders/paid")
    case .tiktok: TikTokEvents.status(order)
    case .square: SquareEvents.payment(order) + SquareEvents.order(order, "order.updated")
    case .loyverse: []
    case .woocommerce: WooCommerceEvents.order(order, topic: "order.updated")
    }
  }

  static func cancelled(_ order: BuyerOrder, lines: [String]) -> [EventDraft] {
    switch order.shop.channel {
    case .shopee: ShopeeEvents.status(order)
    case .lazada: LazadaEvents.status(order, lines: lines)
    case .shopify:
      ShopifyEvents.order(
        order, topic: order.state == .cancelled ? "orders/cancelled" : "orders/updated")
    case .tiktok: TikTokEvents.cancelled(order)
    case .square: SquareEvents.order(order, "order.updated")
    case .loyverse: []
    case .woocommerce: WooCommerceEvents.order(order, topic: "order.updated")
    }
  }

  /// Packed, handed over, shipped or delivered.
  static func moved(_ order: BuyerOrder, lines: [String]) -> [EventDraft] {
    switch order.shop.channel {
    case .shopee: ShopeeEvents.status(order) + ShopeeEvents.tracking(order)
    case .lazada:
      LazadaEvents.status(order, lines: lines) + LazadaEvents.packages(order, lines: lines)
    case .shopify:
      ShopifyEvents.order(
        order,
        topic: order.lines.contains { $0.openCount > 0 } ? "orders/updated" : "orders/fulfilled")
    case .tiktok: TikTokEvents.status(order) + TikTokEvents.packages(order)
    case .square: SquareEvents.order(order, "order.updated")
    case .loyverse: LoyverseEvents.sold(order)
    case .woocommerce: WooCommerceEvents.order(order, topic: "order.updated")
    }
  }

  static func returned(_ request: BuyerReturn, of order: BuyerOrder) -> [EventDraft] {
    switch request.shop.channel {
    case .shopee: ShopeeEvents.returned(request)
    case .lazada: LazadaEvents.returned(request)
    case .shopify: ShopifyEvents.returned(request, of: order)
    case .tiktok: TikTokEvents.returned(request)
    case .square: SquareEvents.returned(request)
    case .loyverse: LoyverseEvents.returned(request)
    // It has no returns, only refunds.
    case .woocommerce: WooCommerceEvents.order(order, topic: "order.updated")
    }
  }
}
