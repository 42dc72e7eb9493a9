import Kit
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// Goal: only what Square would take is taken. Method: calls as an integrator writes them.
@Suite struct SquareTests {
  private static let key = Shop.Key(channel: .square, shopID: "L1")
  private static let hook = "https://gw.example.com/hooks/square"

  private func withSquare(_ body: (SandboxWorld) async throws -> Void) async throws {
    try await withSandbox { world in
      for location in ["L1", "L2"] {
        _ = try await world.control(
          "shops",
          [
            "channel": "square", "shop": .string(location), "hook_url": .string(Self.hook),
            "access_token": "EAAA", "refresh_token": "EQAA", "client_id": "id",
            "client_secret": "secret", "webhook_signature_key": "asdf1234",
          ])
      }
      _ = try await world.control(
        "listings",
        [
          "channel": "square", "shop": "L1", "item_id": "234234234", "variation_id": "234",
          "sku": "TEE-BLK-M", "title": "Tee", "stock": 10,
        ])
      try await body(world)
    }
  }

  private func call(
    _ world: SandboxWorld, _ method: String, _ path: String, _ body: JSONValue? = nil,
    token: String = "EAAA"
  ) async throws -> (status: Int, body: JSONValue) {
    let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
    let response = try await world.send(
      HTTPRequest(
        method: method, path: "/square\(parts[0])", query: parts.count > 1 ? parts[1] : "",
        headers: [("authorization", "Bearer \(token)"), ("content-type", "application/json")],
        body: body?.bytes ?? []))
    return (response.status, JSONValue(parsing: response.body) ?? .null)
  }

  private func count(
    _ quantity: JSONValue, at time: Timestamp, key: String, variation: String = "234",
    location: String = "L1"
  ) -> JSONValue {
    [
      "idempotency_key": .string(key),
      "changes": [
        [
          "type": "PHYSICAL_COUNT",
          "physical_count": [
            "catalog_object_id": .string(variation), "state": "IN_STOCK",
            "location_id": .string(location), "quantity": quantity,
            "occurred_at": .string(time.rfc3339),
          ],
        ]
      ],
    ]
  }

  private let change = "/v2/inventory/changes/batch-create"

  /// Goal: after three weeks in which nothing was taken nothing is sent any more, until the seller turns it on again; one event
  /// that is taken begins them anew. Method: on the sandbox's clock, with an event a week, of which each is tried for a day.
  @Test(.timeLimit(.minutes(2))) func webhooksThatFailForThreeWeeksAreTurnedOff() async throws {
    try await withSquare { world in
      func tries(after days: Double, failing: Bool) async throws -> Int {
        world.clock.advance(by: .seconds(days * 86_400))
        world.sender.answer(failing ? Array(repeating: 500, count: 10_000) : [])
        let before = world.sender.sent.count
        _ = try await world.buy(Self.key, 1)
        return await world.allSent().count - before
      }
      let whole = try await tries(after: 0, failing: true)
      #expect(whole >= 30)
      #expect(try await tries(after: 20.9, failing: true) == whole)
      // It is taken: the three weeks begin with the next failure.
      let taken = try await tries(after: 0, failing: false)
      #expect(taken > 0 && taken < whole)
      for days in [1, 7, 7, 6.9] { #expect(try await tries(after: days, failing: true) == whole) }
      let last = try await tries(after: 0.2, failing: true)
      #expect(last > 0, "it is told by one that fails")
      #expect(try await tries(after: 0, failing: false) == 0)
      for location in ["L1", "L2"] {
        let on: JSONValue = ["channel": "square", "shop": .string(location), "enabled": true]
        #expect(try await world.control("webhooks", on).status == 200)
      }
      #expect(try await tries(after: 0, failing: false) == taken)
    }
  }

  @Test func keyMeansOneCall() async throws {
    try await withSquare { world in
      let now = world.clock.now()
      let first = try await call(world, "POST", change, count("7", at: now, key: "k"))
      #expect(first.status == 200 && first.body["counts"].array?.first?["quantity"] == "7")
      _ = try await world.buy(Self.key, 2)
      let again = try await call(world, "POST", change, count("7", at: now, key: "k"))
      #expect(again.body == first.body)
      #expect(try await world.shown(Self.key) == 5)
      let reused = try await call(world, "POST", change, count("8", at: now, key: "k"))
      #expect(reused.status == 400)
      #expect(reused.body["errors"].array?.first?["code"] == "IDEMPOTENCY_KEY_REUSED")
      let none = try await call(world, "POST", change, count("8", at: now, key: ""))
      #expect(none.body["errors"].array?.first?["field"] == "idempotency_key")
    }
  }

  @Test func countsAreAppliedByTheirTimeAndNotByArrival() async throws {
    try await withSquare { world in
      let before = world.clock.now()
      world.clock.advance(by: .seconds(10))
      _ = try await world.buy(Self.key, 4)
      _ = try await call(world, "POST", change, count("10", at: before, key: "a"))
      #expect(try await world.shown(Self.key) == 6)
      let now = world.clock.now()
      _ = try await call(world, "POST", change, count("3", at: now, key: "b"))
      _ = try await call(
        world, "POST", change, count("9", at: before + .seconds(1), key: "c"))
      #expect(try await world.shown(Self.key) == 3)
    }
  }

  @Test func wrongCountsNameTheirFieldAndNothingIsDone() async throws {
    try await withSquare { world in
      let now = world.clock.now()
      let wrong: [(JSONValue, String)] = [
        (count(7, at: now, key: "1"), "quantity"), (count("-1", at: now, key: "2"), "quantity"),
        (count("7", at: now + .seconds(1), key: "3"), "occurred_at"),
        (count("7", at: now - .seconds(86_401), key: "4"), "occurred_at"),
        (count("7", at: now, key: "5", variation: "9"), "catalog_object_id"),
        (count("7", at: now, key: "6", location: "L9"), "location_id"),
        (count("7", at: now, key: "7", location: "L2"), "catalog_object_id"),
      ]
      for (body, field) in wrong {
        let answer = try await call(world, "POST", change, body)
        #expect(answer.status == 400)
        let name = answer.body["errors"].array?.first?["field"].string
        #expect(name == "changes[0].physical_count.\(field)")
      }
      for body: JSONValue in [
        ["idempotency_key": "x", "changes": []], ["idempotency_key": "y"],
        ["idempotency_key": "z", "changes": [["type": "ADJUSTMENT"]]],
      ] {
        #expect(try await call(world, "POST", change, body).status == 400)
      }
      #expect(try await world.shown(Self.key) == 10)
    }
  }

  @Test func tokenOpensItsMerchantsLocationsAndNoOthers() async throws {
    try await withSquare { world in
      let none = try await call(world, "GET", "/v2/catalog/list?types=ITEM", token: "other")
      #expect(none.status == 401)
      #expect(none.body["errors"].array?.first?["code"] == "UNAUTHORIZED")
      let list = try await call(world, "GET", "/v2/catalog/list?types=ITEM")
      let item = try #require(list.body["objects"].array?.first)
      #expect(item["present_at_location_ids"] == ["L1"])
      world.clock.advance(by: .seconds(30 * 86_400))
      let over = try await call(world, "GET", "/v2/catalog/list?types=ITEM")
      #expect(over.body["errors"].array?.first?["code"] == "ACCESS_TOKEN_EXPIRED")
      let fresh = try await call(
        world, "POST", "/oauth2/token",
        [
          "client_id": "id", "client_secret": "secret", "grant_type": "refresh_token",
          "refresh_token": "EQAA",
        ])
      let token = try #require(fresh.body["access_token"].string)
      #expect(
        try await call(world, "GET", "/v2/catalog/list?types=ITEM", token: token).status == 200)
    }
  }

  @Test func updateNamesTheVersionItKnows() async throws {
    try await withSquare { world in
      let bought = try await world.buy(Self.key, 2)
      let name = bought.body["order_id"].string ?? ""
      let order = try await call(world, "GET", "/v2/orders/\(name)").body["order"]
      #expect(order["state"] == "OPEN" && order["line_items"].array?.first?["quantity"] == "2")
      func update(_ version: Int64, _ key: String) -> JSONValue {
        [
          "idempotency_key": .string(key),
          "order": [
            "location_id": "L1", "version": .integer(version),
            "fulfillments": [["uid": "F1", "state": "COMPLETED"]],
          ],
        ]
      }
      let version = order["version"].integer ?? 0
      let stale = try await call(world, "PUT", "/v2/orders/\(name)", update(version - 1, "a"))
      #expect(stale.body["errors"].array?.first?["code"] == "VERSION_MISMATCH")
      let done = try await call(world, "PUT", "/v2/orders/\(name)", update(version, "b"))
      #expect(done.body["order"]["state"] == "COMPLETED")
      #expect((done.body["order"]["version"].integer ?? 0) > version)
      let again = try await call(world, "PUT", "/v2/orders/\(name)", update(version, "b"))
      #expect(again.body == done.body)
    }
  }

  /// Goal: a change never has a version that was there before: an integrator would not look at it.
  @Test func everyChangeHasAVersionOfItsOwn() async throws {
    try await withSquare { world in
      let bought = try await world.buy(Self.key, 2)
      let name = bought.body["order_id"].string ?? ""
      let line = bought.body["lines"].array?.first?["line_id"] ?? .null
      var versions: [Int64] = []
      func look() async throws {
        let order = try await call(world, "GET", "/v2/orders/\(name)").body["order"]
        versions.append(order["version"].integer ?? 0)
      }
      try await look()
      // One unit of two, then the other.
      for _ in 0..<2 {
        let one: JSONValue = [["line_id": line, "quantity": 1]]
        let cancelled = try await world.control(
          "cancellations",
          ["channel": "square", "shop": "L1", "order_id": .string(name), "lines": one])
        #expect(cancelled.status == 200)
        try await look()
      }
      #expect(versions == versions.sorted() && Set(versions).count == 3, "\(versions)")
    }
  }

  @Test func searchIsByTimeInPagesWithReturnsAmongThem() async throws {
    try await withSquare { world in
      for _ in 0..<3 {
        world.clock.advance(by: .seconds(1))
        _ = try await world.buy(Self.key, 1)
      }
      let last = try await world.control("orders?limit=1", nil).body["orders"].array?.first
      let name = last?["order_id"].string ?? ""
      _ = try await world.change("shipments", Self.key, order: name)
      let refund = try await world.change("refunds", Self.key, order: name)
      func search(_ cursor: JSONValue?, sort: String = "UPDATED_AT") -> JSONValue {
        let search: JSONValue = [
          "location_ids": ["L1"], "limit": 3,
          "query": [
            "filter": ["date_time_filter": ["updated_at": ["start_at": "2023-11-14T00:00:00Z"]]],
            "sort": ["sort_field": .string(sort), "sort_order": "ASC"],
          ],
        ]
        return cursor.map { search.adding("cursor", $0) } ?? search
      }
      let first = try await call(world, "POST", "/v2/orders/search", search(nil)).body
      #expect(first["orders"].array?.count == 3)
      let second = try await call(
        world, "POST", "/v2/orders/search", search(first["cursor"])
      ).body
      #expect(second["orders"].array?.count == 1 && second["cursor"].isNull)
      let all = (first["orders"].array ?? []) + (second["orders"].array ?? [])
      let back = try #require(all.first { $0["id"] == refund.body["refund_id"] })
      #expect(back["returns"].array?.first?["source_order_id"] == .string(name))
      let other = try await call(
        world, "POST", "/v2/orders/search", search(nil, sort: "CREATED_AT"))
      #expect(other.status == 400)
    }
  }

  @Test func eventsAreSignedOverTheURLAndTheBody() async throws {
    try await withSquare { world in
      world.sender.answer([500])
      let bought = try await world.buy(Self.key, 1)
      let events = await world.allSent()
      #expect(events.map { $0.body["type"].string }.contains("payment.updated"))
      for event in events {
        let code = HMAC.sha256(
          key: Array("asdf1234".utf8), Array(Self.hook.utf8) + event.event.body)
        #expect(event.event.headers["x-square-hmacsha256-signature"] == Base64.encode(code))
        #expect(event.body["location_id"] == "L1")
      }
      let created = events.filter { $0.body["type"] == "order.created" }
      let object = created.first?.body["data"]["object"]["order_created"]
      #expect(
        object?["order_id"] == bought.body["order_id"] && object?["line_items"].isNull == true)
      // The first try failed: the second is the same event and says that it is one.
      let retried = events.filter { $0.event.headers["square-retry-number"] == "1" }
      #expect(retried.count == 1 && events.count == 3)
      #expect(Set(events.map(\.event.body)).count == 2)
    }
  }

  @Test func onlyTillsSellOverTheCounter() async throws {
    try await withSquare { world in
      for (shop, paid) in [(SandboxWorld.shopee, true), (Self.key, false)] {
        let answer = try await world.control(
          "orders",
          [
            "channel": .string(shop.channel.rawValue), "shop": .string(shop.shopID),
            "counter": true, "paid": .bool(paid),
            "lines": [["item_id": "234234234", "variation_id": "234", "quantity": 1]],
          ])
        #expect(answer.status == 400)
      }
      #expect(try await world.shown(Self.key) == 10)
    }
  }

  @Test func rateLimitIsSaid() async throws {
    try await withSquare { world in
      _ = try await world.control("faults", ["channel": "square", "rate_limit_per_second": 1])
      #expect(try await call(world, "GET", "/v2/catalog/list?types=ITEM").status == 200)
      let limited = try await call(world, "GET", "/v2/catalog/list?types=ITEM")
      #expect(limited.status == 429)
      #expect(limited.body["errors"].array?.first?["code"] == "RATE_LIMITED")
    }
  }
}
