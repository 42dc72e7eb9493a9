import Kit
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import SandboxServer

/// Goal: a site takes and tells what WooCommerce would. Method: calls as an integrator writes them.
@Suite(.timeLimit(.minutes(2))) struct WooCommerceTests {
  private static let site = Shop.Key(channel: .woocommerce, shopID: "shop.example.com")
  private static let hook = "https://gw.example.com/hooks/woocommerce"
  private static let keys = "Basic \(Base64.encode(Array("ck_demo:cs_demo".utf8)))"

  private func withSite(
    isPumping: Bool = true, _ body: (SandboxWorld) async throws -> Void
  ) async throws {
    try await withSandbox(isPumping: isPumping) { world in
      _ = try await world.control(
        "shops",
        [
          "channel": "woocommerce", "shop": "shop.example.com", "hook_url": .string(Self.hook),
          "consumer_key": "ck_demo", "consumer_secret": "cs_demo", "webhook_secret": "woo_secret",
          "home_url": "http://shop.example.com",
        ])
      _ = try await world.control(
        "listings",
        [
          "channel": "woocommerce", "shop": "shop.example.com", "item_id": "234234234",
          "variation_id": "234", "sku": "TEE-BLK-M", "title": "Tee", "stock": 10,
        ])
      try await body(world)
    }
  }

  @Test func movedHookMovesItsWebhooks() async throws {
    try await withSite { world in
      let body: JSONValue = [
        "channel": "woocommerce", "shop": "shop.example.com", "hook_url": "http://127.0.0.1:1/",
      ]
      #expect(try await world.control("shops", body).status == 200)
      let webhooks = try await world.sandbox.platform.read { try $0.wooCommerceWebhooks(Self.site) }
      #expect(webhooks.count == 4)
      #expect(webhooks.allSatisfy { $0.deliveryURL == "http://127.0.0.1:1/" })
    }
  }

  @Test func storeOfTheVersionBeforeOpens() async throws {
    let world = try await SandboxWorld()
    try await world.close()
    let path = "\(world.folder)/older.db"
    let older = try SQLiteDatabase(
      path: path, migrations: Array(SandboxMigrations.all.prefix(1)), durability: .process)
    _ = try await older.write(until: .after(.seconds(60))) { transaction in
      try transaction.execute("UPDATE counter SET value = 41 WHERE name = 'number'")
    }
    await older.close()
    let newer = try SQLiteDatabase(
      path: path, migrations: SandboxMigrations.all, durability: .process)
    let number = try await newer.write(until: .after(.seconds(60))) { try $0.next("number") }
    #expect(number == 42)
    let hooks = try await newer.read(until: .after(.seconds(60))) {
      try $0.wooCommerceWebhooks(Self.site)
    }
    #expect(hooks.isEmpty)
    await newer.close()
    let again = try await SandboxWorld(folder: world.folder)
    try await again.remove()
  }

  private func call(
    _ world: SandboxWorld, _ method: String, _ path: String, query: String = "",
    body: JSONValue? = nil, authorization: String = keys
  ) async throws -> (response: HTTPResponse, body: JSONValue) {
    let response = try await world.send(
      HTTPRequest(
        method: method, path: "/woocommerce/shop.example.com/wp-json/wc/v3/\(path)", query: query,
        headers: [("authorization", authorization)], body: body?.bytes ?? []))
    return (response, JSONValue(parsing: response.body) ?? .null)
  }

  /// Method: nothing is sent until the order is cancelled.
  @Test func bodyIsMadeWhenItIsSentAndSigned() async throws {
    try await withSite(isPumping: false) { world in
      let bought = try await world.buy(Self.site, 2)
      let order = try #require(bought.body["order_id"].string)
      _ = try await world.change("cancellations", Self.site, order: order)
      world.startPump()
      let events = await world.allSent()
      #expect(
        Set(events.map { $0.event.headers["X-WC-Webhook-Topic"] })
          == ["order.created", "order.updated"])
      for event in events {
        #expect(event.url == Self.hook && event.body["status"] == "cancelled")
        #expect(event.body["line_items"].array?.first?["quantity"] == 2)
        let signature = HMAC.sha256(key: Array("woo_secret".utf8), event.event.body)
        #expect(event.event.headers["X-WC-Webhook-Signature"] == Base64.encode(signature))
        #expect(event.event.headers["X-WC-Webhook-Source"] == "https://shop.example.com/")
      }
    }
  }

  private func status(_ world: SandboxWorld, of topic: String) async throws -> JSONValue {
    let hooks = try await call(world, "GET", "webhooks").body.array ?? []
    return hooks.first { $0["topic"].string == topic } ?? .null
  }

  @Test func webhookIsTriedOnceAndTurnedOffByFailures() async throws {
    try await withSite { world in
      world.sender.answer(Array(repeating: 500, count: 7))
      for count in 1...7 {
        _ = try await world.buy(Self.site, 1)
        #expect(await world.allSent().count == count, "each is tried once")
        let status = try await status(world, of: "order.created")["status"]
        #expect(status == (count < 7 ? "active" : "disabled"))
      }
      _ = try await world.buy(Self.site, 1)
      #expect(await world.allSent().count == 7)
      #expect(try await status(world, of: "order.updated")["status"] == "active")
      let id = try #require(try await status(world, of: "order.created")["id"].text)
      let on = try await call(world, "PUT", "webhooks/\(id)", body: ["status": "active"])
      #expect(on.body["status"] == "active")
      _ = try await world.buy(Self.site, 1)
      #expect(await world.allSent().count == 8)
      #expect(
        try await call(world, "PUT", "webhooks/\(id)", body: ["status": "on"]).response.status
          == 400)
      #expect(try await call(world, "PUT", "webhooks/9", body: [:]).response.status == 404)
    }
  }

  /// Goal: each webhook of a topic gets its own copy, at its own address and with its own secret, and fails by itself.
  @Test func everyWebhookOfATopicIsTold() async throws {
    try await withSite(isPumping: false) { world in
      let made = try await call(
        world, "POST", "webhooks",
        body: [
          "topic": "order.created", "delivery_url": "https://other.example.com/x", "secret": "s",
        ])
      let id = try #require(made.body["id"].text)
      _ = try await world.buy(Self.site, 1)
      world.sender.answer([200, 200, 500])
      world.startPump()
      let events = await world.allSent().filter {
        !$0.event.headers["X-WC-Webhook-Topic", default: ""].isEmpty
      }
      #expect(Set(events.map(\.url)) == [Self.hook, "https://other.example.com/x"])
      #expect(Set(events.compactMap { $0.event.headers["X-WC-Webhook-ID"] }).count == 2)
      let other = try #require(events.first { $0.event.headers["X-WC-Webhook-ID"] == id })
      let signature = HMAC.sha256(key: Array("s".utf8), other.event.body)
      #expect(other.event.headers["X-WC-Webhook-Signature"] == Base64.encode(signature))
      let hooks = try await world.sandbox.platform.read { try $0.wooCommerceWebhooks(Self.site) }
      #expect(hooks.map(\.failureCount).reduce(0, +) == 1)
      _ = try await call(world, "PUT", "webhooks/\(id)", body: ["status": "paused"])
      let count = events.count
      _ = try await world.buy(Self.site, 1)
      let later = await world.allSent().dropFirst(count + 1)
      #expect(later.map(\.url) == [Self.hook])
    }
  }

  /// Goal: who joins a product's name and its variation's option gets the title, and no part of it twice.
  @Test func titleIsInTwoParts() async throws {
    try await withSite { world in
      func list(_ item: String, _ variation: String, _ title: String) async throws {
        _ = try await world.control(
          "listings",
          [
            "channel": "woocommerce", "shop": "shop.example.com", "item_id": .string(item),
            "variation_id": .string(variation), "sku": "S", "title": .string(title), "stock": 1,
          ])
      }
      try await list("7", "71", "Cap, red")
      try await list("8", "81", "Tee, black, M")
      try await list("8", "82", "Tee, black, L")
      try await list("9", "91", "One")
      try await list("9", "92", "Two")
      for (item, name, options) in [
        ("7", "Cap, red", [nil]), ("8", "Tee, black", ["M", "L"]),
        ("9", "Product 9", ["One", "Two"]),
      ] as [(String, String, [String?])] {
        #expect(try await call(world, "GET", "products/\(item)").body["name"].string == name)
        let variations = try await call(
          world, "GET", "products/\(item)/variations", query: "order=asc")
        #expect(
          variations.body.array?.map { $0["attributes"].array?.first?["option"].string } == options)
      }
    }
  }

  @Test func newWebhookIsTriedOutWithAForm() async throws {
    try await withSite { world in
      let made = try await call(
        world, "POST", "webhooks",
        body: [
          "topic": "product.updated", "delivery_url": "https://gw.example.com/x", "secret": "s",
        ])
      #expect(made.response.status == 201)
      let ping = try #require(await world.allSent().first)
      #expect(
        String(decoding: ping.event.body, as: UTF8.self)
          == "webhook_id=\(made.body["id"].text ?? "")")
      #expect(ping.event.headers["Content-Type"] == "application/x-www-form-urlencoded")
      #expect(ping.event.headers["X-WC-Webhook-Signature"] == nil)
      for body: JSONValue in [
        [:], ["topic": "order"], ["topic": "order.created", "delivery_url": "x"],
      ] {
        #expect(try await call(world, "POST", "webhooks", body: body).response.status == 400)
      }
    }
  }

  @Test func refusesWhatIsNotThere() async throws {
    try await withSite { world in
      for (method, path, query, status) in [
        ("GET", "nothing", "", 404), ("DELETE", "orders/1", "", 404), ("GET", "orders/1", "", 404),
        ("GET", "products/9", "", 404), ("GET", "products/9/variations", "", 404),
        ("GET", "products", "per_page=101", 400), ("GET", "orders", "page=0", 400),
        ("GET", "orders", "orderby=colour", 400),
        ("GET", "orders", "orderby=modified&modified_after=yesterday", 400),
        ("PUT", "orders/1", "", 404), ("POST", "orders/1/refunds", "", 400),
        ("POST", "orders/1/notes", "", 404),
      ] {
        let answer = try await call(
          world, method, path, query: query, body: method == "GET" ? nil : [:])
        #expect(answer.response.status == status, "\(method) \(path) \(query)")
        #expect(answer.body["code"].string != nil)
        #expect(answer.body["data"]["status"].integer == Int64(status))
      }
      let broken = try await world.send(
        HTTPRequest(
          method: "POST", path: "/woocommerce/shop.example.com/wp-json/wc/v3/products/batch",
          headers: [("authorization", Self.keys)], body: Array("[".utf8)))
      #expect(broken.status == 400)
      for authorization in ["", "Basic x", "Bearer cs_demo"] {
        let answer = try await call(world, "GET", "orders", authorization: authorization)
        #expect(answer.response.status == 401)
      }
      let query = "consumer_key=ck_demo&consumer_secret=cs_demo"
      #expect(
        try await call(world, "GET", "orders", query: query, authorization: "").response.status
          == 200)
    }
  }

  /// The vector's own: GET of the orders at the site's home URL.
  @Test func oauthIsCheckedToTheLetter() async throws {
    try await withSite { world in
      func ask(_ changes: [String: String] = [:]) async throws -> Int {
        var all = [
          "oauth_consumer_key": "ck_demo", "oauth_nonce": "nonce123",
          "oauth_signature_method": "HMAC-SHA256", "oauth_timestamp": "1700000000",
          "per_page": "100", "oauth_signature": "wJjddjTHrJmS2gHB6hjDCc1OIS1NNiusbALX5oKyHfo=",
        ]
        all.merge(changes) { $1 }
        return try await call(
          world, "GET", "orders", query: SandboxWorld.form(all), authorization: ""
        ).response.status
      }
      let good = try await ask()
      #expect(good == 200)
      for change in [
        ["per_page": "99"], ["oauth_nonce": ""], ["oauth_nonce": "other"], ["page": "1"],
        ["oauth_signature_method": "PLAINTEXT"], ["oauth_signature": ""],
        ["oauth_consumer_key": "other"], ["oauth_timestamp": "1699999000"],
      ] {
        let status = try await ask(change)
        #expect(status == 401, "\(change)")
      }
    }
  }

  @Test func batchIsDoneObjectByObject() async throws {
    try await withSite { world in
      let path = "products/234234234/variations/batch"
      let answer = try await call(
        world, "POST", path,
        body: [
          "update": [
            ["id": 234, "stock_quantity": 7], ["id": 999, "stock_quantity": 1],
            ["id": 234, "stock_quantity": "x"], ["stock_quantity": 1],
          ]
        ])
      let rows = try #require(answer.body["update"].array)
      #expect(answer.response.status == 200 && rows.count == 4)
      #expect(rows[0]["stock_quantity"] == 7 && rows[0]["error"].isNull)
      #expect(rows[1]["error"]["code"] == "woocommerce_rest_product_variation_invalid_id")
      #expect(rows[1]["id"] == 999)
      #expect(rows[2]["error"]["code"] == "rest_invalid_param")
      #expect(rows[3]["error"]["code"] == "rest_invalid_param")
      #expect(try await world.shown(Self.site) == 7)
      let many = JSONValue.array(Array(repeating: ["id": 234, "stock_quantity": 1], count: 101))
      let refused = try await call(world, "POST", path, body: ["update": many])
      #expect(refused.response.status == 413)
      #expect(refused.body["code"] == "woocommerce_rest_request_entity_too_large")
      #expect(try await world.shown(Self.site) == 7)
    }
  }

  @Test func unmanagedStockIsNoNumberUntilItIsManaged() async throws {
    try await withSite { world in
      _ = try await world.control(
        "listings",
        [
          "channel": "woocommerce", "shop": "shop.example.com", "item_id": "300", "sku": "MUG",
          "title": "Mug", "stock": 5, "inventory_item_id": "unmanaged",
        ])
      let before = try await call(world, "GET", "products/300").body
      #expect(before["manage_stock"] == false && before["stock_quantity"].isNull)
      for (entry, number) in [
        (["id": 300, "stock_quantity": 4] as JSONValue, JSONValue.null),
        (["id": 300, "manage_stock": true, "stock_quantity": 4], 4),
      ] {
        let answer = try await call(world, "POST", "products/batch", body: ["update": [entry]])
        #expect(answer.body["update"].array?.first?["stock_quantity"] == number)
      }
    }
  }

  @Test func rowsComeInPagesWithTheirCount() async throws {
    try await withSite { world in
      var names: [String] = []
      for _ in 0..<5 {
        names.append(try #require(try await world.buy(Self.site, 1).body["order_id"].string))
        world.clock.advance(by: .seconds(1))
      }
      func page(_ query: String) async throws -> [String?] {
        let answer = try await call(world, "GET", "orders", query: query)
        let headers = Dictionary(answer.response.headers.map { ($0.name, $0.value) }) { $1 }
        #expect(headers["x-wp-total"] == "5" && headers["x-wp-totalpages"] == "3")
        return (answer.body.array ?? []).map { $0["id"].text }
      }
      #expect(try await page("per_page=2") == [names[4], names[3]])
      #expect(try await page("per_page=2&page=3") == [names[0]])
      #expect(try await page("per_page=2&page=4").isEmpty)
      #expect(
        try await page("per_page=2&page=2&order=asc&orderby=modified") == [names[2], names[3]])
      let after = try await call(
        world, "GET", "orders",
        query: "orderby=modified&order=asc&modified_after=2023-11-14T22:13:22&dates_are_gmt=true")
      #expect(after.body.array?.map { $0["id"].text } == [names[3], names[4]])
    }
  }

  /// The unit is for sale on the site's number until it is paid; a number set meanwhile is oversold.
  @Test func paymentMayTakeMoreThanIsLeft() async throws {
    try await withSite { world in
      let bought = try await world.buy(Self.site, 4, isPaid: false)
      let order = try #require(bought.body["order_id"].string)
      #expect(try await world.shown(Self.site) == 10)
      #expect(try await world.buy(Self.site, 7).status == 409)
      _ = try await call(
        world, "POST", "products/234234234/variations/batch",
        body: ["update": [["id": 234, "stock_quantity": 2]]])
      let paid = try await call(world, "PUT", "orders/\(order)", body: ["status": "processing"])
      #expect(paid.body["status"] == "processing")
      #expect(try await world.shown(Self.site) == -2)
      let done = try await call(world, "PUT", "orders/\(order)", body: ["status": "completed"])
      #expect(done.body["status"] == "completed" && !done.body["date_completed_gmt"].isNull)
      #expect(
        try await call(world, "PUT", "orders/\(order)", body: ["status": "x"]).response.status
          == 400)
      #expect(try await world.change("returns", Self.site, order: order).status == 400)
    }
  }

  @Test func refundIsPutBackUnlessItIsSaidOtherwise() async throws {
    try await withSite { world in
      let bought = try await world.buy(Self.site, 3)
      let order = try #require(bought.body["order_id"].string)
      let line = bought.body["lines"].array?.first?["line_id"] ?? .null
      func refund(_ quantity: Int64, _ more: JSONValue = [:]) async throws -> Int {
        let body = more.adding("line_items", [["id": line, "quantity": .integer(quantity)]])
        return try await call(world, "POST", "orders/\(order)/refunds", body: body).response.status
      }
      #expect(try await refund(1) == 201)
      #expect(try await world.shown(Self.site) == 8)
      #expect(try await refund(1, ["api_restock": false]) == 201)
      #expect(try await world.shown(Self.site) == 8)
      #expect(try await refund(2) == 400, "one is left")
      let read = try await call(world, "GET", "orders/\(order)").body
      #expect(read["refunds"].array?.count == 2 && read["status"] == "processing")
      let meta = read["line_items"].array?.first?["meta_data"].array ?? []
      #expect(meta.first { $0["key"] == "_restock_refunded_items" }?["value"] == "1")
      #expect(try await refund(1) == 201)
      #expect(try await call(world, "GET", "orders/\(order)").body["status"] == "refunded")
    }
  }
}
