import ChannelAdapter
import Testing

@Suite struct ConformancePickupTests {
  /// Goal: an order that the buyer comes for is known as one, by its event, too; that it is ready, and then collected, may be
  /// told in any order and twice.
  @Test(arguments: ConformanceTable.able(.tellsPickup))
  func tellsPickup(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let adapter = try #require(talk.adapter as? any PickupTelling)
      let sent = try await talk.order(try await talk.buy(1))
      #expect(!sent.isPickup)
      let name = try await talk.buy(2, isPickup: true)
      let order = try await talk.order(name)
      #expect(order.isPickup && order.state == .open)
      var event = try await talk.world.event(channel, .order)
      while event.subject != name { event = try await talk.world.event(channel, .order) }
      let told = try await adapter.fetchOrder(name, event: event, api: talk.api)
      #expect(told.isPickup && told.pickupPlace == order.pickupPlace)
      let ready = ReadyNotice(orderExternalID: name)
      for _ in 0..<2 { try await adapter.markReady(ready, api: talk.api) }
      let waiting = try await talk.order(name)
      #expect(waiting.isPickup && waiting.state == .open && waiting.openCount == 2)
      let collected = ShippedNotice(
        orderExternalID: name, trackingNumber: "", carrier: "",
        lines: order.lines.map { ($0.lineID, $0.quantity) })
      for _ in 0..<2 { try await adapter.markShipped(collected, api: talk.api) }
      try await adapter.markReady(ready, api: talk.api)
      let gone = try await talk.order(name)
      #expect(gone.state == .shipped && gone.openCount == 2)
    }
  }
}
