import Foundation
import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: events are signed, shaped and repeated as each platform's documents say.
@Suite(.timeLimit(.minutes(2))) struct EventTests {
  @Test func shopeeSignsTheURLAndTheBody() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.shopee, 1)
      let event = try #require(await world.allSent().first)
      let base = Array("\(SandboxWorld.hook)|".utf8) + event.event.body
      let sign = Hex.encode(HMAC.sha256(key: Array("shpk_push_demo_key".utf8), base))
      #expect(event.url == SandboxWorld.hook && event.event.headers["Authorization"] == sign)
      #expect(event.body["code"] == 3 && event.body["shop_id"] == 14_701_711)
      #expect(event.body["data"]["ordersn"] == bought.body["order_id"])
      #expect(event.body["data"]["status"] == "READY_TO_SHIP")
      #expect(event.body["data"]["items"] == [])
    }
  }

  @Test func lazadaSendsAnEventALine() async throws {
    try await withSandbox { world in
      _ = try await world.buy(SandboxWorld.lazada, 2)
      let events = await world.allSent()
      #expect(events.count == 2)
      for event in events {
        let base = Array("123456".utf8) + event.event.body
        let sign = Hex.encode(HMAC.sha256(key: Array("lazada_secret_demo".utf8), base))
        #expect(event.event.headers["Authorization"] == sign)
        #expect(event.body["message_type"] == 0 && event.body["seller_id"] == "100200300")
        #expect(event.body["data"]["order_status"] == "pending")
      }
      #expect(Set(events.map { $0.body["data"]["trade_order_line_id"].string }).count == 2)
    }
  }

  @Test func tiktokSignsAppKeyAndBodyAndNamesEachEvent() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.tiktok, 2)
      let event = try #require(await world.allSent().first)
      let base = Array("fake_app_key".utf8) + event.event.body
      let sign = Hex.encode(HMAC.sha256(key: Array("fake_app_secret".utf8), base))
      #expect(event.event.headers["Authorization"] == sign)
      #expect(event.body["type"] == 1 && event.body["shop_id"] == "7494726673780148744")
      #expect(event.body["data"]["order_id"] == bought.body["order_id"])
      #expect(event.body["data"]["order_status"] == "AWAITING_SHIPMENT")
      #expect(UInt64(event.body["tts_notification_id"].string ?? "") ?? 0 > 0)
      world.sender.answer([500])
      _ = try await world.buy(SandboxWorld.tiktok, 1)
      let tries = await world.allSent().dropFirst()
      #expect(tries.count == 2 && Set(tries.map(\.event.body)).count == 1)
      #expect(tries.first?.body["tts_notification_id"] != event.body["tts_notification_id"])
    }
  }

  @Test func shopifySendsTheWholeOrder() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.shopify, 2)
      let event = try #require(await world.allSent().first)
      let key = Array("shopify_client_secret_demo".utf8)
      let headers = event.event.headers
      #expect(
        headers["X-Shopify-Hmac-Sha256"] == Base64.encode(HMAC.sha256(key: key, event.event.body)))
      #expect(headers["X-Shopify-Topic"] == "orders/create")
      #expect(headers["X-Shopify-Shop-Domain"] == "demo.myshopify.com")
      for name in ["API-Version", "Webhook-Id", "Event-Id", "Triggered-At"] {
        #expect(headers["X-Shopify-\(name)"] != nil)
      }
      let line = try #require(event.body["line_items"].array?.first)
      #expect(event.body["id"].text == bought.body["order_id"].string)
      #expect(line["quantity"] == 2 && line["variant_id"] == 234 && line["sku"] == "TEE-BLK-M")
    }
  }

  @Test func failedEventsAreTriedAgainThenLost() async throws {
    try await withSandbox { world in
      world.sender.answer([500, 0])
      _ = try await world.buy(SandboxWorld.shopee, 1)
      #expect(await world.allSent().count == 3)
      world.sender.answer([500, 500, 500, 500])
      _ = try await world.buy(SandboxWorld.shopee, 1)
      #expect(await world.allSent().count == 7)
      let lost = try await world.shopeeCall("GET", "push/get_lost_push_message", token: nil)
      let messages = lost["response"]["push_message_list"].array
      #expect(messages?.count == 1 && lost["response"]["has_next_page"] == false)
      let text = try #require(messages?.first?["data"].string)
      #expect(JSONValue(parsing: text)?["data"]["status"] == "READY_TO_SHIP")
      _ = try await world.shopeeCall(
        "POST", "push/confirm_consumed_lost_push_message",
        body: ["last_message_id": lost["response"]["last_message_id"]], token: nil)
      let none = try await world.shopeeCall("GET", "push/get_lost_push_message", token: nil)
      #expect(none["response"]["push_message_list"] == [])
    }
  }

  /// Method: the first try is answered, and so repeated, only once the order is cancelled.
  @Test func lazadaRetriesWithTheLatestStatus() async throws {
    try await withSandbox { world in
      let isCancelled = Signal()
      world.sender.hold(until: isCancelled)
      world.sender.answer([500])
      let bought = try await world.buy(SandboxWorld.lazada, 1)
      #expect(await world.sender.waitFor(1).count == 1)
      _ = try await world.change(
        "cancellations", SandboxWorld.lazada,
        order: try #require(bought.body["order_id"].string))
      isCancelled.raise()
      let statuses = await world.allSent().map { $0.body["data"]["order_status"].string }
      #expect(statuses == ["pending", "canceled", "canceled"])
    }
  }

  /// Each platform has its own idea of "I have it"; what it does not take is sent again.
  @Test(arguments: [
    (SandboxWorld.shopee, HookAnswer(status: 204), 1),
    (SandboxWorld.shopee, HookAnswer(status: 200, body: Array("ok".utf8)), 2),
    (SandboxWorld.shopee, HookAnswer(status: 302), 2),
    (SandboxWorld.lazada, HookAnswer(status: 200, body: Array("ok".utf8)), 1),
    (SandboxWorld.lazada, HookAnswer(status: 202), 2),
    (SandboxWorld.shopify, HookAnswer(status: 202, body: Array("ok".utf8)), 1),
    (SandboxWorld.shopify, HookAnswer(status: 307), 2),
    (SandboxWorld.tiktok, HookAnswer(status: 200), 1),
    (SandboxWorld.tiktok, HookAnswer(status: 204), 2),
    (SandboxWorld.tiktok, HookAnswer(status: 200, body: Array("ok".utf8)), 2),
  ])
  func onlyThePlatformsAnswerIsTaken(_ shop: Shop.Key, _ answer: HookAnswer, _ tries: Int)
    async throws
  {
    try await withSandbox { world in
      world.sender.answer([answer])
      _ = try await world.buy(shop, 1)
      #expect(await world.allSent().count == tries)
    }
  }

  @Test func duplicatesShareTheirEventID() async throws {
    try await withSandbox { world in
      _ = try await world.control("faults", ["channel": "shopify", "duplicate_percent": 100])
      _ = try await world.buy(SandboxWorld.shopify, 1)
      let events = await world.allSent()
      #expect(events.count == 2)
      #expect(Set(events.map { $0.event.headers["X-Shopify-Event-Id"] }).count == 1)
      #expect(events[0].event.body == events[1].event.body)
    }
  }

  @Test func reorderingIsSeeded() {
    func delays() -> [[Double]] {
      let desk = FaultDesk()
      desk.set(
        FaultPlan(duplicatePercent: 30, reorderPercent: 30, dropPercent: 10, seed: 42), for: .shopee
      )
      return (0..<200).map { _ in desk.delays(of: .shopee) }
    }
    let first = delays()
    #expect(first == delays(), "seed 42")
    #expect(first.contains { $0.isEmpty } && first.contains { $0.count == 2 })
    #expect(first.contains { $0.first ?? 0 > 0 })
  }

  @Test func droppedEventsAreNotSent() async throws {
    try await withSandbox { world in
      _ = try await world.control("faults", ["channel": "shopee", "drop_webhooks": true])
      _ = try await world.buy(SandboxWorld.shopee, 1)
      _ = try await world.buy(SandboxWorld.lazada, 1)
      let events = await world.allSent()
      #expect(events.map(\.url) == ["https://gw.example.com/hooks/lazada"])
      let deliveries = try await world.control("deliveries", nil)
      #expect(deliveries.body["counts"]["dropped"] == 1)
    }
  }
}
