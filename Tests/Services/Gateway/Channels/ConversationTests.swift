import ChannelAdapter
import Primitives
import Testing

@testable import SandboxServer

/// Each adapter talks to the sandbox, which reads the channels' documentation on its own.
@Suite struct ConversationTests {
  @Test(arguments: ConversationWorld.channels)
  func stockIsSetAndReadBack(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter(channel)
    let api = world.api(channel)
    let page = try await adapter.fetchListings(after: nil, api: api)
    let listing = try #require(page.listings.first)
    #expect(page.listings.count == 1 && page.nextCursor == nil)
    #expect(listing.sellerSKU == "TEE & \"M\"")
    for quantity: Quantity in [7, 0, 999] {
      let push = StockPush(
        listing: listing, quantity: quantity, idempotencyKey: "key-\(quantity)")
      #expect(try await adapter.pushStock([push], api: api) == [.acknowledged])
      #expect(try await adapter.readStock([listing], api: api) == [quantity])
    }
    var unknown = listing
    unknown.variationID = "999"
    unknown.attributes["inventory_item_id"] = "999"
    unknown.attributes["sku_id"] = "999"
    let pushes = [listing, unknown].map {
      StockPush(listing: $0, quantity: 5, idempotencyKey: "key-\($0.variationID)")
    }
    let results = try await adapter.pushStock(pushes, api: api)
    #expect(results.map(\.kind) == ["acknowledged", "refused"])
    #expect(try await adapter.readStock([listing, unknown], api: api) == [5, nil])
    try await world.remove()
  }

  @Test(arguments: ConversationWorld.channels)
  func orderIsTakenInShippedAndReturned(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter(channel)
    let api = world.api(channel)
    let name = try await world.buy(channel, 2)
    let event = try await world.event(channel, .order)
    #expect(event.subject == name)
    let order = try await adapter.fetchOrder(name, event: event, api: api)
    #expect(order.state == .open)
    #expect(order.lines.map(\.quantity) == [2])
    #expect(order.lines.map(\.cancelledCount) == [0])
    #expect(order.lines.first?.itemID == "234234234")
    #expect(order.lines.first?.variationID == "234")
    let asked = try await adapter.fetchOrder(name, event: nil, api: api)
    #expect(asked.lines.map(\.lineID) == order.lines.map(\.lineID))
    #expect(asked.lines.map(\.itemID) == order.lines.map(\.itemID))

    let notice = ShippedNotice(
      orderExternalID: name, trackingNumber: "TRK1", carrier: "Ninja",
      lines: order.lines.map { ($0.lineID, $0.quantity) })
    try await adapter.markShipped(notice, api: api)
    try await adapter.markShipped(notice, api: api)
    try await world.change("shipments", channel, order: name, ["delivered": true])
    let shipped = try await adapter.fetchOrder(name, event: nil, api: api)
    #expect(shipped.state == .shipped)
    #expect(shipped.lines.map(\.cancelledCount) == [0])

    try await world.change("returns", channel, order: name)
    let request = try await world.event(channel, .return)
    let returned = try await adapter.fetchReturn(request.subject, event: request, api: api)
    #expect(returned.state == .requested)
    #expect(returned.orderExternalID == name)
    #expect(returned.lines.reduce(0) { $0 + $1.quantity } == 2)
    #expect(Set(returned.lines.map(\.orderLineID)) == Set(order.lines.map(\.lineID)))
    #expect(returned.lines.first?.variationID == "234")
    let answer = ReturnAnswer(
      returnExternalID: request.subject, orderExternalID: name, accepted: true,
      lines: returned.lines.map { ($0.lineID, $0.quantity, true) })
    try await adapter.answerReturn(answer, api: api)
    try await adapter.answerReturn(answer, api: api)
    try await world.remove()
  }

  @Test(arguments: ConversationWorld.channels)
  func cancelledUnitsAreGivenBack(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter(channel)
    let api = world.api(channel)
    let name = try await world.buy(channel, 3)
    _ = try await world.event(channel, .order)
    try await world.change("cancellations", channel, order: name)
    let order = try await adapter.fetchOrder(name, event: nil, api: api)
    #expect(order.state == .cancelled)
    #expect(order.lines.map(\.cancelledCount) == [3])
    try await world.remove()
  }

  @Test(arguments: ConversationWorld.channels)
  func tokenThatIsOverIsRefreshedAndTheNewOneWorks(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter(channel)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(
        after: nil, api: world.api(channel, ["access_token": "another"]))
    }
    #expect(error?.kind == "tokenExpired")
    let changed = try #require(try await adapter.refreshCredentials(api: world.api(channel)))
    let page = try await adapter.fetchListings(after: nil, api: world.api(channel, changed))
    #expect(page.listings.count == 1)
    try await world.remove()
  }

  @Test(arguments: [
    ("shopee", "partner_key"), ("lazada", "app_secret"), ("tiktok", "app_secret"),
  ])
  func wrongSecretIsRefused(_ channel: String, _ name: String) async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter(channel)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: nil, api: world.api(channel, [name: "another"]))
    }
    #expect(error?.kind == "unauthorised")
    try await world.remove()
  }

  @Test(arguments: ["shopee", "lazada", "tiktok"])
  func promotionLocksTheNumber(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter(channel)
    let api = world.api(channel)
    let shop = JSONValue.string(ConversationWorld.account(channel).externalID)
    try await world.control(
      "listings",
      [
        "channel": .string(channel), "shop": shop, "item_id": "234234234", "variation_id": "234",
        "reserved": 5,
      ])
    let listing = try #require(try await adapter.fetchListings(after: nil, api: api).listings.first)
    let push = StockPush(listing: listing, quantity: 3, idempotencyKey: "k")
    #expect(try await adapter.pushStock([push], api: api).map(\.kind) == ["locked"])
    try await world.remove()
  }

  @Test func shopifyComparesBeforeItSets() async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter("shopify")
    let api = world.api("shopify")
    let listing = try #require(try await adapter.fetchListings(after: nil, api: api).listings.first)
    func push(_ quantity: Quantity, _ expected: Quantity) -> StockPush {
      StockPush(listing: listing, quantity: quantity, expected: expected, idempotencyKey: "k")
    }
    #expect(try await adapter.pushStock([push(4, 9)], api: api) == [.stale(shown: 10)])
    #expect(try await adapter.pushStock([push(4, 10)], api: api) == [.acknowledged])
    // The same call again brings its first answer, though the number is no longer 10.
    #expect(try await adapter.pushStock([push(4, 10)], api: api) == [.acknowledged])
    #expect(try await adapter.readStock([listing], api: api) == [4])
    try await world.remove()
  }

  @Test func shopifyRefundOfReturnedGoodsIsRestocked() async throws {
    let world = try await ConversationWorld()
    let adapter = ConversationWorld.adapter("shopify")
    let api = world.api("shopify")
    let name = try await world.buy("shopify", 2)
    try await world.change("shipments", "shopify", order: name)
    try await world.change("refunds", "shopify", order: name, ["restock_type": "return"])
    let event = try await world.event("shopify", .return)
    let read = try await adapter.fetchReturn(event.subject, event: event, api: api)
    #expect(read.state == .restocked)
    #expect(read.lines.map(\.quantity) == [2])
    #expect(try await adapter.fetchOrder(name, event: nil, api: api).state == .shipped)
    try await world.remove()
  }
}
