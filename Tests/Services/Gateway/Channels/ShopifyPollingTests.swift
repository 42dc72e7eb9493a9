import ChannelAdapter
import Primitives
import ShopifyChannel
import Testing

@testable import SandboxServer

/// Goal: a poll finds what no webhook told of: refunds, and returns whose order does not say that it has changed.
@Suite(.timeLimit(.minutes(5))) struct ShopifyPollingTests {
  private static let none =
    #"{"data":{"orders":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}"#

  /// Goal: a refund that put goods back is a return that is on sale already; one that put nothing back is none. Method: what
  /// Shopify's documents show of an order with both.
  @Test func refundsOfAChangedOrderAreFoundAndRead() async throws {
    let adapter = ShopifyAdapter()
    let http = RecordedHTTP(
      """
      {"data":{"orders":{"nodes":[
        {"legacyResourceId":"450789469","updatedAt":"2026-01-06T01:24:45Z","cancelledAt":null,
         "displayFulfillmentStatus":"FULFILLED","returnStatus":"RETURNED",
         "refunds":[{"id":"gid://shopify/Refund/509562969"},{"id":"gid://shopify/Refund/2"}]}],
        "pageInfo":{"hasNextPage":false,"endCursor":null}}}}
      """,
      """
      {"data":{"nodes":[
        {"legacyResourceId":"450789469","updatedAt":"2026-01-06T01:24:45Z",
         "returns":{"nodes":[{"id":"gid://shopify/Return/7","status":"CLOSED"}]},
         "refunds":[
          {"id":"gid://shopify/Refund/509562969","return":null,
           "refundLineItems":{"nodes":[{"restockType":"RETURN"},{"restockType":"NO_RESTOCK"}]}},
          {"id":"gid://shopify/Refund/2","return":null,
           "refundLineItems":{"nodes":[{"restockType":"CANCEL"}]}}]},null]}}
      """, Self.none,
      """
      {"data":{"refund":{"createdAt":"2026-01-06T01:24:45Z","order":{"legacyResourceId":"450789469"},
        "refundLineItems":{"nodes":[
          {"quantity":1,"restockType":"RETURN","lineItem":{"id":"gid://shopify/LineItem/466157049",
           "sku":"TEE-BLK-M","variant":{"legacyResourceId":"39072856"},
           "product":{"legacyResourceId":"632910392"}}},
          {"quantity":3,"restockType":"NO_RESTOCK","lineItem":{"id":"gid://shopify/LineItem/4",
           "sku":"CAP","variant":null,"product":null}}]}}}}
      """)
    let api = shopifyAPI(http)
    let since = Timestamp(seconds: 1_767_600_000)
    let page = try await adapter.changedOrders(since: since, after: nil, api: api)
    #expect(page.events.map(\.kind) == [.order, .return, .return])
    #expect(page.states.isEmpty, "of a refunded order only its lines say what is left")
    let rest = try await adapter.changedOrders(since: since, after: page.nextCursor, api: api)
    #expect(rest.events.isEmpty && rest.nextCursor == nil)
    let event = try #require(page.events.first { $0.key == "poll:refund:509562969" })
    let found = try await adapter.fetchReturn(event.subject, event: event, api: api)
    #expect(found.state == .restocked && found.orderExternalID == "450789469")
    #expect(found.updateTime == ChannelTime.iso8601("2026-01-06T01:24:45Z"))
    #expect(found.lines.map(\.sellerSKU) == ["TEE-BLK-M"] && found.lines.map(\.quantity) == [1])
    #expect(found.lines.map(\.orderLineID) == ["466157049"])
    #expect(http.requests[2].text.contains("return_status:in_progress"))
  }

  /// Method: the order changed last long before the poll looks; its return is open all the same.
  @Test func openReturnIsFoundThoughItsOrderHasNotChanged() async throws {
    let world = try await ConversationWorld()
    let adapter = ShopifyAdapter()
    let api = world.api("shopify")
    let quiet = try await world.buy("shopify", 1)
    let name = try await world.buy("shopify", 2)
    for order in [quiet, name] {
      try await world.change("shipments", "shopify", order: order, ["delivered": true])
    }
    try await world.change("returns", "shopify", order: name)
    world.clock.advance(by: .seconds(86_400))
    var events: [ChannelEvent] = []
    var cursor: String?
    repeat {
      let page = try await adapter.changedOrders(since: world.clock.now(), after: cursor, api: api)
      events += page.events
      cursor = page.nextCursor
    } while cursor != nil
    #expect(events.map(\.kind) == [.return])
    let event = try #require(events.first)
    let found = try await adapter.fetchReturn(event.subject, event: event, api: api)
    #expect(found.orderExternalID == name && found.state == .requested)
    try await world.remove()
  }
}
