import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: only what Shopee would take is taken. Method: calls signed by the test itself, and by the
/// vectors.
@Suite struct ShopeeTests {
  @Test func signsAsTheVectors() {
    let shop = ShopeeCall.sign(
      key: "shopee_partner_key_demo",
      base: "2001887/api/v2/product/update_stock1700000000tok_demo_access14701711")
    #expect(shop == "39346ce4cd7d0edeee1635e4ec445869ba97fda72eb6c5dbdb23a3e91770ac42")
    let open = ShopeeCall.sign(
      key: "shopee_partner_key_demo", base: "2001887/api/v2/auth/token/get1700000000")
    #expect(open == "1352c64f2638c14bda1abaaf7e3fea464dba2f30e3e8534da64874122800fc4a")
  }

  @Test func takesTheVectorAndRefusesEveryOtherSignature() async throws {
    try await withSandbox { world in
      let body: JSONValue = [
        "item_id": 234_234_234,
        "stock_list": [["model_id": 234, "seller_stock": [["stock": 7]]]],
      ]
      let good = try await world.shopeeCall(
        "POST", "product/update_stock", body: body,
        with: [
          "timestamp": "1700000000",
          "sign": "39346ce4cd7d0edeee1635e4ec445869ba97fda72eb6c5dbdb23a3e91770ac42",
        ])
      #expect(good["error"] == "")
      #expect(try await world.shown(SandboxWorld.shopee) == 7)
      let wrong: [([String: String?], String)] = [
        (
          ["sign": "39346ce4cd7d0edeee1635e4ec445869ba97fda72eb6c5dbdb23a3e91770ac43"], "error_sign"
        ),
        (["sign": nil], "error_param"), (["timestamp": "1699999699"], "error_param"),
        (["timestamp": "1700000100"], "error_sign"), (["partner_id": "2001888"], "error_auth"),
        (["shop_id": "14701712"], "error_auth"), (["access_token": "other"], "error_sign"),
      ]
      for (changes, code) in wrong {
        let answer = try await world.shopeeCall(
          "POST", "product/update_stock", body: body, with: changes)
        #expect(answer["error"].string == code, "\(changes)")
      }
    }
  }

  @Test func tokenEndsAfterFourHoursAndIsRefreshedOnce() async throws {
    try await withSandbox { world in
      world.clock.advance(by: .seconds(14_400))
      #expect(try await world.setShopee(5)["error"] == "invalid_acceess_token")
      let request: JSONValue = [
        "partner_id": 2_001_887, "shop_id": 14_701_711, "refresh_token": "shopee_refresh",
      ]
      let fresh = try await world.shopeeCall(
        "POST", "auth/access_token/get", body: request, token: nil)
      #expect(fresh["error"] == "" && fresh["expire_in"] == 14_400)
      #expect(fresh["refresh_token"].string != "shopee_refresh")
      let again = try await world.shopeeCall(
        "POST", "auth/access_token/get", body: request, token: nil)
      #expect(again["error"] == "error_auth")
      let token = try #require(fresh["access_token"].string)
      let limit = try await world.shopeeCall("GET", "product/get_item_limit", token: token)
      #expect(limit["error"] == "")
    }
  }

  @Test func oldTokenWorksFiveMinutesAfterARefresh() async throws {
    try await withSandbox { world in
      _ = try await world.shopeeCall(
        "POST", "auth/access_token/get",
        body: ["partner_id": 2_001_887, "shop_id": 14_701_711, "refresh_token": "shopee_refresh"],
        token: nil)
      world.clock.advance(by: .seconds(299))
      #expect(try await world.setShopee(5)["error"] == "")
      world.clock.advance(by: .seconds(1))
      #expect(try await world.setShopee(5)["error"] == "invalid_acceess_token")
    }
  }

  @Test func failuresHideInSuccess() async throws {
    try await withSandbox { world in
      let answer = try await world.shopeeCall(
        "POST", "product/update_stock",
        body: [
          "item_id": 234_234_234,
          "stock_list": [
            ["model_id": 234, "seller_stock": [["stock": 3]]],
            ["model_id": 999, "seller_stock": [["stock": 3]]],
          ],
        ])
      #expect(answer["error"] == "")
      #expect(answer["response"]["success_list"].array?.count == 1)
      #expect(answer["response"]["failure_list"].array?.first?["model_id"] == 999)
      #expect(try await world.shown(SandboxWorld.shopee) == 3)
    }
  }

  @Test func refusesWrongBodies() async throws {
    try await withSandbox { world in
      let entry: JSONValue = ["model_id": 234, "seller_stock": [["stock": 3]]]
      let bodies: [(JSONValue, String)] = [
        (["item_id": "234234234", "stock_list": [entry]], "error_param"),
        (["item_id": 1, "stock_list": [entry]], "error_item_not_found"),
        (["item_id": 234_234_234, "stock_list": []], "error_param"),
        (
          ["item_id": 234_234_234, "stock_list": .array(Array(repeating: entry, count: 51))],
          "error_param"
        ),
        (
          ["item_id": 234_234_234, "stock_list": [["model_id": 234, "normal_stock": 3]]],
          "error_param"
        ),
        (
          ["item_id": 234_234_234, "stock_list": [["seller_stock": [["stock": 3]]]]],
          "error_edit_item_stock_for_item_has_model"
        ),
        (
          [
            "item_id": 234_234_234,
            "stock_list": [["model_id": 234, "seller_stock": [["stock": -1]]]],
          ],
          "error_param"
        ),
      ]
      for (body, code) in bodies {
        let answer = try await world.shopeeCall("POST", "product/update_stock", body: body)
        #expect(answer["error"].string == code, "\(body.json)")
      }
      #expect(try await world.shown(SandboxWorld.shopee) == 10)
    }
  }

  @Test func reservedUnitsAreAFloor() async throws {
    try await withSandbox { world in
      _ = try await world.control(
        "listings",
        [
          "channel": "shopee", "shop": "14701711", "item_id": "234234234", "variation_id": "234",
          "reserved": 4,
        ])
      let answer = try await world.setShopee(3)
      #expect(answer["response"]["failure_list"].array?.count == 1)
      #expect(try await world.setShopee(4)["response"]["failure_list"].array?.isEmpty == true)
    }
  }

  @Test func detailHasOnlyWhatIsAskedFor() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.shopee, 2)
      let order = try #require(bought.body["order_id"].string)
      let plain = try await world.shopeeCall(
        "GET", "order/get_order_detail", ["order_sn_list": order])
      let first = try #require(plain["response"]["order_list"].array?.first)
      #expect(first["order_status"] == "READY_TO_SHIP" && first["item_list"].isNull)
      let whole = try await world.shopeeCall(
        "GET", "order/get_order_detail",
        ["order_sn_list": order, "response_optional_fields": "item_list,package_list"])
      let item = try #require(
        whole["response"]["order_list"].array?.first?["item_list"].array?.first)
      #expect(item["model_quantity_purchased"] == 2 && item["model_sku"] == "TEE-BLK-M")
    }
  }

  @Test func shipsWithExactlyOneWay() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.shopee, 1)
      let order = bought.body["order_id"]
      let none = try await world.shopeeCall(
        "POST", "logistics/ship_order", body: ["order_sn": order])
      #expect(none["error"] == "error_param")
      let two = try await world.shopeeCall(
        "POST", "logistics/ship_order", body: ["order_sn": order, "pickup": [:], "dropoff": [:]])
      #expect(two["error"] == "error_param")
      let one = try await world.shopeeCall(
        "POST", "logistics/ship_order", body: ["order_sn": order, "dropoff": [:]])
      #expect(one["error"] == "")
      let again = try await world.shopeeCall(
        "POST", "logistics/ship_order", body: ["order_sn": order, "dropoff": [:]])
      #expect(again["error"].string?.hasPrefix("logistics.") == true)
    }
  }

  @Test func cancelsAndReturns() async throws {
    try await withSandbox { world in
      let first = try await world.buy(SandboxWorld.shopee, 3)
      #expect(try await world.shown(SandboxWorld.shopee) == 7)
      let name = try #require(first.body["order_id"].string)
      _ = try await world.change("cancellations", SandboxWorld.shopee, order: name)
      #expect(try await world.shown(SandboxWorld.shopee) == 10)
      let second = try await world.buy(SandboxWorld.shopee, 2)
      let kept = try #require(second.body["order_id"].string)
      let early = try await world.change("returns", SandboxWorld.shopee, order: kept)
      #expect(early.status == 409)
      _ = try await world.change("shipments", SandboxWorld.shopee, order: kept)
      let late = try await world.change("cancellations", SandboxWorld.shopee, order: kept)
      #expect(late.status == 409)
      let back = try await world.change("returns", SandboxWorld.shopee, order: kept)
      let returned = try #require(back.body["return_id"].string)
      let detail = try await world.shopeeCall(
        "GET", "returns/get_return_detail", ["return_sn": returned])
      #expect(detail["response"]["item"].array?.first?["amount"] == 2)
      #expect(detail["response"]["status"] == "REQUESTED")
      let closed = try await world.shopeeCall(
        "POST", "returns/confirm", body: ["return_sn": .string(returned)])
      #expect(closed["error"] == "")
      #expect(try await world.shown(SandboxWorld.shopee) == 8)
    }
  }

  @Test func listsListings() async throws {
    try await withSandbox { world in
      let list = try await world.shopeeCall(
        "GET", "product/get_item_list", ["item_status": "NORMAL", "offset": "0", "page_size": "50"])
      #expect(list["response"]["item"].array?.first?["item_id"] == 234_234_234)
      let base = try await world.shopeeCall(
        "GET", "product/get_item_base_info", ["item_id_list": "234234234"])
      #expect(base["response"]["item_list"].array?.first?["has_model"] == true)
      let models = try await world.shopeeCall(
        "GET", "product/get_model_list", ["item_id": "234234234"])
      let stock = models["response"]["model"].array?.first?["stock_info_v2"]["seller_stock"]
      #expect(stock?.array?.first?["stock"] == 10)
    }
  }
}
