import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: only what Lazada would take is taken, and stock moves as its worked table says.
@Suite struct LazadaTests {
  @Test func signsAsTheOfficialVector() {
    let parameters = FormFields(
      "timestamp=1517820392000&order_id=1234&app_key=123456&sign_method=sha256&access_token=test")
    let sign = LazadaCall.sign(
      path: "/order/get", parameters: parameters, body: [], secret: "helloworld")
    #expect(sign == "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A")
  }

  @Test func takesTheVectorAndRefusesEveryOtherSignature() async throws {
    try await withSandbox { world in
      let payload =
        "<Request><Product><Skus><Sku><ItemId>234234234</ItemId><SkuId>234</SkuId>"
        + "<SellerSku>TEE-BLK-M</SellerSku><SellableQuantity>7</SellableQuantity></Sku></Skus>"
        + "</Product></Request>"
      let sign = "A2DAC2CB24AAD3DE31AE4475120A529D5E984DE612D7D831299324999E3573C9"
      let path = "/product/stock/sellable/update"
      let good = try await world.lazadaCall(
        "POST", path, ["payload": payload], with: ["timestamp": "1700000000000", "sign": sign])
      #expect(good["code"] == "0")
      #expect(try await world.shown(SandboxWorld.lazada) == 7)
      let wrong: [([String: String?], String)] = [
        (["sign": sign.lowercased()], "IncompleteSignature"),
        (["payload": "<Request/>"], "IncompleteSignature"), (["sign": nil], "MissingParameter"),
        (["timestamp": "1699992799999"], "IllegalTimestamp"),
        (["sign_method": "md5"], "InvalidParameter"), (["app_key": "1"], "IllegalAppKey"),
      ]
      for (changes, code) in wrong {
        let answer = try await world.lazadaCall("POST", path, ["payload": payload], with: changes)
        #expect(answer["code"].string == code, "\(changes)")
      }
      let token = try await world.lazadaCall("POST", path, ["payload": payload], token: "other")
      #expect(token["code"] == "IllegalAccessToken")
    }
  }

  /// The official worked table for one unit: sellable, real, withheld, occupied.
  @Test func stockMovesAsTheWorkedTable() async throws {
    try await withSandbox { world in
      let shop = SandboxWorld.lazada
      #expect(try await world.table(shop) == [10, 10, 0, 0])
      let first = try await world.buy(shop, 1, isPaid: false)
      let unpaid = try #require(first.body["order_id"].string)
      #expect(try await world.table(shop) == [9, 10, 1, 0])
      _ = try await world.change("payments", shop, order: unpaid)
      #expect(try await world.table(shop) == [9, 10, 0, 1])
      _ = try await world.change("cancellations", shop, order: unpaid)
      #expect(try await world.table(shop) == [10, 10, 0, 0])
      let second = try await world.buy(shop, 1)
      _ = try await world.change(
        "shipments", shop, order: try #require(second.body["order_id"].string))
      #expect(try await world.table(shop) == [9, 9, 0, 0])
      let third = try await world.buy(shop, 1, isPaid: false)
      _ = try await world.change(
        "cancellations", shop, order: try #require(third.body["order_id"].string))
      #expect(try await world.table(shop) == [9, 9, 0, 0])
    }
  }

  @Test func totalHasOpenOrdersInIt() async throws {
    try await withSandbox { world in
      _ = try await world.buy(SandboxWorld.lazada, 3)
      let path = "/product/price_quantity/update"
      #expect(try await world.setLazada("Quantity", 8, path: path)["code"] == "0")
      #expect(try await world.table(SandboxWorld.lazada) == [5, 8, 0, 3])
      let low = try await world.setLazada("Quantity", 2, path: path)
      #expect(low["code"] == "501")
      #expect(low["detail"].array?.first?["seller_sku"] == "TEE-BLK-M")
      let adjust = "/product/stock/sellable/adjust"
      #expect(try await world.setLazada("SellableQuantity", -2, path: adjust)["code"] == "0")
      #expect(try await world.shown(SandboxWorld.lazada) == 3)
    }
  }

  @Test func doesWhatIsRightAndListsWhatIsNot() async throws {
    try await withSandbox { world in
      let payload: JSONValue = [
        "Request": [
          "Product": [
            "Skus": [
              "Sku": [
                ["ItemId": "234234234", "SkuId": "234", "SellableQuantity": 4],
                ["ItemId": "234234234", "SkuId": "999", "SellableQuantity": 4],
              ]
            ]
          ]
        ]
      ]
      let answer = try await world.lazadaCall(
        "POST", "/product/stock/sellable/update", ["payload": payload.json])
      #expect(answer["code"] == "501" && answer["detail"].array?.count == 1)
      #expect(try await world.shown(SandboxWorld.lazada) == 4)
      let sku =
        "<Sku><ItemId>234234234</ItemId><SkuId>234</SkuId><SellableQuantity>1</SellableQuantity></Sku>"
      let many = String(repeating: sku, count: 51)
      let tooMany = try await world.lazadaCall(
        "POST", "/product/stock/sellable/update",
        ["payload": "<Request><Product><Skus>\(many)</Skus></Product></Request>"])
      #expect(tooMany["code"] == "4171")
      let broken = try await world.lazadaCall(
        "POST", "/product/stock/sellable/update", ["payload": "<Request>"])
      #expect(broken["code"] == "30")
    }
  }

  @Test func stockCallsAreLimitedToFiftyASecond() async throws {
    try await withSandbox { world in
      var codes: [String?] = []
      for _ in 0..<51 {
        codes.append(try await world.setLazada("SellableQuantity", 5)["code"].string)
      }
      #expect(codes.prefix(50).allSatisfy { $0 == "0" } && codes.last == "ApiCallLimit")
      world.clock.advance(by: .seconds(1))
      #expect(try await world.setLazada("SellableQuantity", 5)["code"] == "0")
    }
  }

  @Test func anItemIsOneUnit() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.lazada, 3)
      let order = try #require(bought.body["order_id"].string)
      let items = try await world.lazadaCall("GET", "/order/items/get", ["order_id": order])
      #expect(items["data"].array?.count == 3)
      #expect(items["data"].array?.first?["status"] == "pending")
      let list = try await world.lazadaCall(
        "GET", "/orders/get", ["update_after": "2023-11-14T00:00:00+00:00"])
      #expect(list["data"]["orders"].array?.first?["statuses"] == ["pending"])
      let missing = try await world.lazadaCall("GET", "/orders/get")
      #expect(missing["code"] == "38")
    }
  }

  @Test func packsThenIsReadyToShip() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.lazada, 2)
      let order = bought.body["order_id"]
      let lines = (bought.body["lines"].array ?? []).map { $0["line_id"] }
      let request: JSONValue = [
        "pack_order_list": [["order_id": order, "order_item_list": .array(lines)]],
        "delivery_type": "dropship", "shipping_allocate_type": "TFS",
      ]
      let packed = try await world.lazadaCall(
        "POST", "/order/fulfill/pack", ["packReq": request.json])
      let first = packed["data"]["pack_order_list"].array?.first?["order_item_list"].array?.first
      #expect(first?["item_err_code"] == "0")
      let package = try #require(first?["package_id"].string)
      #expect(try await world.table(SandboxWorld.lazada) == [8, 10, 0, 2])
      let ready: JSONValue = ["packages": [["package_id": .string(package)]]]
      let done = try await world.lazadaCall(
        "POST", "/order/package/rts", ["readyToShipReq": ready.json])
      #expect(done["data"]["packages"].array?.first?["item_err_code"] == "0")
      #expect(try await world.table(SandboxWorld.lazada) == [8, 8, 0, 0])
      let again = try await world.lazadaCall(
        "POST", "/order/package/rts", ["readyToShipReq": ready.json])
      #expect(again["data"]["packages"].array?.first?["item_err_code"] == "23")
    }
  }

  @Test func outOfStockCancelEmptiesTheListing() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.lazada, 1)
      let line = try #require(bought.body["lines"].array?.first?["line_id"].string)
      let answer = try await world.lazadaCall(
        "POST", "/order/reverse/cancel/create",
        [
          "order_id": try #require(bought.body["order_id"].string), "reason_id": "15",
          "order_item_id_list": "[\(line)]",
        ])
      #expect(answer["code"] == "0")
      #expect(try await world.shown(SandboxWorld.lazada) == 0)
    }
  }

  @Test func refreshesAndReadsProducts() async throws {
    try await withSandbox { world in
      let bad = try await world.lazadaCall(
        "POST", "/auth/token/refresh", ["refresh_token": "other"], token: nil)
      #expect(bad["code"] == "IllegalRefreshToken")
      let good = try await world.lazadaCall(
        "POST", "/auth/token/refresh", ["refresh_token": "lazada_refresh"], token: nil)
      let token = try #require(good["access_token"].string)
      #expect(good["expires_in"] == 2_592_000)
      let products = try await world.lazadaCall(
        "GET", "/products/get", ["filter": "live", "options": "1"], token: token)
      let sku = products["data"]["products"].array?.first?["skus"].array?.first
      #expect(sku?["SellerSku"] == "TEE-BLK-M" && sku?["Available"] == 10)
      let stock = sku?["multiWarehouseInventories"].array?.first
      #expect(stock?["sellableQuantity"] == 10)
      let missing = try await world.lazadaCall("GET", "/products/get", token: token)
      #expect(missing["code"] == "MissingParameter")
    }
  }

  /// Source: Lazada's documents give one method for each API.
  @Test(arguments: [
    ("POST", "/orders/get"), ("POST", "/products/get"), ("POST", "/order/items/get"),
    ("GET", "/order/package/document/get"), ("GET", "/product/stock/sellable/update"),
    ("GET", "/order/fulfill/pack"),
  ])
  func refusesTheOtherMethod(_ method: String, _ path: String) async throws {
    try await withSandbox { world in
      let answer = try await world.lazadaCall(method, path, ["filter": "all"])
      #expect(answer["code"] == "UnsupportedMethod", "\(answer)")
    }
  }
}
