import ChannelAdapter
import Primitives
import Testing

@testable import SandboxServer

/// What an order takes, until it is over.
@Suite(.timeLimit(.minutes(5))) struct ConformanceOrderTests {
  @Test(arguments: ConformanceTable.able(.takesOrder))
  func takesOrder(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      let name = try await talk.buy(2)
      let event = try await talk.world.event(channel, .order)
      #expect(event.subject == name)
      let order = try await talk.adapter.fetchOrder(name, event: event, api: talk.api)
      #expect(order.externalID == name && order.state == (talk.isTill ? .shipped : .open))
      // What was sold is what is listed.
      #expect(order.lines.map(\.itemID) == [listing.itemID])
      #expect(order.lines.map(\.variationID) == [listing.variationID])
      #expect(order.openCount == 2 && order.lines.map(\.cancelledCount) == [0])
      #expect(order.saleTime == Timestamp(seconds: 1_700_000_000))
      // Fetched without its event it is the same.
      let asked = try await talk.order(name)
      #expect(asked.lines.map(\.lineID) == order.lines.map(\.lineID))
      #expect(asked.lines.map(\.quantity) == [2] && asked.state == order.state)
      #expect(try await talk.shown(listing) == 8)
      let unknown = await failure { () async throws(ChannelError) in
        try await talk.adapter.fetchOrder("260105UNKNOWN1", event: nil, api: talk.api)
      }
      #expect(["notFound", "refused"].contains(unknown?.kind))
    }
  }

  @Test(arguments: ConformanceTable.able(.mergesUnits))
  func mergesUnits(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let shop = JSONValue.string(talk.account.externalID)
      try await talk.world.control(
        "listings",
        [
          "channel": .string(channel), "shop": shop, "item_id": "300", "variation_id": "301",
          "sku": "MUG", "title": "Mug", "stock": 10,
        ])
      let placed = try await talk.world.control(
        "orders",
        [
          "channel": .string(channel), "shop": shop,
          "lines": [
            ["item_id": "234234234", "variation_id": "234", "quantity": 3],
            ["item_id": "300", "variation_id": "301", "quantity": 2],
          ],
        ])
      let order = try await talk.order(placed["order_id"].text ?? "")
      #expect(order.lines.map(\.quantity).sorted() == [2, 3])
      #expect(Set(order.lines.map(\.lineID)).count == 2)
    }
  }

  @Test(arguments: ConformanceTable.able(.cancelsWhole))
  func cancelsWhole(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      let name = try await talk.buy(3)
      let placed = try await talk.world.event(channel, .order)
      try await talk.change("cancellations", name)
      var told: ChannelEvent
      repeat {
        told = try await talk.world.event(channel, .order)
      } while told.updateTime
        == placed.updateTime
      #expect(told.subject == name && told.key != placed.key)
      let order = try await talk.adapter.fetchOrder(name, event: told, api: talk.api)
      #expect(order.state == .cancelled && order.openCount == 0)
      #expect(order.updateTime > placed.updateTime)
      #expect(try await talk.shown(listing) == 10)
    }
  }

  @Test(arguments: ConformanceTable.able(.cancelsPart))
  func cancelsPart(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let shop = JSONValue.string(talk.account.externalID)
      let placed = try await talk.world.control(
        "orders",
        [
          "channel": .string(channel), "shop": shop,
          "lines": [["item_id": "234234234", "variation_id": "234", "quantity": 3]],
        ])
      let name = placed["order_id"].text ?? ""
      let before = try await talk.order(name)
      talk.world.clock.advance(by: .seconds(5))
      let line = placed["lines"].array?.first?["line_id"] ?? .null
      try await talk.change(
        "cancellations", name, ["lines": [["line_id": line, "quantity": 1]]])
      let order = try await talk.order(name)
      #expect(order.state == .open && order.openCount == 2)
      #expect(order.lines.map(\.lineID) == before.lines.map(\.lineID))
      #expect(order.updateTime > before.updateTime)
    }
  }

  @Test(arguments: ConformanceTable.able(.followsEdit))
  func followsEdit(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      let name = try await talk.buy(2)
      let placed = try await talk.world.event(channel, .order)
      try await talk.change(
        "edits", name,
        ["lines": [["item_id": "234234234", "variation_id": "234", "quantity": 3]]])
      var told: ChannelEvent
      repeat {
        told = try await talk.world.event(channel, .order)
      } while told.updateTime
        == placed.updateTime
      let order = try await talk.adapter.fetchOrder(name, event: told, api: talk.api)
      #expect(order.state == .open && order.openCount == 5)
      #expect(try await talk.order(name).openCount == 5)
      #expect(try await talk.shown(listing) == 5)
    }
  }

  @Test(arguments: ConformanceTable.able(.leavesForeign))
  func leavesForeign(_ channel: String) async throws {
    let words = [
      "shopee": "fulfilled_by_shopee", "lazada": "FBL", "tiktok": "FULFILLMENT_BY_TIKTOK",
    ]
    try await ConformanceTalk.with(channel) { talk in
      try await talk.world.setShop(channel, ["fulfillment_type": try #require(words[channel])])
      let name = try await talk.buy(2)
      #expect(try await talk.order(name).state == .foreign)
    }
  }

  @Test(arguments: ConformanceTable.able(.pollsOrders))
  func pollsOrders(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let adapter = try #require(talk.adapter as? any OrderPolling)
      try await talk.world.setFaults(channel, ["drop_webhooks": true])
      let since = talk.world.clock.now()
      talk.world.clock.advance(by: .seconds(5))
      var names: [String] = []
      for _ in 0..<3 { names.append(try await talk.buy(1)) }
      if !talk.isTill { try await talk.change("cancellations", names[0]) }
      func poll() async throws -> [ChannelEvent] {
        var events: [ChannelEvent] = []
        var cursor: String?
        repeat {
          let page = try await adapter.changedOrders(since: since, after: cursor, api: talk.api)
          events += page.events
          cursor = page.nextCursor
        } while cursor != nil
        return events
      }
      let events = try await poll()
      let orders = events.filter { $0.kind == .order }
      #expect(orders.map(\.subject).sorted() == names.sorted())
      #expect(Set(events.map(\.key)).count == events.count)
      #expect(try await poll().map(\.key) == events.map(\.key), "asked again, the same events")
      var open: Quantity = 0
      for event in orders {
        open += try await talk.adapter.fetchOrder(event.subject, event: event, api: talk.api)
          .openCount
      }
      #expect(open == (talk.isTill ? 3 : 2))
    }
  }

  /// Goal: cancelling on the channel is repeatable, takes no more than there is, and does not zero the listing. Most channels put the units back on sale
  /// there; Shopify does so when it is asked to, and is not.
  @Test(arguments: ConformanceTable.able(.cancelsOnChannel))
  func cancelsOnChannel(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let adapter = try #require(talk.adapter as? any OrderCancelling)
      let listing = try await talk.listing()
      let name = try await talk.buy(3)
      let line = try #require(try await talk.order(name).lines.first?.lineID)
      let part = OrderCancellation(orderExternalID: name, lines: [(line, 1)])
      for (lines, words) in [
        ([(line, 4)], "has 3 units, and 4 are"),
        ([(line, 2), (line, 2)], "has 3 units, and 4 are"),
        ([(line, 1), ("none", 1)], "has no line none"),
      ] as [([(String, Quantity)], String)] {
        let wrong = OrderCancellation(orderExternalID: name, lines: lines)
        let error = await failure { () async throws(ChannelError) in
          try await adapter.cancelOrder(wrong, api: talk.api)
        }
        guard case .refused(let text) = error, text.contains(words) else {
          Issue.record("\(String(describing: error)) does not say: \(words)")
          continue
        }
      }
      for _ in 0..<2 { try await adapter.cancelOrder(part, api: talk.api) }
      let partly = try await talk.order(name)
      #expect(partly.state == .open && partly.lines.map(\.cancelledCount) == [1])
      let putsBack = channel != "shopify"
      #expect(try await talk.shown(listing) == (putsBack ? 8 : 7))
      let whole = OrderCancellation(orderExternalID: name)
      for _ in 0..<2 { try await adapter.cancelOrder(whole, api: talk.api) }
      #expect(try await talk.order(name).state == .cancelled)
      #expect(try await talk.shown(listing) == (putsBack ? 10 : 7))
    }
  }

  @Test(arguments: ConformanceTable.able(.shipsTwice))
  func shipsTwice(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let name = try await talk.buy(2)
      let order = try await talk.order(name)
      let notice = ShippedNotice(
        orderExternalID: name, trackingNumber: "TRK1", carrier: "Ninja",
        lines: order.lines.map { ($0.lineID, $0.quantity) })
      for _ in 0..<2 { try await talk.adapter.markShipped(notice, api: talk.api) }
      if try await talk.order(name).state != .shipped {
        // Handed over; then the courier takes it.
        try await talk.change("shipments", name, ["delivered": true])
      }
      let shipped = try await talk.order(name)
      #expect(shipped.state == .shipped && shipped.openCount == 2)
    }
  }

  @Test(arguments: ConformanceTable.able(.asksForReturn))
  func asksForReturn(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let name = try await talk.buy(2)
      let order = try await talk.order(name)
      try await talk.change("shipments", name, ["delivered": true])
      try await talk.change("returns", name)
      let event = try await talk.returnEvent()
      let back = try await talk.adapter.fetchReturn(event.subject, event: event, api: talk.api)
      #expect(back.state == .requested && back.orderExternalID == name)
      #expect(back.lines.reduce(0) { $0 + $1.quantity } == 2)
      #expect(Set(back.lines.map(\.orderLineID)) == Set(order.lines.map(\.lineID)))
      #expect(back.lines.first?.variationID == order.lines.first?.variationID)
      let answer = ReturnAnswer(
        returnExternalID: event.subject, orderExternalID: name, accepted: true,
        lines: back.lines.map { ($0.lineID, $0.quantity, true) })
      for _ in 0..<2 { try await talk.adapter.answerReturn(answer, api: talk.api) }
    }
  }

  @Test(arguments: ConformanceTable.able(.restocksRefund))
  func restocksRefund(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let name = try await talk.buy(2)
      if !talk.isTill { try await talk.change("shipments", name, ["delivered": true]) }
      talk.world.clock.advance(by: .seconds(60))
      try await talk.change("refunds", name, ["restock_type": "return"])
      let event = try await talk.returnEvent()
      let back = try await talk.adapter.fetchReturn(event.subject, event: event, api: talk.api)
      #expect(back.state == .restocked && back.orderExternalID == name)
      #expect(back.lines.reduce(0) { $0 + $1.quantity } == 2)
      #expect(try await talk.order(name).state == .shipped, "what left has left")
    }
  }
}
