import Foundation
import Kit
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// Goal: buyers get what is shown and no more, faults come when asked for, and a restart continues.
@Suite struct ControlTests {
  @Test(arguments: [
    SandboxWorld.shopee, SandboxWorld.lazada, SandboxWorld.shopify, SandboxWorld.tiktok,
  ])
  func buyersGetWhatIsShownAndNoMore(_ shop: Shop.Key) async throws {
    try await withSandbox { world in
      #expect(try await world.buy(shop, 8).status == 200)
      let refused = try await world.buy(shop, 3)
      #expect(refused.status == 409 && refused.body["error"] == "sold_out")
      #expect(refused.body["detail"]["shown"] == 2)
      #expect(try await world.buy(shop, 2).status == 200)
      #expect(try await world.shown(shop) == 0)
      #expect(try await world.buy(shop, 1).status == 409)
    }
  }

  @Test func concurrentBuyersNeverOversellAListing() async throws {
    try await withSandbox { world in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<100 {
          group.addTask { try await world.buy(SandboxWorld.shopee, 1).status }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.filter { $0 == 200 }.count == 10)
      #expect(statuses.filter { $0 == 409 }.count == 90)
    }
  }

  @Test func anOrderIsAllOrNothing() async throws {
    try await withSandbox { world in
      let answer = try await world.control(
        "orders",
        [
          "channel": "shopee", "shop": "14701711",
          "lines": [
            ["item_id": "234234234", "variation_id": "234", "quantity": 2],
            ["sku": "NO-SUCH", "quantity": 1],
          ],
        ])
      #expect(answer.status == 404)
      #expect(try await world.shown(SandboxWorld.shopee) == 10)
      #expect(try await world.control("orders", nil).body["total"] == 0)
    }
  }

  /// Goal: an order of a past moment is found by that moment, and nothing else is of it.
  @Test(arguments: [(0, 200), (600, 200), (-1, 400), (30 * 86_400 + 1, 400)])
  func ordersMayBeOfAPastMoment(_ ago: Int, _ status: Int) async throws {
    try await withSandbox { world in
      let answer = try await world.control(
        "orders",
        [
          "channel": "shopee", "shop": "14701711", "seconds_ago": .integer(Int64(ago)),
          "lines": [["item_id": "234234234", "variation_id": "234", "quantity": 1]],
        ])
      #expect(answer.status == status)
      guard let name = answer.body["order_id"].text else { return }
      let order = try await world.sandbox.platform.read {
        try $0.order(SandboxWorld.shopee, name)
      }
      #expect(order?.createTime == world.clock.now() - .seconds(ago))
      #expect(order?.updateTime == order?.createTime)
    }
  }

  /// Goal: whoever moves a shop's hook does not undo what the app has refreshed since. Method: its first token is over.
  @Test func movedHookLeavesTheTokens() async throws {
    try await withSandbox { world in
      let refreshed = try await world.shopeeCall(
        "POST", "auth/access_token/get",
        body: ["partner_id": 2_001_887, "shop_id": 14_701_711, "refresh_token": "shopee_refresh"],
        token: nil)
      let before = try await world.sandbox.platform.read { try $0.shop(SandboxWorld.shopee) }
      var moved = try #require(before)
      moved.hookURL = "http://127.0.0.1:1/elsewhere"
      let answer = try await world.control(
        "shops",
        ["channel": "shopee", "shop": "14701711", "hook_url": .string(moved.hookURL)])
      #expect(answer.status == 200)
      let after = try await world.sandbox.platform.read { try $0.shop(SandboxWorld.shopee) }
      #expect(after == moved && after?.accessToken == refreshed["access_token"].string)
    }
  }

  @Test(
    arguments: [
      ["channel": "shopee", "shop": "1", "hook_url": "http://127.0.0.1:1/"],
      ["channel": "shopee", "shop": "14701711"],
      ["channel": "shopee", "shop": "14701711", "hook_url": 7],
    ] as [JSONValue])
  func shopWithoutATokenIsRefused(_ body: JSONValue) async throws {
    try await withSandbox { world in
      let answer = try await world.control("shops", body)
      #expect(answer.status == 400 && answer.body["error"] == "access_token is missing")
    }
  }

  @Test func refusesWrongCalls() async throws {
    try await withSandbox { world in
      let channel = try await world.control("orders", ["channel": "ebay", "shop": "1"])
      #expect(channel.status == 400)
      let empty = try await world.control(
        "orders", ["channel": "shopee", "shop": "14701711", "lines": []])
      #expect(empty.status == 400)
      #expect(try await world.buy(SandboxWorld.shopee, 0).status == 400)
      let share = try await world.control("faults", ["duplicate_percent": 101])
      #expect(share.status == 400)
      let remote = try await world.send(
        HTTPRequest(method: "GET", path: "/control/stock", peer: "10.0.0.9:4711"))
      #expect(remote.status == 403)
      let body = try await world.send(
        HTTPRequest(
          method: "POST", path: "/control/orders", body: Array("[1".utf8), peer: "127.0.0.1:1"))
      #expect(body.status == 400)
    }
  }

  @Test func failsOnDemandBeforeOrAfterTheWork() async throws {
    try await withSandbox { world in
      _ = try await world.control(
        "faults", ["channel": "shopee", "fail_percent": 100, "seed": 7])
      var doneCount = 0
      for stock in Int64(20)..<40 {
        let answer = try await world.setShopee(stock)
        #expect([500, 502, 503].contains(answer["status"].integer ?? 0))
        if try await world.shown(SandboxWorld.shopee) == stock { doneCount += 1 }
      }
      #expect((1..<20).contains(doneCount), "some work is done and its answer lost; seed 7")
      _ = try await world.control("faults", ["channel": "shopee", "fail_percent": 0])
      #expect(try await world.setShopee(5)["error"] == "")
    }
  }

  @Test func limitsCallsOnDemand() async throws {
    try await withSandbox { world in
      _ = try await world.control("faults", ["channel": "shopee", "rate_limit_per_second": 2])
      #expect(try await world.setShopee(5)["error"] == "")
      #expect(try await world.setShopee(6)["error"] == "")
      #expect(try await world.setShopee(7)["error"] == "error_rate_limit")
      world.clock.advance(by: .milliseconds(500))
      #expect(try await world.setShopee(8)["error"] == "")
    }
  }

  @Test func answersLateOnDemand() async throws {
    try await withSandbox { world in
      _ = try await world.control("faults", ["channel": "shopee", "latency_ms": 50])
      let begun = ContinuousClock.now
      #expect(try await world.setShopee(5)["error"] == "")
      #expect(ContinuousClock.now - begun >= .milliseconds(50))
      let refusal = try await world.control("faults", ["channel": "shopee", "latency_ms": -1])
      #expect(refusal.status == 400, "no less than nothing")
    }
  }

  @Test func failsInPartOnDemand() async throws {
    try await withSandbox { world in
      _ = try await world.control("faults", ["partial_failure_percent": 100])
      #expect(
        try await world.setShopee(5)["response"]["failure_list"].array?.count == 1)
      #expect(try await world.setLazada("SellableQuantity", 5)["code"] == "501")
      #expect(!(try await world.setShopify(5, from: .null)["errors"].isNull))
      #expect(try await world.shown(SandboxWorld.shopify) == 10)
    }
  }

  @Test func knownListingsKeepTheirNumber() async throws {
    try await withSandbox { world in
      let listing: JSONValue = [
        "channel": "shopee", "shop": "14701711", "item_id": "234234234", "variation_id": "234",
        "stock": 0,
      ]
      _ = try await world.control("listings", listing)
      #expect(try await world.shown(SandboxWorld.shopee) == 10)
      _ = try await world.control("listings", listing.adding("replace", true))
      #expect(try await world.shown(SandboxWorld.shopee) == 0)
    }
  }

  @Test func aRestartContinues() async throws {
    let world = try await SandboxWorld()
    world.sender.answer(Array(repeating: 500, count: 100))
    _ = try await world.control(
      "faults", ["channel": "shopee", "delay_ms": 3_600_000, "duplicate_percent": 25])
    let bought = try await world.buy(SandboxWorld.shopee, 4)
    _ = try await world.buy(SandboxWorld.lazada, 1, isPaid: false)
    try await world.close()
    let next = try await SandboxWorld(folder: world.folder)
    #expect(try await next.shown(SandboxWorld.shopee) == 6)
    #expect(try await next.table(SandboxWorld.lazada) == [9, 10, 1, 0])
    let orders = try await next.control("orders?channel=shopee", nil)
    #expect(orders.body["orders"].array?.first?["order_id"] == bought.body["order_id"])
    let faults = try await next.control("faults", nil)
    #expect(faults.body["shopee"]["duplicate_percent"] == 25)
    let deliveries = try await next.control("deliveries", nil)
    #expect((deliveries.body["counts"]["waiting"].integer ?? 0) >= 1)
    let another = try await next.buy(SandboxWorld.shopee, 1)
    #expect(another.body["order_id"] != bought.body["order_id"])
    try await next.remove()
  }

  @Test func resetForgetsButGivesNoNumberTwice() async throws {
    try await withSandbox { world in
      let first = try await world.buy(SandboxWorld.lazada, 1)
      _ = try await world.control("reset", [:])
      #expect(try await world.control("stock", nil).body["listings"] == [])
      #expect(try await world.buy(SandboxWorld.lazada, 1).status == 404)
      let number = try await world.sandbox.platform.change { try $0.transaction.next("number") }
      #expect(number > (Int64(first.body["order_id"].string ?? "") ?? 0) - 260_000_000_000_000)
    }
  }
}
