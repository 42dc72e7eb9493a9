import Kit
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// Goal: only what TikTok Shop would take is taken, and it answers as its pages say.
@Suite struct TikTokTests {
  private let shop = SandboxWorld.tiktok

  @Test func signsAsTheOfficialVector() {
    let sign = TikTokCall.sign(
      path: "/authorization/202309/shops",
      parameters: FormFields("timestamp=1623812664&app_key=29a39d&sign=x&access_token=y"),
      body: [], secret: "e59af819cc")
    #expect(sign == "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8")
  }

  @Test func refusesEveryOtherCall() async throws {
    try await withSandbox { world in
      let path = "/product/202309/inventory/search"
      let body: JSONValue = ["sku_ids": ["234"]]
      let good = try await world.tiktokCall("POST", path, body: body)
      #expect(good.status == 200 && good.body["code"] == 0)
      let wrong: [([String: String?], Int64)] = [
        (["sign": "00"], 106_001), (["sign": nil], 106_001), (["more": "1"], 106_001),
        (["app_key": "1"], 36_009_004), (["timestamp": "1699999699"], 36_009_004),
        (["timestamp": "1700000031"], 36_009_004), (["timestamp": "x"], 36_009_004),
      ]
      for (changes, code) in wrong {
        let answer = try await world.tiktokCall("POST", path, body: body, with: changes)
        #expect(answer.body["code"] == .integer(code), "\(changes)")
      }
      let other = try await world.tiktokCall(
        "POST", path, body: body, sends: ["sku_ids": ["235"]])
      #expect(other.body["code"] == 106_001, "the body is signed")
      let token = try await world.tiktokCall("POST", path, body: body, token: "other")
      #expect(token.status == 401 && token.body["code"] == 105_002)
      let cipher = try await world.tiktokCall("POST", path, body: body, cipher: "other")
      #expect(cipher.body["code"] == 106_013)
      #expect(
        try await world.tiktokCall("POST", path, body: body, cipher: nil).body["code"] == 106_013)
      #expect(try await world.tiktokCall("GET", path).status == 404)
      #expect(try await world.tiktokCall("GET", "/order/202309/nothing").body["code"] == 36_009_009)
      let ids = try await world.tiktokCall("POST", path, body: ["sku_ids": [234]])
      #expect(ids.body["code"] == 36_009_004, "IDs are text")
    }
  }

  @Test func setsTheNumberAndHidesFailuresInASuccess() async throws {
    try await withSandbox { world in
      #expect(try await world.setTikTok(7)["code"] == 0)
      #expect(try await world.setTikTok(7)["code"] == 0)
      #expect(try await world.shown(shop) == 7, "absolute")
      func code(_ answer: JSONValue) -> JSONValue {
        let error = answer["data"]["errors"].array?.first
        return answer["code"] == 0
          ? error?["detail"]["extra_errors"].array?.first?["code"] ?? .null : answer["code"]
      }
      #expect(code(try await world.setTikTok(1, sku: "999")) == 12_052_556)
      #expect(code(try await world.setTikTok(100_000)) == 12_052_055)
      #expect(code(try await world.setTikTok(-1)) == 12_052_055)
      #expect(code(try await world.setTikTok(1, warehouses: ["1"])) == 12_019_028)
      #expect(code(try await world.setTikTok(1, warehouses: [])) == 12_019_028)
      _ = try await world.control("faults", ["channel": "tiktok", "partial_failure_percent": 100])
      #expect(code(try await world.setTikTok(1)) == 36_009_003)
      #expect(try await world.shown(shop) == 7)
      let path = "/product/202309/products/9/inventory/update"
      let missing = try await world.tiktokCall("POST", path, body: ["skus": [["id": "1"]]])
      #expect(missing.body["code"] == 12_052_032)
    }
  }

  @Test func everyWarehouseMustBeInTheList() async throws {
    try await withSandbox { world in
      _ = try await world.control("shops", SandboxWorld.tiktokShop(["warehouse_ids": "W1,W2"]))
      let part = try await world.setTikTok(7, warehouses: ["W1"])
      #expect(part["data"]["errors"].array?.count == 1)
      let all = try await world.setTikTok(7, warehouses: ["W1", "W2"])
      #expect(all["code"] == 0 && all["data"] == [:])
      #expect(try await world.shown(shop) == 7)
    }
  }

  @Test func campaignLetsTheNumberOnlyRise() async throws {
    try await withSandbox { world in
      _ = try await world.control(
        "listings",
        [
          "channel": "tiktok", "shop": .string(shop.shopID), "item_id": "234234234",
          "variation_id": "234", "reserved": 4,
        ])
      let answer = try await world.setTikTok(9)
      let error = answer["data"]["errors"].array?.first?["detail"]["extra_errors"].array?.first
      #expect(error?["code"] == 12_052_393)
      #expect(try await world.setTikTok(12)["data"] == [:])
      let found = try await world.tiktokCall(
        "POST", "/product/202309/inventory/search", body: ["product_ids": ["234234234"]])
      let sku = found.body["data"]["inventory"].array?.first?["skus"].array?.first
      let distribution = sku?["total_available_inventory_distribution"]
      #expect(sku?["total_available_quantity"] == 12)
      #expect(distribution?["in_shop_inventory"]["quantity"] == 8)
      #expect(distribution?["campaign_inventory"].array?.first?["quantity"] == 4)
    }
  }

  /// A product is told of once, with those of its SKUs that were asked for.
  @Test func searchFindsSKUsOfSeveralProducts() async throws {
    try await withSandbox { world in
      let listings = (1...3).flatMap { item in
        (1...2).map { sku -> JSONValue in
          [
            "item_id": .string("90\(item)"), "variation_id": .string("9\(item)\(sku)"),
            "sku": .string("S-\(item)\(sku)"), "stock": .integer(Int64(10 * item + sku)),
          ]
        }
      }
      _ = try await world.control(
        "listings",
        ["channel": "tiktok", "shop": .string(shop.shopID), "listings": .array(listings)])
      let found = try await world.tiktokCall(
        "POST", "/product/202309/inventory/search",
        body: ["sku_ids": ["932", "911", "931", "none", "911"]])
      let shown = found.body["data"]["inventory"].array?.map { product in
        (product["skus"].array ?? []).map {
          "\(product["product_id"].string ?? "") \($0["id"].string ?? "") "
            + "\($0["total_available_quantity"].integer ?? 0)"
        }
      }
      #expect(shown == [["901 911 11"], ["903 931 31", "903 932 32"]])
    }
  }

  /// Documented is a least of 1; a seller for whom TikTok is that strict takes the product off the shop.
  @Test func productThatIsOffTheShopTakesNoNumber() async throws {
    try await withSandbox { world in
      _ = try await world.control("shops", SandboxWorld.tiktokShop(["least_stock": "1"]))
      let error = try await world.setTikTok(0)["data"]["errors"].array?.first
      #expect(error?["detail"]["extra_errors"].array?.first?["code"] == 12_052_055)
      let off = try await world.tiktokCall(
        "POST", "/product/202309/products/deactivate", body: ["product_ids": ["234234234", "9"]])
      #expect(off.body["data"]["errors"].array?.count == 1)
      #expect(try await world.buy(shop, 1).status == 404)
      #expect(try await world.setTikTok(5)["code"] == 12_052_901)
      let product = try await world.tiktokCall("GET", "/product/202309/products/234234234")
      #expect(product.body["data"]["status"] == "SELLER_DEACTIVATED")
    }
  }

  @Test func callsAreLimitedToFiftyASecondForEachAPI() async throws {
    try await withSandbox { world in
      var statuses: [Int] = []
      for _ in 0..<51 {
        statuses.append(
          try await world.tiktokCall("GET", "/product/202309/products/234234234").status)
      }
      #expect(statuses.prefix(50).allSatisfy { $0 == 200 } && statuses.last == 429)
      #expect(try await world.setTikTok(5)["code"] == 0)
      world.clock.advance(by: .seconds(1))
      let again = try await world.tiktokCall("GET", "/product/202309/products/234234234")
      #expect(again.status == 200)
    }
  }

  @Test func lineItemIsOneUnit() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(shop, 3)
      let name = try #require(bought.body["order_id"].string)
      let lines = (bought.body["lines"].array ?? []).map { $0["line_id"] }
      #expect(lines.count == 3)
      _ = try await world.change(
        "cancellations", shop, order: name,
        ["lines": [["line_id": lines[0], "quantity": 1]]])
      let detail = try await world.tiktokCall("GET", "/order/202309/orders", ["ids": name])
      let order = try #require(detail.body["data"]["orders"].array?.first)
      #expect(order["status"] == "AWAITING_SHIPMENT")
      #expect(
        order["line_items"].array?.map { $0["display_status"].string } == [
          "CANCELLED", "AWAITING_SHIPMENT", "AWAITING_SHIPMENT",
        ])
      let types = await world.allSent().compactMap { $0.body["type"].integer }
      #expect(types.sorted() == [1, 11], "a part changes no status")
      let unknown = try await world.tiktokCall("GET", "/order/202309/orders", ["ids": "9"])
      #expect(unknown.body["code"] == 21_008_111)
    }
  }

  @Test func ordersAreSearchedByTheirUpdates() async throws {
    try await withSandbox { world in
      var names: [JSONValue] = []
      for _ in 0..<3 {
        names.append(try await world.buy(shop, 1).body["order_id"])
        world.clock.advance(by: .seconds(10))
      }
      func search(
        _ order: String, _ body: JSONValue, token: String = "", size: String = "2"
      ) async throws -> (ids: [JSONValue], next: String) {
        let answer = try await world.tiktokCall(
          "POST", "/order/202309/orders/search",
          [
            "page_size": size, "sort_field": "update_time", "sort_order": order,
            "page_token": token,
          ], body: body
        ).body["data"]
        return (
          (answer["orders"].array ?? []).map { $0["id"] }, answer["next_page_token"].string ?? "-"
        )
      }
      let first = try await search("ASC", [:])
      #expect(first.ids == Array(names[0...1]) && first.next != "")
      let last = try await search("ASC", [:], token: first.next)
      #expect(last.ids == [names[2]] && last.next == "")
      let newest = try await search("DESC", [:])
      #expect(newest.ids == [names[2], names[1]])
      #expect(try await search("DESC", [:], token: newest.next).ids == [names[0]])
      let since = try await search("ASC", ["update_time_ge": 1_700_000_010])
      #expect(since.ids == Array(names[1...2]))
      let window = try await search(
        "ASC", ["update_time_ge": 1_700_000_010, "update_time_lt": 1_700_000_020])
      #expect(window.ids == [names[1]])
      let none = try await search("ASC", ["update_time_ge": 1_700_000_500])
      #expect(none.ids.isEmpty && none.next == "")
      #expect(try await search("ASC", [:], size: "101").next == "-")
    }
  }

  @Test func packageIsShippedOnce() async throws {
    try await withSandbox { world in
      let name = try #require(try await world.buy(shop, 2).body["order_id"].string)
      let detail = try await world.tiktokCall("GET", "/order/202309/orders", ["ids": name])
      let order = detail.body["data"]["orders"].array?.first
      let package = try #require(order?["packages"].array?.first?["id"].string)
      let path = "/fulfillment/202309/packages/\(package)"
      let slots = try await world.tiktokCall("GET", "\(path)/handover_time_slots")
      #expect(slots.body["data"]["can_pickup"] == true)
      let own = try await world.tiktokCall(
        "POST", "\(path)/ship", body: ["self_shipment": ["tracking_number": "T"]])
      #expect(own.body["code"] == 21_001_001)
      let done = try await world.tiktokCall("POST", "\(path)/ship", body: [:])
      #expect(done.body["code"] == 0)
      #expect(try await world.table(shop) == [8, 8, 0, 0])
      let again = try await world.tiktokCall("POST", "\(path)/ship", body: [:])
      #expect(again.body["code"] == 21_008_099)
      let other = try await world.tiktokCall(
        "POST", "/fulfillment/202309/packages/12/ship", body: [:])
      #expect(other.body["code"] == 21_011_028)
      let types = await world.allSent().compactMap { $0.body["type"].integer }
      #expect(types.sorted() == [1, 1, 4])
    }
  }

  @Test func sellersOwnShippingGoesByUnits() async throws {
    try await withSandbox { world in
      _ = try await world.control("shops", SandboxWorld.tiktokShop(["shipping_type": "SELLER"]))
      let bought = try await world.buy(shop, 2)
      let name = try #require(bought.body["order_id"].string)
      let lines = (bought.body["lines"].array ?? []).map { $0["line_id"] }
      let path = "/fulfillment/202309/orders/\(name)/packages"
      func ship(_ lines: [JSONValue], _ provider: String) async throws -> JSONValue {
        try await world.tiktokCall(
          "POST", path,
          body: [
            "order_line_item_ids": .array(lines), "tracking_number": "TRK1",
            "shipping_provider_id": .string(provider),
          ]
        ).body["code"]
      }
      #expect(try await ship([lines[0]], "1") == 21_011_022)
      #expect(try await ship([lines[0]], TikTokFulfilment.provider) == 0)
      #expect(try await ship([lines[0]], TikTokFulfilment.provider) == 21_008_099)
      #expect(try await ship(["9"], TikTokFulfilment.provider) == 21_011_029)
      let detail = try await world.tiktokCall("GET", "/order/202309/orders", ["ids": name])
      let order = detail.body["data"]["orders"].array?.first
      #expect(order?["status"] == "PARTIALLY_SHIPPING")
      let units = order?["line_items"].array ?? []
      #expect(units.map { $0["tracking_number"] } == ["TRK1", .null])
      #expect(units.map { $0["package_id"].isNull } == [false, true])
    }
  }

  @Test func partIsCancelledOnlyForWantOfStock() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(shop, 2)
      let line = try #require(bought.body["lines"].array?.first?["line_id"])
      func cancel(_ reason: String, _ lines: [JSONValue]) async throws -> JSONValue {
        try await world.tiktokCall(
          "POST", "/return_refund/202309/cancellations",
          body: [
            "order_id": bought.body["order_id"], "cancel_reason": .string(reason),
            "order_line_item_ids": .array(lines),
          ]
        ).body["code"]
      }
      #expect(try await cancel("because", []) == 25_001_014)
      #expect(try await cancel("seller_cancel_unpaid_reason_out_of_stock", []) == 25_001_021)
      #expect(try await cancel("seller_cancel_reason_wrong_price", [line]) == 25_005_010)
      #expect(try await cancel("seller_cancel_reason_out_of_stock", [line]) == 0)
      #expect(try await world.shown(shop) == 9, "the number comes back and is not zeroed")
      #expect(try await cancel("seller_cancel_reason_out_of_stock", []) == 0)
      #expect(try await cancel("seller_cancel_reason_out_of_stock", []) == 25_001_011)
    }
  }

  @Test func returnIsApprovedStepByStep() async throws {
    try await withSandbox { world in
      let name = try #require(try await world.buy(shop, 1).body["order_id"].string)
      _ = try await world.change("shipments", shop, order: name, ["delivered": true])
      let made = try await world.change("returns", shop, order: name)
      let id = try #require(made.body["return_id"].string)
      func approve(_ decision: String) async throws -> JSONValue {
        try await world.tiktokCall(
          "POST", "/return_refund/202309/returns/\(id)/approve",
          body: ["decision": .string(decision)]
        ).body["code"]
      }
      func status() async throws -> String? {
        try await world.tiktokCall(
          "POST", "/return_refund/202309/returns/search", ["page_size": "10"],
          body: ["return_ids": [.string(id)]]
        ).body["data"]["return_orders"].array?.first?["return_status"].string
      }
      #expect(try await status() == "RETURN_OR_REFUND_REQUEST_PENDING")
      #expect(try await approve("APPROVE_RECEIVED_PACKAGE") == 25_011_013)
      #expect(try await approve("APPROVE_REFUND") == 25_020_004)
      #expect(try await approve("APPROVE_RETURN") == 0)
      #expect(try await status() == "BUYER_SHIPPED_ITEM")
      #expect(try await approve("APPROVE_RETURN") == 25_011_012)
      #expect(try await approve("APPROVE_RECEIVED_PACKAGE") == 0)
      #expect(try await status() == "RETURN_OR_REFUND_REQUEST_COMPLETE")
      let small = try await world.tiktokCall(
        "POST", "/return_refund/202309/returns/search", ["page_size": "5"], body: [:])
      #expect(small.body["code"] == 36_009_004, "pages have 10 to 50")
    }
  }

  @Test func tokensEndAndAreMadeAnew() async throws {
    try await withSandbox { world in
      func token(_ name: String, _ query: [String: String]) async throws -> JSONValue {
        var all = query
        all["app_key"] = "fake_app_key"
        all["app_secret"] = query["app_secret"] ?? "fake_app_secret"
        return try await world.tiktokCall("GET", "/api/v2/token/\(name)", with: all).body
      }
      let refresh = ["grant_type": "refresh_token", "refresh_token": "tiktok_refresh"]
      world.clock.advance(by: .seconds(7 * 86_400))
      #expect(try await world.setTikTok(5)["code"] == 105_002)
      let fresh = try await token("refresh", refresh)
      let access = try #require(fresh["data"]["access_token"].string)
      #expect(fresh["data"]["access_token_expire_in"] == 1_701_209_600, "a moment, no span")
      let shops = try await world.tiktokCall(
        "GET", "/authorization/202309/shops", token: access, cipher: nil)
      #expect(shops.body["data"]["shops"].array?.first?["cipher"] == "CIPHER_demo")
      let page = try await world.send(
        HTTPRequest(
          method: "GET", path: "/tiktok/open/authorize", query: "service_id=svc&state=s1"))
      let location = page.headers.first { $0.name == "location" }?.value ?? ""
      let back = FormFields(location.drop { $0 != "?" }.dropFirst())
      #expect(location.hasPrefix("https://gw.example.com/back?") && back["state"] == "s1")
      let code = ["grant_type": "authorized_code", "auth_code": back["code"] ?? ""]
      #expect(try await token("get", code)["code"] == 0)
      #expect(try await token("get", code)["code"] == 36_004_004, "a code is good once")
      #expect(
        try await world.tiktokCall("GET", "/authorization/202309/shops", token: access).status
          == 401)
      for wrong in [
        ["grant_type": "refresh_token", "refresh_token": "other"],
        ["grant_type": "refresh_token", "refresh_token": ""], ["grant_type": "x"],
        refresh.merging(["app_secret": "other"]) { $1 },
      ] {
        #expect(try await token("refresh", wrong)["code"] != 0, "\(wrong)")
      }
      #expect(try await token("get", ["grant_type": "authorized_code"])["code"] == 36_004_004)
    }
  }
}
