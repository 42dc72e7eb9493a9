import ChannelAdapter
import Primitives
import RPCCore
import SquareChannel
import Testing

@testable import SandboxServer

/// The adapter talks to the sandbox, which reads Square's documentation on its own.
@Suite(.timeLimit(.minutes(5))) struct SquareConversationTests {
  private static let hookURL = "https://gw.example.com/hooks/square"

  private struct Talk {
    let world: ConversationWorld
    let adapter = SquareAdapter()

    func api() -> ChannelAPI { world.api("square") }

    func listing() async throws -> ChannelListing {
      try #require(try await adapter.fetchListings(after: nil, api: api()).listings.first)
    }

    func buy(_ quantity: Int64, _ more: JSONValue = [:]) async throws -> String {
      let order = try await world.control(
        "orders",
        more.adding("channel", "square").adding("shop", "L1").adding(
          "lines",
          [["item_id": "234234234", "variation_id": "234", "quantity": .integer(quantity)]]))
      return order["order_id"].text ?? ""
    }

    func change(_ name: String, _ order: String, _ more: JSONValue = [:]) async throws {
      try await world.control(
        name,
        more.adding("channel", "square").adding("shop", "L1").adding("order_id", .string(order)))
    }

    /// The next event of that type, verified and parsed.
    func event(_ type: String) async throws -> ChannelEvent {
      let account = squareAccount()
      let request = try await world.hooks.next(type) { request in
        request.path == hookURL
          && (try? adapter.parse(request, account: account))?.topic == type
      }
      #expect(try adapter.identify(request) == .shop("L1"))
      #expect(adapter.verify(request, account: account, hookURL: hookURL))
      return try adapter.parse(request, account: account)
    }

    func push(_ quantity: Quantity, _ listing: ChannelListing) async throws -> [PushResult] {
      try await adapter.pushStock(
        [StockPush(listing: listing, quantity: quantity, idempotencyKey: "k-\(quantity)")],
        api: api())
    }

    func shown(_ listing: ChannelListing) async throws -> Quantity? {
      try await adapter.readStock([listing], api: api())[0]
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

  /// Goal: a unit that the till sells while our count is on its way is not put back on sale, both
  /// ways round: the count says how many there were at its moment.
  @Test func saleInTheMiddleOfAPushIsNotPutBack() async throws {
    try await withTalk { talk in
      let listing = try await talk.listing()
      var api = talk.api()
      let moment = talk.world.clock.now()
      talk.world.clock.advance(by: .seconds(2))
      _ = try await talk.buy(10, ["counter": true])
      #expect(try await talk.shown(listing) == 0)
      // Made before the sale, arrived after it.
      api.clock = ManualClock(moment)
      let late = StockPush(listing: listing, quantity: 10, idempotencyKey: "late")
      #expect(try await talk.adapter.pushStock([late], api: api) == [.acknowledged])
      #expect(try await talk.shown(listing) == 0)
      // A later count wins over an earlier one, whichever comes last.
      #expect(try await talk.push(4, listing) == [.acknowledged])
      let older = StockPush(listing: listing, quantity: 9, idempotencyKey: "older")
      #expect(try await talk.adapter.pushStock([older], api: api) == [.acknowledged])
      #expect(try await talk.shown(listing) == 4)
      // The same call again is the same count.
      _ = try await talk.buy(1, ["counter": true])
      #expect(try await talk.push(4, listing) == [.acknowledged])
      #expect(try await talk.shown(listing) == 3)
    }
  }

  @Test func receiptOfTheTillHasLeft() async throws {
    try await withTalk { talk in
      let name = try await talk.buy(2, ["counter": true])
      for type in ["order.created", "payment.updated", "order.updated"] {
        let event = try await talk.event(type)
        #expect(event.kind == .order && event.subject == name)
        let order = try await talk.adapter.fetchOrder(name, event: event, api: talk.api())
        #expect(order.state == .shipped)
        #expect(order.lines.map { "\($0.itemID) \($0.quantity)" } == ["234 2"])
      }
      let notice = ShippedNotice(
        orderExternalID: name, trackingNumber: "", carrier: "", lines: [])
      try await talk.adapter.markShipped(notice, api: talk.api())
    }
  }

  @Test func ticketTakesNothingUntilItIsPaid() async throws {
    try await withTalk { talk in
      let listing = try await talk.listing()
      let name = try await talk.buy(3, ["paid": false])
      #expect(
        try await talk.adapter.fetchOrder(name, event: nil, api: talk.api()).state == .foreign)
      #expect(try await talk.shown(listing) == 10)
      try await talk.change("payments", name)
      let order = try await talk.adapter.fetchOrder(name, event: nil, api: talk.api())
      #expect(order.state == .open && order.lines.map(\.quantity) == [3])
      #expect(try await talk.shown(listing) == 7)
    }
  }

  @Test(arguments: [true, false])
  func refundSaysWhetherItsGoodsAreOnTheShelf(_ isRestocked: Bool) async throws {
    try await withTalk { talk in
      let listing = try await talk.listing()
      let name = try await talk.buy(3, ["counter": true])
      let sold = try await talk.adapter.fetchOrder(name, event: nil, api: talk.api())
      try await talk.change(
        "refunds", name,
        [
          "restock_type": isRestocked ? "return" : "no_restock",
          "lines": [["line_id": .string(sold.lines[0].lineID), "quantity": 2]],
        ])
      let event = try await talk.event("refund.updated")
      let read = try await talk.adapter.fetchReturn(event.subject, event: event, api: talk.api())
      #expect(read.orderExternalID == name)
      #expect(read.state == (isRestocked ? .restocked : .closed))
      #expect(read.lines.map(\.quantity) == (isRestocked ? [2] : []))
      #expect(read.lines.allSatisfy { $0.orderLineID == sold.lines[0].lineID })
      #expect(try await talk.shown(listing) == (isRestocked ? 9 : 7))
      let after = try await talk.adapter.fetchOrder(name, event: nil, api: talk.api())
      #expect(after.state == .shipped && after.lines.map(\.cancelledCount) == [0])
    }
  }

  @Test func pollFindsWhatNoEventTold() async throws {
    try await withTalk { talk in
      try await talk.world.control(
        "faults", ["channel": "square", "drop_webhooks": true])
      let since = talk.world.clock.now()
      talk.world.clock.advance(by: .seconds(5))
      let first = try await talk.buy(1, ["counter": true])
      talk.world.clock.advance(by: .seconds(5))
      let second = try await talk.buy(2)
      try await talk.change("refunds", first)
      let page = try await talk.adapter.changedOrders(since: since, after: nil, api: talk.api())
      #expect(page.nextCursor == nil)
      #expect(Set(page.events.filter { $0.kind == .order }.map(\.subject)) == [first, second])
      let back = try #require(page.events.first { $0.kind == .return })
      let read = try await talk.adapter.fetchReturn(back.subject, event: back, api: talk.api())
      #expect(read.state == .restocked && read.orderExternalID == first)
    }
  }

  /// Goal: an order comes in once, whichever of its events tells it.
  @Test func pollAndWebhookOfOneVersionHaveOneKey() async throws {
    try await withTalk { talk in
      let name = try await talk.buy(2)
      let told = try await talk.event("order.created")
      let page = try await talk.adapter.changedOrders(
        since: talk.world.clock.now(), after: nil, api: talk.api())
      #expect(page.events.map(\.key) == [told.key] && told.subject == name)
    }
  }
}
