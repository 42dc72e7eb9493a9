import ChannelAdapter
import Primitives
import RPCCore
import Testing
import WooCommerceChannel

@testable import SandboxServer

/// The adapter talks to the sandbox's site, which shares no code with it, over calls signed by OAuth 1.0a.
@Suite(.timeLimit(.minutes(3))) struct WooCommerceConversationTests {
  private let adapter = WooCommerceAdapter()
  private let channel = "woocommerce"

  /// A world whose site has one variation of which there are ten.
  ///
  /// - Parameter isTold: whether its seller has entered our hook by hand.
  private func withSite(
    isTold: Bool = true, _ body: (ConversationWorld) async throws -> Void
  ) async throws {
    let world = try await ConversationWorld()
    do {
      if !isTold {
        try await world.control("reset", [:])
        try await world.setShop(channel, hookURL: "")
        try await list(world, ["item_id": "234234234", "variation_id": "234", "sku": "TEE"])
      }
      try await body(world)
    } catch {
      try await world.remove()
      throw error
    }
    try await world.remove()
  }

  private func list(_ world: ConversationWorld, _ more: JSONValue) async throws {
    var listing: JSONValue = [
      "channel": "woocommerce", "shop": "shop.example.com", "title": "Tee", "stock": 10,
    ]
    for member in more.members ?? [] { listing = listing.adding(member.name, member.value) }
    try await world.control("listings", listing)
  }

  private func listings(_ api: ChannelAPI) async throws -> [ChannelListing] {
    var found: [ChannelListing] = []
    var cursor: String?
    repeat {
      let page = try await adapter.fetchListings(after: cursor, api: api)
      found += page.listings
      cursor = page.nextCursor
    } while cursor != nil
    return found
  }

  private func push(_ listing: ChannelListing, _ quantity: Quantity) -> StockPush {
    StockPush(listing: listing, quantity: quantity, idempotencyKey: "k")
  }

  @Test func stockIsSetAndReadBack() async throws {
    try await withSite { world in
      let api = world.api(channel)
      try await list(world, ["item_id": "300", "sku": "MUG", "inventory_item_id": "unmanaged"])
      let found = try await listings(api)
      #expect(found.map(\.sellerSKU) == ["MUG", "TEE & \"M\""])
      #expect(found.map(\.variationID) == ["", "234"])
      #expect(try await adapter.readStock(found, api: api) == [nil, 10])
      for listing in found {
        for quantity: Quantity in [7, 0, 999] {
          #expect(
            try await adapter.pushStock([push(listing, quantity)], api: api) == [.acknowledged])
        }
      }
      #expect(try await adapter.readStock(found, api: api) == [999, 999])
      var unknown = found[1]
      unknown.variationID = "999"
      let results = try await adapter.pushStock([push(found[1], 5), push(unknown, 5)], api: api)
      #expect(results.map(\.kind) == ["acknowledged", "refused"])
      #expect(try await adapter.readStock([found[1], unknown], api: api) == [5, nil])
      // For the time being refused, in part.
      try await world.control(
        "faults", ["channel": "woocommerce", "partial_failure_percent": 100])
      #expect(try await adapter.pushStock([push(found[1], 6)], api: api).map(\.kind) == ["retry"])
    }
  }

  @Test func parentsStockIsTheVariations() async throws {
    try await withSite { world in
      let api = world.api(channel)
      try await list(world, ["item_id": "400", "sku": "HAT", "stock": 3])
      try await list(
        world,
        ["item_id": "400", "variation_id": "401", "sku": "HAT-1", "inventory_item_id": "parent"])
      let hat = try #require(try await listings(api).first { $0.sellerSKU == "HAT-1" })
      #expect(try await adapter.readStock([hat], api: api) == [3])
      #expect(try await adapter.pushStock([push(hat, 8)], api: api) == [.acknowledged])
      #expect(try await adapter.readStock([hat], api: api) == [8])
    }
  }

  @Test func orderIsTakenInShippedInPartsAndReturned() async throws {
    try await withSite { world in
      let api = world.api(channel)
      let name = try await world.buy(channel, 3)
      let event = try await world.event(channel, .order)
      #expect(event.subject == name)
      var order = try await adapter.fetchOrder(name, event: event, api: api)
      #expect(order.isFromEvent && order.state == .open && order.lines.map(\.quantity) == [3])
      #expect(order.lines.map(\.itemID) == ["234234234"])
      #expect(order.lines.map(\.variationID) == ["234"])
      #expect(order.address != nil)
      order.isFromEvent = false
      #expect(try await adapter.fetchOrder(name, event: nil, api: api) == order)

      let line = order.lines[0].lineID
      for (tracking, quantity) in [("TRK1", 1), ("TRK1", 1), ("TRK2", 2), ("TRK2", 2)] {
        let notice = ShippedNotice(
          orderExternalID: name, trackingNumber: tracking, carrier: "Ninja",
          lines: [(line, Quantity(quantity))])
        try await adapter.markShipped(notice, api: api)
        let state = try await adapter.fetchOrder(name, event: nil, api: api).state
        #expect(state == (tracking == "TRK1" ? .open : .shipped))
      }

      world.clock.advance(by: .seconds(60))
      try await world.change(
        "refunds", channel, order: name, ["lines": [["line_id": .string(line), "quantity": 2]]])
      let read = try await returned(world, name, api)
      #expect(read.state == .restocked && read.orderExternalID == name)
      #expect(read.lines.map(\.quantity) == [2] && read.lines.map(\.orderLineID) == [line])
      let answer = ReturnAnswer(
        returnExternalID: read.externalID, orderExternalID: name, accepted: true, lines: [])
      try await adapter.answerReturn(answer, api: api)
      #expect(try await adapter.fetchOrder(name, event: nil, api: api).state == .shipped)
    }
  }

  /// The return that the newest webhooks of an order bring news of.
  private func returned(
    _ world: ConversationWorld, _ order: String, _ api: ChannelAPI
  ) async throws -> ChannelReturn {
    while true {
      let event = try await world.event(channel, .order)
      guard let refund = adapter.companions(of: event).first else { continue }
      return try await adapter.fetchReturn(refund.subject, event: refund, api: api)
    }
  }

  @Test func refundWithoutGoodsIsNoReturn() async throws {
    try await withSite { world in
      let api = world.api(channel)
      let name = try await world.buy(channel, 2)
      try await world.change("shipments", channel, order: name, ["delivered": true])
      world.clock.advance(by: .seconds(60))
      try await world.change("refunds", channel, order: name, ["restock_type": "no_restock"])
      let read = try await returned(world, name, api)
      #expect(read.state == .closed && read.lines.isEmpty)
    }
  }

  @Test(arguments: ["cancel", "no_restock"])
  func refundBeforeItLeftCancels(_ type: String) async throws {
    try await withSite { world in
      let api = world.api(channel)
      let name = try await world.buy(channel, 3)
      let line = try await adapter.fetchOrder(name, event: nil, api: api).lines[0].lineID
      try await world.change(
        "refunds", channel, order: name,
        ["restock_type": .string(type), "lines": [["line_id": .string(line), "quantity": 1]]])
      let partly = try await adapter.fetchOrder(name, event: nil, api: api)
      #expect(partly.state == .open && partly.lines.map(\.cancelledCount) == [1])
      #expect(partly.lines.map(\.quantity) == [3])
      try await world.change("refunds", channel, order: name, ["restock_type": .string(type)])
      let whole = try await adapter.fetchOrder(name, event: nil, api: api)
      #expect(whole.state == .cancelled && whole.lines.map(\.cancelledCount) == [3])
    }
  }

  /// An unpaid order takes nothing on either side; paid, it takes the same on both.
  @Test func unpaidOrderTakesNothing() async throws {
    try await withSite { world in
      let api = world.api(channel)
      let listing = try #require(try await listings(api).first)
      let placed = try await world.control(
        "orders",
        [
          "channel": "woocommerce", "shop": "shop.example.com", "paid": false,
          "lines": [["item_id": "234234234", "variation_id": "234", "quantity": 4]],
        ])
      let name = try #require(placed["order_id"].text)
      let waiting = try await adapter.fetchOrder(name, event: nil, api: api)
      #expect(waiting.state == .foreign)
      #expect(try await adapter.readStock([listing], api: api) == [10])
      // The site's own checkout keeps them.
      await #expect(throws: ChannelError.self) { _ = try await world.buy(channel, 7) }
      try await world.change("payments", channel, order: name)
      let paid = try await adapter.fetchOrder(name, event: nil, api: api)
      #expect(paid.state == .open && paid.updateTime > waiting.updateTime)
      #expect(try await adapter.readStock([listing], api: api) == [6])
    }
  }

  @Test func sweepFindsWhatWasNotTold() async throws {
    try await withSite { world in
      let api = world.api(channel)
      try await world.control("faults", ["channel": "woocommerce", "drop_webhooks": true])
      let start = world.clock.now()
      var names: [String] = []
      for _ in 0..<3 {
        names.append(try await world.buy(channel, 1))
        world.clock.advance(by: .seconds(1))
      }
      try await world.change("cancellations", channel, order: names[0])
      let found = try await adapter.changedOrders(since: start, after: nil, api: api)
      #expect(found.events.map(\.subject) == [names[1], names[2], names[0]])
      let order = try await adapter.fetchOrder(names[0], event: found.events[2], api: api)
      #expect(order.state == .cancelled)
      let later = try await adapter.changedOrders(
        since: world.clock.now() + .seconds(2), after: nil, api: api)
      #expect(later.events.isEmpty && later.nextCursor == nil)
    }
  }

  @Test func webhooksAreMadeAndTriedOut() async throws {
    try await withSite(isTold: false) { world in
      let hook = ConversationWorld.hookURL(channel)
      let api = world.api(channel)
      let care = try await adapter.keepWebhooks(hookURL: hook, api: api)
      #expect(
        care.created == ["order.created", "order.updated", "order.deleted", "order.restored"])
      #expect(try await adapter.keepWebhooks(hookURL: hook, api: api) == WebhookCare())
      let adapter = adapter
      _ = try await world.hooks.next("the ping") { (try? adapter.identify($0)) == .test }
      let name = try await world.buy(channel, 1)
      #expect(try await world.event(channel, .order).subject == name)
    }
  }
}
