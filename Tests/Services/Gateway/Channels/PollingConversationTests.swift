import ChannelAdapter
import Primitives
import Testing

@testable import SandboxServer

/// What no event told of is found by asking, and what was sold and is not there is cancelled: each adapter against the
/// sandbox.
@Suite struct PollingConversationTests {
  /// All pages of what has changed.
  private func changes(
    _ adapter: any OrderPolling, since: Timestamp, _ api: ChannelAPI
  ) async throws -> (events: [ChannelEvent], states: [String: ChannelOrder.State], pages: Int) {
    var events: [ChannelEvent] = []
    var states: [String: ChannelOrder.State] = [:]
    var pages = 0
    var cursor: String?
    repeat {
      let page = try await adapter.changedOrders(since: since, after: cursor, api: api)
      events += page.events
      states.merge(page.states) { $1 }
      cursor = page.nextCursor
      pages += 1
      try #require(pages < 100, "the sweep does not end")
    } while cursor != nil
    return (events, states, pages)
  }

  private func polling(_ channel: String) throws -> any OrderPolling {
    try #require(ConversationWorld.adapter(channel) as? any OrderPolling)
  }

  private func stock(_ world: ConversationWorld, _ channel: String, _ count: Int64) async throws {
    try await world.control(
      "listings",
      [
        "channel": .string(channel),
        "shop": .string(ConversationWorld.account(channel).externalID),
        "item_id": "234234234", "variation_id": "234", "stock": .integer(count), "replace": true,
      ])
  }

  /// Goal: each lost order is found once, page after page, with its last state, and none from before.
  @Test(arguments: ["shopee", "lazada", "shopify", "tiktok"])
  func lostOrdersAreFound(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = try polling(channel)
    let api = world.api(channel)
    try await world.control("faults", ["channel": .string(channel), "drop_webhooks": true])
    try await stock(world, channel, 1000)
    _ = try await world.buy(channel, 1)
    world.clock.advance(by: .seconds(60))
    let since = world.clock.now()
    var names: [String] = []
    for number in 0..<120 {
      names.append(try await world.buy(channel, 1))
      if number.isMultiple(of: 20) { world.clock.advance(by: .seconds(1)) }
    }
    let cancelled = names.removeFirst()
    world.clock.advance(by: .seconds(1))
    try await world.change("cancellations", channel, order: cancelled)
    let found = try await changes(adapter, since: since, api)
    #expect(Set(found.events.map(\.subject)) == Set(names + [cancelled]))
    #expect(found.events.last { $0.kind == .order }?.subject == cancelled)
    #expect(found.events.allSatisfy { $0.kind == .order && $0.updateTime >= since })
    #expect(found.pages > 1)
    let keys = Set(found.events.map(\.key))
    #expect(keys.count == names.count + 1, "one key a change")
    for event in found.events where event.subject != cancelled {
      #expect(found.states[event.key] == .open)
    }
    let last = try #require(found.events.last { $0.subject == cancelled })
    #expect([nil, .cancelled].contains(found.states[last.key]))
    let again = try await changes(adapter, since: since, api)
    #expect(Set(again.events.map(\.key)) == keys, "the same change has the same key")
    let order = try await adapter.fetchOrder(cancelled, event: last, api: api)
    #expect(order.state == .cancelled && order.updateTime >= last.updateTime)
    try await world.remove()
  }

  @Test(arguments: ["shopee", "lazada", "shopify", "tiktok"])
  func lostReturnsAreFound(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = try polling(channel)
    let api = world.api(channel)
    let name = try await world.buy(channel, 2)
    try await world.change("shipments", channel, order: name, ["delivered": true])
    try await world.control("faults", ["channel": .string(channel), "drop_webhooks": true])
    world.clock.advance(by: .seconds(60))
    let since = world.clock.now()
    try await world.change("returns", channel, order: name)
    let found = try await changes(adapter, since: since, api).events.filter { $0.kind == .return }
    let event = try #require(found.first)
    #expect(found.count == 1)
    let read = try await adapter.fetchReturn(event.subject, event: event, api: api)
    #expect(read.orderExternalID == name && read.state == .requested)
    #expect(read.lines.reduce(0) { $0 + $1.quantity } == 2)
    try await world.remove()
  }

  /// Goal: a Shopee push and the poll of the same change are one event.
  @Test func shopeePushAndPollHaveOneKey() async throws {
    let world = try await ConversationWorld()
    let name = try await world.buy("shopee", 1)
    let event = try await world.event("shopee", .order)
    let found = try await changes(
      try polling("shopee"), since: Timestamp(seconds: world.clock.now().seconds - 10),
      world.api("shopee"))
    #expect(found.events.filter { $0.subject == name }.map(\.key) == [event.key])
    try await world.remove()
  }

  /// Goal: Shopee takes windows of 15 days at most, and a gap of 40 days is asked for all the same.
  @Test func shopeeGapIsAskedForWindowByWindow() async throws {
    let world = try await ConversationWorld()
    let name = try await world.buy("shopee", 1)
    let found = try await changes(
      try polling("shopee"), since: world.clock.now() - .seconds(40 * 86_400), world.api("shopee"))
    #expect(found.events.map(\.subject) == [name])
    #expect(found.pages == 6, "three windows of orders, three of returns")
    try await world.remove()
  }

  @Test(arguments: ["shopee", "lazada", "shopify"])
  func partThenWholeIsCancelledAndTheListingIsNotZeroed(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = try #require(ConversationWorld.adapter(channel) as? any OrderCancelling)
    let api = world.api(channel)
    let name = try await world.buy(channel, 3)
    let line = try #require(
      try await adapter.fetchOrder(name, event: nil, api: api).lines.first?.lineID)
    let part = OrderCancellation(orderExternalID: name, lines: [(line, 1)])
    for _ in 0..<2 { try await adapter.cancelOrder(part, api: api) }
    let order = try await adapter.fetchOrder(name, event: nil, api: api)
    #expect(order.state == .open && order.lines.map(\.cancelledCount) == [1])
    let whole = OrderCancellation(orderExternalID: name)
    for _ in 0..<2 { try await adapter.cancelOrder(whole, api: api) }
    #expect(try await adapter.fetchOrder(name, event: nil, api: api).state == .cancelled)
    let listing = try #require(try await adapter.fetchListings(after: nil, api: api).listings.first)
    let shown = try await adapter.readStock([listing], api: api)
    // Shopify is told not to restock; the others put the units back themselves.
    #expect(shown == [channel == "shopify" ? 7 : 10])
    try await world.remove()
  }

  @Test(arguments: ["shopee", "lazada", "shopify"])
  func orderThatHasLeftIsNotCancelled(_ channel: String) async throws {
    let world = try await ConversationWorld()
    let adapter = try #require(ConversationWorld.adapter(channel) as? any OrderCancelling)
    let name = try await world.buy(channel, 1)
    try await world.change("shipments", channel, order: name, ["delivered": true])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.cancelOrder(
        OrderCancellation(orderExternalID: name), api: world.api(channel))
    }
    #expect(error?.kind == "refused")
    try await world.remove()
  }
}
