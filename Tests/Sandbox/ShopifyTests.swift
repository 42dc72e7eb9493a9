import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: only what Shopify would take is taken. Method: GraphQL as an integrator writes it.
@Suite struct ShopifyTests {
  @Test func setsWithCompareAndSet() async throws {
    try await withSandbox { world in
      let done = try await world.setShopify(7, from: 10)
      #expect(done["userErrors"].array?.isEmpty == true)
      let change = done["inventoryAdjustmentGroup"]["changes"].array?.first
      #expect(change?["delta"] == -3 && change?["quantityAfterChange"] == 7)
      let stale = try await world.setShopify(5, from: 10)
      #expect(stale["userErrors"].array?.first?["code"] == "CHANGE_FROM_QUANTITY_STALE")
      #expect(
        stale["userErrors"].array?.first?["field"] == [
          "input", "quantities", "0", "changeFromQuantity",
        ])
      #expect(stale["inventoryAdjustmentGroup"].isNull)
      #expect(try await world.shown(SandboxWorld.shopify) == 7)
      #expect(try await world.setShopify(5, from: .null)["userErrors"].array?.isEmpty == true)
      #expect(try await world.shown(SandboxWorld.shopify) == 5)
    }
  }

  @Test func changeFromQuantityMustBeThere() async throws {
    try await withSandbox { world in
      let answer = try await world.setShopify(7, from: nil)
      #expect(answer["errors"].array?.first?["extensions"]["code"] == "INVALID_VARIABLE")
      #expect(try await world.shown(SandboxWorld.shopify) == 10)
    }
  }

  @Test func idempotencyKeyMustBeThere() async throws {
    try await withSandbox { world in
      let entry = """
        {inventoryItemId: "gid://shopify/InventoryItem/123", locationId: "\(SandboxWorld.location)",
         quantity: 4, changeFromQuantity: null}
        """
      let input = "{name: \"available\", reason: \"correction\", quantities: [\(entry)]}"
      let without = try await world.graph(
        "mutation { inventorySetQuantities(input: \(input)) { userErrors { code } } }")
      #expect(without.body["errors"].array?.first?["extensions"]["code"] == "BAD_REQUEST")
      let with = try await world.graph(
        """
        mutation { inventorySetQuantities(input: \(input)) @idempotent(key: "k-1") {
          userErrors { code } } }
        """)
      #expect(with.body["data"]["inventorySetQuantities"]["userErrors"] == [])
      #expect(try await world.shown(SandboxWorld.shopify) == 4)
    }
  }

  @Test func sameKeyGivesTheFirstResult() async throws {
    try await withSandbox { world in
      let first = try await world.setShopify(7, from: 10, key: "k-1")
      _ = try await world.buy(SandboxWorld.shopify, 2)
      let again = try await world.setShopify(7, from: 10, key: "k-1")
      #expect(again == first)
      #expect(try await world.shown(SandboxWorld.shopify) == 5)
      let other = try await world.setShopify(6, from: 5, key: "k-1")
      #expect(
        other["userErrors"].array?.first?["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
    }
  }

  @Test func onHandHasCommittedInIt() async throws {
    try await withSandbox { world in
      _ = try await world.buy(SandboxWorld.shopify, 3)
      let query = """
        query($id: ID!) { inventoryItem(id: $id) { inventoryLevel(locationId: "\(SandboxWorld.location)") {
          quantities(names: ["available", "committed", "on_hand"]) { name quantity } } } }
        """
      let answer = try await world.graph(query, ["id": "gid://shopify/InventoryItem/123"])
      let numbers = answer.body["data"]["inventoryItem"]["inventoryLevel"]["quantities"].array
      #expect(numbers?.map { $0["quantity"].integer } == [7, 3, 10])
    }
  }

  @Test func refusesWhatIsNotThere() async throws {
    try await withSandbox { world in
      #expect(try await world.graph("{ shop { name } }", token: "other").status == 401)
      #expect(try await world.graph("{ shop { name } }", version: "2025-10").status == 404)
      let field = try await world.graph("{ shop { colour } }")
      #expect(field.body["errors"].array?.first?["extensions"]["code"] == "undefinedField")
      let count = try await world.graph("{ orders(first: 251) { nodes { id } } }")
      #expect(!count.body["errors"].isNull)
      let syntax = try await world.graph("{ shop { name }")
      #expect(!syntax.body["errors"].isNull)
      let item = try await world.graph(
        SandboxWorld.setMutation,
        [
          "key": "k",
          "input": [
            "name": "available", "reason": "correction",
            "quantities": [
              [
                "inventoryItemId": "gid://shopify/InventoryItem/9",
                "locationId": .string(SandboxWorld.location), "quantity": 1,
                "changeFromQuantity": .null,
              ]
            ],
          ],
        ])
      let errors = item.body["data"]["inventorySetQuantities"]["userErrors"].array
      #expect(errors?.first?["code"] == "INVALID_INVENTORY_ITEM")
    }
  }

  @Test func pointsRunOutAndComeBack() async throws {
    try await withSandbox { world in
      let taken = world.sandbox.platform.faults.takePoints(
        19_999, of: SandboxWorld.shopify, capacity: 20_000, perSecond: 1_000)
      #expect(taken.isTaken)
      let answer = try await world.graph("{ shop { name } }")
      #expect(answer.body["errors"].array?.first?["extensions"]["code"] == "THROTTLED")
      world.clock.advance(by: .seconds(1))
      #expect(try await world.graph("{ shop { name } }").body["errors"].isNull)
    }
  }

  /// Goal: a product is called what its variants have in common, and an only one has no options.
  @Test func titleIsInTwoParts() async throws {
    try await withSandbox { world in
      for (variation, title) in [("301", "Mug, white, S"), ("302", "Mug, white, L")] {
        _ = try await world.control(
          "listings",
          [
            "channel": "shopify", "shop": "demo.myshopify.com", "item_id": "300",
            "variation_id": .string(variation), "sku": "MUG", "title": .string(title), "stock": 5,
          ])
      }
      let answer = try await world.graph(
        "{ productVariants(first: 9) { nodes { title displayName product { title } } } }")
      let variants = answer.body["data"]["productVariants"]["nodes"].array ?? []
      #expect(
        Set(variants.map { "\($0["product"]["title"].text ?? "") | \($0["title"].text ?? "")" })
          == ["Tee, black, M | Default Title", "Mug, white | S", "Mug, white | L"])
    }
  }

  @Test func pagesListings() async throws {
    try await withSandbox { world in
      _ = try await world.control(
        "listings",
        [
          "channel": "shopify", "shop": "demo.myshopify.com", "item_id": "300",
          "variation_id": "301", "sku": "MUG-WHT", "title": "Mug", "stock": 5,
        ])
      let query = """
        query($after: String) { productVariants(first: 1, after: $after) {
          nodes { ...Variant } pageInfo { hasNextPage endCursor } } }
        fragment Variant on ProductVariant { sku product { id } inventoryItem { id tracked } }
        """
      let first = try await world.graph(query)
      let page = first.body["data"]["productVariants"]
      #expect(page["pageInfo"]["hasNextPage"] == true)
      let second = try await world.graph(query, ["after": page["pageInfo"]["endCursor"]])
      let node = second.body["data"]["productVariants"]["nodes"].array?.first
      #expect(node?["sku"] == "MUG-WHT" && node?["product"]["id"] == "gid://shopify/Product/300")
    }
  }

  @Test func fulfilsThenTakesReturnsBack() async throws {
    try await withSandbox { world in
      let bought = try await world.buy(SandboxWorld.shopify, 2)
      let order = try #require(bought.body["order_id"].string)
      let found = try await world.graph(
        """
        query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id status
          lineItems(first: 50) { nodes { id remainingQuantity } } } } } }
        """, ["id": .string("gid://shopify/Order/\(order)")])
      let part = try #require(
        found.body["data"]["order"]["fulfillmentOrders"]["nodes"].array?.first)
      #expect(part["status"] == "OPEN")
      let line = try #require(part["lineItems"]["nodes"].array?.first)
      let shipped = try await world.graph(
        """
        mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
          fulfillment { id status } userErrors { field message } } }
        """,
        [
          "fulfillment": [
            "lineItemsByFulfillmentOrder": [
              [
                "fulfillmentOrderId": part["id"],
                "fulfillmentOrderLineItems": [["id": line["id"], "quantity": 2]],
              ]
            ], "trackingInfo": ["number": "T-1", "company": "Post"],
          ]
        ])
      #expect(shipped.body["data"]["fulfillmentCreate"]["fulfillment"]["status"] == "SUCCESS")
      let back = try await world.change("returns", SandboxWorld.shopify, order: order)
      let returned = try #require(back.body["return_id"].string)
      let lineID = try #require(back.body["lines"].array?.first?["line_id"].string)
      let process = """
        mutation($input: ReturnProcessInput!) { returnProcess(input: $input) {
          return { status } userErrors { code message } } }
        """
      func input(_ quantity: Int64) -> JSONValue {
        let disposition: JSONValue = [
          "quantity": .integer(quantity), "dispositionType": "RESTOCKED",
          "locationId": .string(SandboxWorld.location),
        ]
        return [
          "input": [
            "returnId": .string("gid://shopify/Return/\(returned)"),
            "returnLineItems": [
              [
                "id": .string("gid://shopify/ReturnLineItem/\(lineID)"),
                "quantity": .integer(quantity), "dispositions": [disposition],
              ]
            ],
          ]
        ]
      }
      let tooMany = try await world.graph(process, input(3))
      #expect(tooMany.body["data"]["returnProcess"]["userErrors"].array?.count == 1)
      #expect(try await world.shown(SandboxWorld.shopify) == 8)
      let done = try await world.graph(process, input(2))
      #expect(done.body["data"]["returnProcess"]["return"]["status"] == "CLOSED")
      #expect(try await world.shown(SandboxWorld.shopify) == 10)
    }
  }

  @Test func tokenIsRefreshed() async throws {
    try await withSandbox { world in
      _ = try await world.control("faults", ["channel": "shopify", "expire_tokens": true])
      #expect(try await world.graph("{ shop { name } }").status == 401)
      let form = [
        "client_id": "client", "client_secret": "shopify_client_secret_demo",
        "grant_type": "refresh_token", "refresh_token": "shprt_demo",
      ]
      let response = try await world.send(
        .init(
          method: "POST", path: "/shopify/demo.myshopify.com/admin/oauth/access_token",
          headers: [("content-type", "application/x-www-form-urlencoded")],
          body: Array(SandboxWorld.form(form).utf8)))
      let token = try #require(JSONValue(parsing: response.body)?["access_token"].string)
      #expect(try await world.graph("{ shop { name } }", token: token).status == 200)
    }
  }
}
