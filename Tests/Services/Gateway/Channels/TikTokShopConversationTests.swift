import ChannelAdapter
import Primitives
import Testing
import TikTokShopChannel

@testable import SandboxServer

/// What only TikTok Shop has, against the sandbox, which reads its pages on its own.
@Suite struct TikTokShopConversationTests {
  private let adapter = TikTokShopAdapter()

  /// Makes the shop anew with how its seller works.
  private func world(_ changes: [String: String] = [:]) async throws -> ConversationWorld {
    let world = try await ConversationWorld()
    guard !changes.isEmpty else { return world }
    let account = ConversationWorld.account("tiktok")
    var shop: JSONValue = [
      "channel": "tiktok", "shop": .string(account.externalID),
      "hook_url": .string(ConversationWorld.hookURL("tiktok")),
    ]
    for (name, value) in account.credentials.merging(changes, uniquingKeysWith: { $1 }) {
      shop = shop.adding(name, .string(value))
    }
    try await world.control("shops", shop)
    return world
  }

  private func listing(_ world: ConversationWorld) async throws -> ChannelListing {
    let page = try await adapter.fetchListings(after: nil, api: world.api("tiktok"))
    return try #require(page.listings.first)
  }

  private func shown(_ world: ConversationWorld) async throws -> Int64? {
    let shop = Shop.Key(
      channel: .tiktok, shopID: ConversationWorld.account("tiktok").externalID)
    return try await world.sandbox.platform.read {
      try $0.listing(shop, item: "234234234", variation: "234")?.sellable
    }
  }

  /// Goal: what events have missed comes in by asking, page after page, and only from then on.
  @Test func lostOrdersAreFoundByTheirChanges() async throws {
    let world = try await world()
    try await world.control("faults", ["channel": "tiktok", "drop_webhooks": true])
    try await world.control(
      "listings",
      [
        "channel": "tiktok", "shop": .string(ConversationWorld.account("tiktok").externalID),
        "item_id": "234234234", "variation_id": "234", "stock": 1_000, "replace": true,
      ])
    let first = try await world.buy("tiktok", 1)
    world.clock.advance(by: .seconds(60))
    let since = world.clock.now()
    var names: [String] = []
    for _ in 0..<103 { names.append(try await world.buy("tiktok", 1)) }
    world.clock.advance(by: .seconds(1))
    try await world.change("cancellations", "tiktok", order: first)
    let api = world.api("tiktok")
    var found: [ChannelEvent] = []
    var cursor: String?
    var pages = 0
    repeat {
      let page = try await adapter.changedOrders(since: since, after: cursor, api: api)
      found += page.events
      cursor = page.nextCursor
      pages += 1
    } while cursor != nil
    #expect(pages == 3 && found.map(\.subject) == names + [first])
    let order = try await adapter.fetchOrder(first, event: found.last, api: api)
    #expect(order.state == .cancelled && order.address?.postalCode == "528123")
    try await world.remove()
  }

  /// Goal: a page tells how many units are left, since an order's time does not move with a part of it.
  @Test func pageTellsWhatIsLeftOfAnOrder() async throws {
    let world = try await world()
    let api = world.api("tiktok")
    let since = world.clock.now()
    let name = try await world.buy("tiktok", 3)
    func page() async throws -> (event: ChannelEvent, count: Quantity?) {
      let page = try await adapter.changedOrders(since: since, after: nil, api: api)
      let event = try #require(page.events.first)
      return (event, page.openCounts[event.key])
    }
    let before = try await page()
    #expect(before.count == 3)
    world.clock.advance(by: .seconds(60))
    let lines = try await world.sandbox.platform.read {
      try $0.order(
        Shop.Key(channel: .tiktok, shopID: ConversationWorld.account("tiktok").externalID), name)
    }?.lines.map(\.lineID)
    let first = try #require(lines?.first)
    try await world.control(
      "cancellations",
      [
        "channel": "tiktok", "shop": .string(ConversationWorld.account("tiktok").externalID),
        "order_id": .string(name), "lines": [["line_id": .string(first), "quantity": 1]],
      ])
    let after = try await page()
    #expect(after.count == 2 && after.event.subject == name)
    try await world.change("cancellations", "tiktok", order: name)
    #expect(try await page().count == 0)
    try await world.remove()
  }

  @Test func sellersOwnShippingGoesInParts() async throws {
    let world = try await world(["shipping_type": "SELLER"])
    let api = world.api("tiktok")
    let name = try await world.buy("tiktok", 3)
    func ship(_ count: Quantity, _ tracking: String) async throws {
      let notice = ShippedNotice(
        orderExternalID: name, trackingNumber: tracking, carrier: "ninja van",
        lines: [("234", count)])
      try await adapter.markShipped(notice, api: api)
    }
    try await ship(2, "TRK1")
    try await ship(2, "TRK1")
    let part = try await world.sandbox.platform.read {
      try $0.order(
        Shop.Key(channel: .tiktok, shopID: ConversationWorld.account("tiktok").externalID), name)
    }
    #expect(part?.lines.map(\.shipped) == [1, 1, 0])
    #expect(part?.trackingNumber == "TRK1")
    try await ship(1, "TRK2")
    try await world.change("shipments", "tiktok", order: name)
    #expect(try await adapter.fetchOrder(name, event: nil, api: api).state == .shipped)
    try await world.remove()
  }

  @Test func stockLiesInSeveralWarehouses() async throws {
    let world = try await world(["warehouse_ids": "W1,W2"])
    let found = try await listing(world)
    #expect(found.attributes == ["warehouse_ids": "W1,W2"])
    var old = found
    old.attributes = ["warehouse_ids": "W1"]
    for (listing, quantity) in [(found, 7), (old, 4)] as [(ChannelListing, Quantity)] {
      let push = StockPush(listing: listing, quantity: quantity, idempotencyKey: "k")
      #expect(try await adapter.pushStock([push], api: world.api("tiktok")) == [.acknowledged])
      #expect(try await shown(world) == quantity)
    }
    let named = world.api("tiktok", ["warehouse_id": "W1"])
    let push = StockPush(listing: found, quantity: 6, idempotencyKey: "k")
    #expect(try await adapter.pushStock([push], api: named) == [.acknowledged])
    #expect(try await adapter.readStock([found], api: named) == [6])
    try await world.remove()
  }

  @Test func zeroThatIsRefusedTakesTheProductOffTheShop() async throws {
    let world = try await world(["least_stock": "1"])
    let push = StockPush(listing: try await listing(world), quantity: 0, idempotencyKey: "k")
    #expect(try await adapter.pushStock([push], api: world.api("tiktok")) == [.acknowledged])
    await #expect(throws: ChannelError.self) { _ = try await world.buy("tiktok", 1) }
    #expect(try await listing(world).state == .hidden)
    try await world.remove()
  }
}
