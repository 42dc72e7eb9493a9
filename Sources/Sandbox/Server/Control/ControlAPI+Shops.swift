internal import Kit
internal import Primitives
internal import StorageCore

extension ControlAPI {
  private static let secretNames = [
    "partner_id", "partner_key", "push_partner_key", "app_key", "app_secret", "site", "client_id",
    "client_secret", "location_id", "api_version", "shop_cipher", "warehouse_ids", "shipping_type",
    "least_stock", "fulfillment_type",
    "webhook_signature_key", "merchant_id", "service_id", "redirect_url",
    "authorisation_days", "app_kind",
    Shop.codeName, Shop.codeEndName,
    "consumer_key", "consumer_secret", "webhook_secret", "home_url",
  ]

  /// A platform's own life of a token, in seconds; Shopify's custom apps have tokens that do not
  /// end.
  private static func accessSeconds(_ channel: Channel) -> Int64 {
    switch channel {
    case .shopee: ShopeeAuthorisation.accessSeconds
    case .lazada: LazadaAuthorisation.accessSeconds
    case .shopify, .woocommerce: 100 * 365 * 86_400
    case .tiktok: TikTokAuthorisation.accessSeconds
    case .square: SquarePlatform.accessSeconds
    case .loyverse: LoyversePlatform.accessSeconds
    }
  }

  func setShop(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    let now = platform.clock.now()
    var secrets: [String: String] = [:]
    let given = call.body["credentials"].members == nil ? call.body : call.body["credentials"]
    for name in Self.secretNames { secrets[name] = given[name].text }
    // WooCommerce's keys are what others' tokens are.
    let tokenName = key.channel == .woocommerce ? "consumer_secret" : "access_token"
    guard let token = given[tokenName].text, !token.isEmpty else {
      let isMoved = try await moveHook(key, to: call.body["hook_url"].string)
      guard isMoved else { throw ControlError(400, "\(tokenName) is missing") }
      return ["shop": .string(key.description)]
    }
    let life = call.body["access_token_seconds"].integer ?? Self.accessSeconds(key.channel)
    guard (-SandboxLimits.tokenSeconds...SandboxLimits.tokenSeconds).contains(life) else {
      throw ControlError(400, "access_token_seconds is not what it should be")
    }
    let shop = Shop(
      key: key, hookURL: call.body["hook_url"].string ?? "", secrets: secrets,
      accessToken: token, accessExpireTime: now + .seconds(life),
      refreshToken: given["refresh_token"].text ?? "",
      refreshExpireTime: now + .seconds(180 * 86_400))
    try await platform.change { market in
      try market.transaction.save(shop)
      if key.channel == .woocommerce { try WooCommerceWebhooks.setUp(shop, market) }
    }
    return ["shop": .string(key.description)]
  }

  /// Sends a shop's events elsewhere from now on; its tokens stay as they have become. False for one that there is not.
  private func moveHook(_ key: Shop.Key, to hookURL: String?) async throws -> Bool {
    guard let hookURL else { return false }
    return try await platform.change { market in
      guard var shop = try market.transaction.shop(key) else { return false }
      if key.channel == .woocommerce { try WooCommerceWebhooks.move(shop, to: hookURL, market) }
      shop.hookURL = hookURL
      try market.transaction.save(shop)
      return true
    }
  }

  func listShops(_ call: Call) async throws -> JSONValue {
    let shops = try await platform.read { transaction in
      try transaction.shopKeys().compactMap { try transaction.shop($0) }
    }
    return [
      "shops": .array(
        shops.map { shop in
          [
            "channel": .string(shop.key.channel.rawValue), "shop": .string(shop.key.shopID),
            "hook_url": .string(shop.hookURL),
            "access_expire_time": .string(shop.accessExpireTime.rfc3339),
          ]
        })
    ]
  }

  func setListings(_ call: Call) async throws -> JSONValue {
    let entries = call.body["listings"].array ?? [call.body]
    guard (1...SandboxLimits.lines).contains(entries.count) else {
      throw ControlError(400, "1 to \(SandboxLimits.lines) listings")
    }
    let outer = call
    let count = try await platform.change { market in
      for entry in entries {
        var body = entry
        for name in ["channel", "shop"] where body[name].isNull {
          body = body.adding(name, outer.body[name])
        }
        try Self.set(Call(query: outer.query, body: body), market)
      }
      return entries.count
    }
    return ["count": .integer(Int64(count))]
  }

  private static func set(_ call: Call, _ market: Market) throws {
    let key = try call.shop()
    _ = try market.shop(key)
    let item = try call.text("item_id")
    let variation = call.body["variation_id"].text ?? ""
    let known = try market.transaction.listing(key, item: item, variation: variation)
    let isShopify = key.channel == .shopify
    var listing =
      known
      ?? StockListing(
        shop: key, itemID: item, variationID: variation, sku: "", title: "",
        inventoryItemID: isShopify ? "9" + variation : "", sellable: 0)
    listing.sku = call.body["sku"].text ?? listing.sku
    listing.title = call.body["title"].string ?? listing.title
    listing.inventoryItemID = call.body["inventory_item_id"].text ?? listing.inventoryItemID
    listing.state = call.body["state"].string ?? listing.state
    if known == nil || call.body["replace"].bool == true {
      listing.sellable = call.body["stock"].integer ?? listing.sellable
    }
    if let reserved = call.body["reserved"].integer {
      listing.reserved = reserved
      let start = try promotionTime(call, "promotion_in", market.now)
      listing.promotionStart = start
      listing.promotionEnd = try promotionTime(call, "promotion_for", start ?? market.now)
    }
    guard (0...SandboxLimits.stock).contains(listing.sellable),
      (0...listing.sellable).contains(listing.reserved)
    else {
      throw ControlError(
        400, "stock is from 0 to \(SandboxLimits.stock) and covers what is reserved")
    }
    guard known != listing else { return }
    try market.transaction.save(listing, at: market.now)
    guard key.channel == .shopee else { return }
    try market.send(
      ShopeeEvents.promoted(listing, before: known?.reserved ?? 0, at: market.now), of: key)
  }

  private static func promotionTime(
    _ call: Call, _ name: String, _ from: Timestamp
  ) throws -> Timestamp? {
    guard !call.body[name].isNull else { return nil }
    guard let seconds = call.body[name].integer, (0...SandboxLimits.tokenSeconds).contains(seconds)
    else { throw ControlError(400, "\(name) is a number of seconds") }
    return from + .seconds(seconds)
  }

  func listStock(_ call: Call) async throws -> JSONValue {
    let channel = call.query["channel"]
    let shop = call.query["shop"]
    let sku = call.query["sku"]
    let listings = try await platform.read { try $0.listings() }.filter { listing in
      (channel == nil || listing.shop.channel.rawValue == channel)
        && (shop == nil || listing.shop.shopID == shop) && (sku == nil || listing.sku == sku)
    }
    let now = platform.clock.now()
    return ["listings": .array(listings.map { Self.json($0, at: now) })]
  }

  private static func json(_ listing: StockListing, at now: Timestamp) -> JSONValue {
    [
      "channel": .string(listing.shop.channel.rawValue), "shop": .string(listing.shop.shopID),
      "item_id": .string(listing.itemID), "variation_id": .string(listing.variationID),
      "sku": .string(listing.sku), "title": .string(listing.title),
      "inventory_item_id": .string(listing.inventoryItemID), "shown": .integer(listing.sellable),
      "withheld": .integer(listing.withheld), "occupied": .integer(listing.occupied),
      "reserved": .integer(listing.locked(at: now)), "state": .string(listing.state),
      "version": .integer(listing.version), "change_time": .string(listing.changeTime.rfc3339),
    ]
  }

  func reset(_ call: Call) async throws -> JSONValue {
    platform.faults.reset()
    try await platform.change { market in
      for table in [
        "shop", "listing", "buyer_order", "order_line", "buyer_return", "return_line",
        "idempotency", "delivery", "fault", "square_count",
        "woo_order", "woo_webhook", "hook",
      ] { try market.transaction.execute("DELETE FROM \(table)") }
    }
    return [:]
  }
}
