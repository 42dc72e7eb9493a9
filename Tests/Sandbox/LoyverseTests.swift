import Kit
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// Goal: the sandbox's Loyverse takes what is known to be right and nothing else.
@Suite struct LoyverseTests {
  private static let key = Shop.Key(channel: .loyverse, shopID: "s-1")

  private func withLoyverse(
    secret: String = "loyverse_client_secret_demo", _ body: (SandboxWorld) async throws -> Void
  ) async throws {
    try await withSandbox { world in
      _ = try await world.control(
        "shops",
        [
          "channel": "loyverse", "shop": "s-1", "hook_url": "https://gw.example.com/hooks/loyverse",
          "access_token": "lv", "refresh_token": "lvr", "client_id": "id",
          "client_secret": .string(secret),
        ])
      _ = try await world.control(
        "listings",
        [
          "channel": "loyverse", "shop": "s-1", "item_id": "234234234", "variation_id": "234",
          "sku": "TEE-BLK-M", "title": "Tee", "stock": 10,
        ])
      try await body(world)
    }
  }

  private func call(
    _ world: SandboxWorld, _ method: String, _ path: String, _ body: JSONValue? = nil,
    token: String = "lv"
  ) async throws -> (status: Int, body: JSONValue) {
    let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
    let response = try await world.send(
      HTTPRequest(
        method: method, path: "/loyverse/v1.0/\(parts[0])", query: parts.count > 1 ? parts[1] : "",
        headers: [("authorization", "Bearer \(token)"), ("content-type", "application/json")],
        body: body?.bytes ?? []))
    return (response.status, JSONValue(parsing: response.body) ?? .null)
  }

  private func level(
    _ stock: JSONValue, variant: String = "234", store: String = "s-1"
  ) -> JSONValue {
    ["variant_id": .string(variant), "store_id": .string(store), "stock_after": stock]
  }

  @Test func levelsAreSetAllOrNone() async throws {
    try await withLoyverse { world in
      let good = try await call(world, "POST", "inventory", ["inventory_levels": [level(7)]])
      #expect(good.status == 200)
      #expect(try await world.shown(Self.key) == 7)
      let wrong: [(JSONValue, String)] = [
        (level(3, variant: "9"), "variant_id"), (level(3, store: "s-2"), "store_id"),
        (level("3"), "stock_after"), (level(-1), "stock_after"),
      ]
      for (entry, field) in wrong {
        let answer = try await call(
          world, "POST", "inventory", ["inventory_levels": [level(5), entry]])
        #expect(answer.status == 400)
        let name = answer.body["errors"].array?.first?["field"]
        #expect(name == .string("inventory_levels[1].\(field)"))
      }
      #expect(try await call(world, "POST", "inventory", [:]).status == 400)
      #expect(try await world.shown(Self.key) == 7)
    }
  }

  @Test func webhookIsSignedOnlyWithASecret() async throws {
    try await withLoyverse { world in
      _ = try await world.buy(Self.key, 2)
      let event = try #require(await world.allSent().first)
      let code = HMAC.sha1(key: Array("loyverse_client_secret_demo".utf8), event.event.body)
      #expect(event.event.headers["X-Loyverse-Signature"] == Base64.encode(code))
      let line = event.body["receipts"].array?.first?["line_items"].array?.first
      #expect(line?["quantity"] == 2 && line?["sku"] == "TEE-BLK-M")
    }
    try await withLoyverse(secret: "") { world in
      _ = try await world.buy(Self.key, 2)
      let event = try #require(await world.allSent().first)
      #expect(event.event.headers["X-Loyverse-Signature"] == nil)
    }
  }

  @Test func refundIsAReceiptThatNamesItsSale() async throws {
    try await withLoyverse { world in
      let sale = try await world.buy(Self.key, 3).body["order_id"].string ?? ""
      let refund = try await world.change("refunds", Self.key, order: sale)
      let number = refund.body["refund_id"].string ?? ""
      #expect(number != sale)
      let receipt = try await call(world, "GET", "receipts/\(number)").body
      #expect(receipt["receipt_type"] == "REFUND" && receipt["refund_for"] == .string(sale))
      #expect(try await world.shown(Self.key) == 10)
      let list = try await call(world, "GET", "receipts?limit=1").body
      #expect(list["receipts"].array?.count == 1 && list["cursor"] == "1")
      let rest = try await call(world, "GET", "receipts?limit=1&cursor=1").body
      #expect(rest["receipts"].array?.count == 1 && rest["cursor"].isNull)
      for query in ["limit=0", "limit=251", "cursor=x", "updated_at_min=x", "store_id=s-2"] {
        #expect(try await call(world, "GET", "receipts?\(query)").status == 400)
      }
    }
  }

  @Test func callsAreThreeHundredAndThenOneASecond() async throws {
    try await withLoyverse { world in
      func items(_ count: Int, token: String = "lv") async throws -> Set<Int> {
        var statuses: Set<Int> = []
        for _ in 0..<count {
          statuses.insert(try await call(world, "GET", "items", token: token).status)
        }
        return statuses
      }
      let strange = try await items(1, token: "other")
      #expect(strange == [401])
      let first = try await items(300)
      #expect(first == [200])
      let more = try await items(1)
      #expect(more == [429])
      world.clock.advance(by: .seconds(1))
      let later = try await items(2)
      #expect(later == [200, 429])
    }
  }
}
