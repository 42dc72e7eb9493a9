import ChannelAdapter
import LoyverseChannel
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// The adapter talks to the sandbox, which reads what is known of Loyverse on its own.
@Suite(.timeLimit(.minutes(5))) struct LoyverseConversationTests {
  private static let hookURL = "https://gw.example.com/hooks/loyverse"

  private struct Talk {
    let world: ConversationWorld
    let adapter = LoyverseAdapter()

    func api(_ changes: [String: String] = [:]) -> ChannelAPI {
      world.api("loyverse", changes)
    }

    func listing() async throws -> ChannelListing {
      try #require(try await adapter.fetchListings(after: nil, api: api()).listings.first)
    }

    func sell(_ quantity: Int64) async throws -> String {
      let order = try await world.control(
        "orders",
        [
          "channel": "loyverse", "shop": "s-1",
          "lines": [
            ["item_id": "234234234", "variation_id": "234", "quantity": .integer(quantity)]
          ],
        ])
      return order["order_id"].text ?? ""
    }

    /// The next webhook, verified and parsed.
    func event() async throws -> ChannelEvent {
      let account = loyverseAccount()
      let request = try await world.hooks.next("a receipt") { $0.path == hookURL }
      #expect(try adapter.identify(request) == .shop("s-1"))
      #expect(adapter.verify(request, account: account, hookURL: hookURL))
      return try adapter.parse(request, account: account)
    }
  }

  private func withTalk(_ body: (Talk) async throws -> Void) async throws {
    let talk = Talk(world: try await ConversationWorld())
    do {
      try await body(talk)
    } catch {
      try await talk.world.remove()
      throw error
    }
    try await talk.world.remove()
  }

  @Test func saleAndRefundComeWithTheirLines() async throws {
    try await withTalk { talk in
      let listing = try await talk.listing()
      let name = try await talk.sell(3)
      let event = try await talk.event()
      #expect(event.kind == .order && event.subject == name)
      let sold = try await talk.adapter.fetchOrder(name, event: event, api: talk.api())
      #expect(sold.state == .shipped)
      #expect(
        sold.lines.map { "\($0.itemID) \($0.variationID) \($0.quantity)" } == ["234234234 234 3"])
      let asked = try await talk.adapter.fetchOrder(name, event: nil, api: talk.api())
      #expect(asked.lines == sold.lines)
      #expect(try await talk.adapter.readStock([listing], api: talk.api()) == [7])
      try await talk.world.control(
        "refunds",
        [
          "channel": "loyverse", "shop": "s-1", "order_id": .string(name),
          "lines": [["line_id": .string(sold.lines[0].lineID), "quantity": 2]],
        ])
      let back = try await talk.event()
      #expect(back.kind == .return)
      let read = try await talk.adapter.fetchReturn(back.subject, event: back, api: talk.api())
      #expect(read.state == .restocked && read.orderExternalID == name)
      #expect(read.lines.map(\.quantity) == [2])
      #expect(try await talk.adapter.readStock([listing], api: talk.api()) == [9])
    }
  }

  @Test func pollFindsWhatNoWebhookTold() async throws {
    try await withTalk { talk in
      let first = try await talk.sell(1)
      let told = try await talk.event()
      try await talk.world.control("faults", ["channel": "loyverse", "drop_webhooks": true])
      let since = talk.world.clock.now()
      talk.world.clock.advance(by: .seconds(60))
      let second = try await talk.sell(2)
      let page = try await talk.adapter.changedOrders(since: since, after: nil, api: talk.api())
      #expect(page.events.map(\.subject) == [second, first] && page.nextCursor == nil)
      #expect(page.events[1].key == told.key)
      let sold = try await talk.adapter.fetchOrder(
        second, event: page.events[0], api: talk.api(["access_token": "none"]))
      #expect(sold.lines.map(\.quantity) == [2])
    }
  }
}
