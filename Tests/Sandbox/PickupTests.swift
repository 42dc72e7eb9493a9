import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: buyers come for what they order where a platform knows that, and Shopify tells of it as Shopify does.
@Suite(.timeLimit(.minutes(2))) struct PickupTests {
  private func buy(
    _ world: SandboxWorld, _ shop: Shop.Key, _ more: JSONValue = [:]
  ) async throws -> (status: Int, body: JSONValue) {
    try await world.control(
      "orders",
      more.adding("pickup", true).adding("channel", .string(shop.channel.rawValue))
        .adding("shop", .string(shop.shopID))
        .adding("lines", [["item_id": "234234234", "variation_id": "234", "quantity": 2]]))
  }

  @Test func onlySomePlatformsSellForPickup() async throws {
    try await withSandbox { world in
      for shop in [SandboxWorld.shopee, SandboxWorld.lazada, SandboxWorld.tiktok] {
        let refused = try await buy(world, shop)
        #expect(refused.status == 400, "\(shop)")
        #expect(try await world.shown(shop) == 10)
      }
      #expect(try await buy(world, SandboxWorld.shopify, ["counter": true]).status == 400)
      #expect(try await buy(world, SandboxWorld.shopify).status == 200)
      #expect(try await world.shown(SandboxWorld.shopify) == 8)
    }
  }

  @Test func webhookHasAnAddressOrNone() async throws {
    try await withSandbox { world in
      _ = try await world.buy(SandboxWorld.shopify, 1)
      _ = try await buy(world, SandboxWorld.shopify)
      // Two orders' events are sent side by side.
      let bodies = await world.allSent().map(\.body)
      let sent = bodies.first { !$0["shipping_address"].isNull }
      let fetched = bodies.first { $0["shipping_address"].isNull }
      #expect(bodies.count == 2 && sent?["shipping_address"]["country_code"].string == "SG")
      func code(_ body: JSONValue?) -> String? {
        body?["shipping_lines"].array?.first?["code"].string
      }
      #expect(code(sent) == "Standard" && code(fetched) == "Warehouse")
    }
  }

  @Test func shopifyIsToldOnceThatItIsReady() async throws {
    try await withSandbox { world in
      let sent = try #require(try await world.buy(SandboxWorld.shopify, 1).body["order_id"].string)
      let order = try #require(try await buy(world, SandboxWorld.shopify).body["order_id"].string)
      let part = try await self.part(of: order, world)
      #expect(part["deliveryMethod"]["methodType"] == "PICK_UP")
      #expect(part["assignedLocation"]["location"]["legacyResourceId"] == "75596366001")
      let other = try await self.part(of: sent, world)
      #expect(other["deliveryMethod"]["methodType"] == "SHIPPING")
      #expect(try await prepare(part["id"], world) == [])
      #expect(
        try await prepare(part["id"], world) == ["NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER"])
      #expect(try await prepare(other["id"], world) == ["FULFILLMENT_ORDER_INVALID"])
      let ready = try await self.part(of: order, world)
      #expect(ready["status"] == "OPEN")
      #expect(ready["lineItems"]["nodes"].array?.map { $0["remainingQuantity"] } == [2])
      // Nobody came.
      let cancelled = try await world.change("cancellations", SandboxWorld.shopify, order: order)
      #expect(cancelled.status == 200)
      #expect(try await self.part(of: order, world)["status"] == "CANCELLED")
      #expect(try await world.shown(SandboxWorld.shopify) == 9)
    }
  }

  private func part(of order: String, _ world: SandboxWorld) async throws -> JSONValue {
    let found = try await world.graph(
      """
      query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id status
        deliveryMethod { methodType } assignedLocation { location { legacyResourceId } }
        lineItems(first: 5) { nodes { remainingQuantity } } } } } }
      """, ["id": .string("gid://shopify/Order/\(order)")])
    return try #require(found.body["data"]["order"]["fulfillmentOrders"]["nodes"].array?.first)
  }

  /// The codes of what is wrong.
  private func prepare(_ part: JSONValue, _ world: SandboxWorld) async throws -> [String?]? {
    let answer = try await world.graph(
      """
      mutation($input: FulfillmentOrderLineItemsPreparedForPickupInput!) {
        fulfillmentOrderLineItemsPreparedForPickup(input: $input) { userErrors { code message } } }
      """, ["input": ["lineItemsByFulfillmentOrder": [["fulfillmentOrderId": part]]]])
    return answer.body["data"]["fulfillmentOrderLineItemsPreparedForPickup"]["userErrors"].array?
      .map { $0["code"].string }
  }
}
