import Kit
import Primitives
import Testing

@testable import SandboxServer

/// Goal: what the platform's schema does not know is refused and nothing of it is done; refunds give back what is there.
@Suite(.timeLimit(.minutes(2))) struct ShopifyInputTests {
  @Test(arguments: [
    "{ orders(first: 1, colour: \"red\") { nodes { id } } }",
    "{ shop(id: 1) { name } }",
    "{ productVariants(first: 1) { nodes { inventoryItem { sku(upper: true) } } } }",
    "{ products(first: 1, query: \"sku:1\") { nodes { id } } }",
  ])
  func unknownArgumentsAreRefused(_ query: String) async throws {
    try await withSandbox { world in
      let answer = try await world.graph(query)
      let error = try #require(answer.body["errors"].array?.first)
      #expect(error["extensions"]["code"] == "argumentNotAccepted")
      #expect(answer.body["data"].isNull)
    }
  }

  @Test func unknownMembersAreRefusedAndNothingIsDone() async throws {
    try await withSandbox { world in
      let entry: JSONValue = [
        "inventoryItemId": "gid://shopify/InventoryItem/123",
        "locationId": .string(SandboxWorld.location), "quantity": 3, "changeFromQuantity": .null,
      ]
      let good: JSONValue = ["name": "available", "reason": "correction", "quantities": [entry]]
      let wrong = [
        good.adding("ignoreCompareQuantity", true),
        good.adding("quantities", [entry.adding("compareQuantity", 10)]),
      ]
      for input in wrong {
        let answer = try await world.graph(
          SandboxWorld.setMutation, ["input": input, "key": .string(UUIDText.random())])
        let error = try #require(answer.body["errors"].array?.first)
        #expect(error["extensions"]["code"] == "argumentNotAccepted")
        #expect(try await world.shown(SandboxWorld.shopify) == 10)
      }
      let answer = try await world.graph(SandboxWorld.setMutation, ["input": good, "key": "k"])
      #expect(answer.body["errors"].isNull)
      #expect(try await world.shown(SandboxWorld.shopify) == 3)
    }
  }

  @Test func directivesThatAreNotServedAreRefused() async throws {
    try await withSandbox { world in
      let answer = try await world.graph("{ shop { name @include(if: false) } }")
      #expect(answer.body["errors"].array?.first?["extensions"]["code"] == "undefinedDirective")
    }
  }

  /// Two units, of which `shipped` are on their way.
  private func order(
    _ world: SandboxWorld, isShipped: Bool
  ) async throws -> (order: String, line: String) {
    let bought = try await world.buy(SandboxWorld.shopify, 2)
    let order = try #require(bought.body["order_id"].string)
    if isShipped { _ = try await world.change("shipments", SandboxWorld.shopify, order: order) }
    let line = try #require(bought.body["lines"].array?.first?["line_id"].string)
    return (order, line)
  }

  private func refund(
    _ world: SandboxWorld, _ order: (order: String, line: String), _ quantity: Int64,
    _ type: String
  ) async throws -> (status: Int, body: JSONValue) {
    let mutation = """
      mutation($input: RefundInput!, $key: String!) {
        refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { code message } }
      }
      """
    let line: JSONValue = [
      "lineItemId": .string("gid://shopify/LineItem/\(order.line)"),
      "quantity": .integer(quantity), "restockType": .string(type),
      "locationId": .string(SandboxWorld.location),
    ]
    return try await world.graph(
      mutation,
      [
        "input": [
          "orderId": .string("gid://shopify/Order/\(order.order)"), "refundLineItems": [line],
        ],
        "key": .string(UUIDText.random()),
      ])
  }

  @Test func onlyWhatWasShippedIsReturnedAndOnce() async throws {
    try await withSandbox { world in
      let open = try await order(world, isShipped: false)
      let shipped = try await order(world, isShipped: true)
      let tries: [(order: (order: String, line: String), count: Int64, isDone: Bool)] = [
        (open, 1, false), (shipped, 3, false), (shipped, 1, true), (shipped, 2, false),
        (shipped, 1, true), (shipped, 1, false),
      ]
      var shown: Int64 = 6
      for attempt in tries {
        let answer = try await refund(world, attempt.order, attempt.count, "RETURN")
        let payload = answer.body["data"]["refundCreate"]
        #expect(answer.status == 200)
        #expect(payload["refund"].isNull == !attempt.isDone, "\(attempt) \(answer.body)")
        #expect(payload["userErrors"].array?.isEmpty == attempt.isDone)
        if attempt.isDone { shown += attempt.count }
        #expect(try await world.shown(SandboxWorld.shopify) == shown)
      }
    }
  }

  @Test func aRefundBeyondTheLineIsAUserError() async throws {
    try await withSandbox { world in
      let open = try await order(world, isShipped: false)
      for type in ["CANCEL", "NO_RESTOCK"] {
        let answer = try await refund(world, open, 3, type)
        #expect(answer.status == 200)
        #expect(
          answer.body["data"]["refundCreate"]["userErrors"].array?.first?["code"] == "INVALID")
      }
      let unknown = try await refund(world, open, 1, "LEGACY")
      #expect(unknown.body["errors"].array?.count == 1)
      #expect(try await world.shown(SandboxWorld.shopify) == 8)
    }
  }
}
