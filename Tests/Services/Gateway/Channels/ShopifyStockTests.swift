import ChannelAdapter
import Foundation
import Primitives
import ShopifyChannel
import Testing

@testable import GatewayService

@Suite struct ShopifyStockTests {
  let adapter = ShopifyAdapter()
  private let fine = #"{"data":{"inventorySetQuantities":{"userErrors":[]}}}"#

  private func push(
    _ item: String, _ quantity: Quantity, expected: Quantity? = nil, location: String? = "5",
    key: String = "push-1"
  ) -> StockPush {
    var attributes = ["inventory_item_id": item]
    attributes["location_id"] = location
    return StockPush(
      listing: ChannelListing(
        itemID: "1", variationID: item, sellerSKU: "S", attributes: attributes),
      quantity: quantity, expected: expected, idempotencyKey: key)
  }

  private func errors(_ errors: (Int?, String)...) -> String {
    let list = errors.map { error in
      let field = error.0.map { #"["input","quantities","\#($0)","quantity"]"# } ?? "null"
      return #"{"code":"\#(error.1)","field":\#(field),"message":"m"}"#
    }
    return
      #"{"data":{"inventorySetQuantities":{"userErrors":[\#(list.joined(separator: ","))]}}}"#
  }

  private func input(_ request: ChannelRequest) throws -> (
    quantities: [[String: Any]], key: String, query: String
  ) {
    let body = try #require(
      JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
    let variables = try #require(body["variables"] as? [String: Any])
    let input = try #require(variables["input"] as? [String: Any])
    #expect(input["name"] as? String == "available")
    return (
      try #require(input["quantities"] as? [[String: Any]]),
      try #require(variables["key"] as? String), try #require(body["query"] as? String)
    )
  }

  @Test func oneCallSetsAndComparesAndCarriesItsKey() async throws {
    let http = RecordedHTTP(fine)
    let done = try await adapter.pushStock(
      [push("11", 7, expected: 9), push("12", 0, location: nil)], api: shopifyAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    let sent = try input(http.requests[0])
    #expect(sent.query.contains("inventorySetQuantities(input: $input) @idempotent(key: $key)"))
    #expect(sent.quantities.count == 2)
    #expect(sent.quantities[0]["inventoryItemId"] as? String == "gid://shopify/InventoryItem/11")
    #expect(sent.quantities[0]["locationId"] as? String == "gid://shopify/Location/5")
    #expect(sent.quantities[0]["quantity"] as? Int == 7)
    #expect(sent.quantities[0]["changeFromQuantity"] as? Int == 9)
    // The field is there even when nothing is compared, and the location is the account's.
    #expect(sent.quantities[1]["changeFromQuantity"] is NSNull)
    #expect(sent.quantities[1]["locationId"] as? String == "gid://shopify/Location/487838322")
  }

  @Test func keyIsTheSameForTheSameCallOnly() async throws {
    func key(_ pushes: [StockPush]) async throws -> String {
      let http = RecordedHTTP(fine)
      _ = try await adapter.pushStock(pushes, api: shopifyAPI(http))
      return try input(http.requests[0]).key
    }
    let first = try await key([push("11", 7, expected: 9)])
    #expect(try await key([push("11", 7, expected: 9)]) == first)
    #expect(try await key([push("11", 7, expected: 8)]) != first)
    #expect(try await key([push("11", 6, expected: 9)]) != first)
    #expect(try await key([push("11", 7, expected: 9, key: "push-2")]) != first)
    #expect(try await key([push("11", 7, expected: 9), push("12", 1)]) != first)
  }

  @Test func staleEntryIsReadAndTheOthersGoOn() async throws {
    let level =
      #"{"data":{"nodes":[{"id":"gid://shopify/InventoryItem/12","inventoryLevel":{"quantities":[{"name":"available","quantity":4}]}}]}}"#
    let http = RecordedHTTP(errors((1, "CHANGE_FROM_QUANTITY_STALE")), fine, level)
    let done = try await adapter.pushStock(
      [push("11", 7), push("12", 3, expected: 5), push("13", 1)], api: shopifyAPI(http))
    #expect(done == [.acknowledged, .stale(shown: 4), .acknowledged])
    #expect(http.requests.count == 3)
    let items = try input(http.requests[1]).quantities.map { $0["inventoryItemId"] as? String }
    #expect(items == ["gid://shopify/InventoryItem/11", "gid://shopify/InventoryItem/13"])
  }

  @Test func staleEntryWithoutAReadingIsStillStale() async throws {
    let http = RecordedHTTP(errors((0, "COMPARE_QUANTITY_STALE")))
    let done = try await adapter.pushStock([push("11", 7, expected: 1)], api: shopifyAPI(http))
    #expect(done == [.stale(shown: nil)])
  }

  @Test(arguments: [
    "INVALID_INVENTORY_ITEM", "INVALID_LOCATION", "INVALID_NAME", "INVALID_QUANTITY_NEGATIVE",
    "INVALID_QUANTITY_TOO_HIGH", "INVALID_REASON", "ITEM_NOT_STOCKED_AT_LOCATION",
    "NON_MUTABLE_INVENTORY_ITEM", "COMPARE_QUANTITY_REQUIRED",
    "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "SOMETHING_NEW",
  ])
  func permanentErrorsAreRefused(_ code: String) async throws {
    let http = RecordedHTTP(errors((0, code)), fine)
    let done = try await adapter.pushStock([push("11", 7), push("12", 1)], api: shopifyAPI(http))
    #expect(done == [.refused("\(code): m"), .acknowledged])
  }

  @Test func errorWithoutAnIndexHoldsForAll() async throws {
    let http = RecordedHTTP(errors((nil, "INVALID_REASON")))
    let done = try await adapter.pushStock([push("11", 7), push("12", 1)], api: shopifyAPI(http))
    #expect(done.map(\.kind) == ["refused", "refused"])
  }

  @Test func callThatFailsAgainAndAgainEnds() async throws {
    let http = RecordedHTTP(
      (0..<9).map { _ in ChannelReply(200, errors((0, "INVALID_LOCATION"))) })
    let pushes = (1...9).map { push("\($0)", 1) }
    let done = try await adapter.pushStock(pushes, api: shopifyAPI(http))
    #expect(http.requests.count == 4)
    #expect(done.map(\.kind).filter { $0 == "refused" }.count == 4)
    #expect(done.map(\.kind).filter { $0 == "retry" }.count == 5)
  }

  @Test func samePlaceTwiceGoesInTwoCalls() async throws {
    let http = RecordedHTTP(fine, fine)
    let done = try await adapter.pushStock([push("11", 7), push("11", 6)], api: shopifyAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    #expect(try input(http.requests[1]).quantities[0]["quantity"] as? Int == 6)
  }

  @Test func listingWithoutAnInventoryItemIsRefusedWithoutACall() async throws {
    let http = RecordedHTTP()
    let bare = StockPush(
      listing: ChannelListing(itemID: "1", variationID: "2", sellerSKU: ""), quantity: 1,
      idempotencyKey: "k")
    let done = try await adapter.pushStock([bare], api: shopifyAPI(http))
    #expect(done.map(\.kind) == ["refused"])
    #expect(http.requests.isEmpty)
  }

  /// Goal: what a shop says of its bucket of points is handed on, and what makes no sense is not.
  @Test(
    arguments: [
      (
        #"{"actualQueryCost":12,"throttleStatus":{"currentlyAvailable":988,"restoreRate":50.0}}"#,
        CallRoom.bucket(cost: 12, left: 988, perSecond: 50)
      ),
      (
        #"{"actualQueryCost":0,"throttleStatus":{"currentlyAvailable":988,"restoreRate":50.0}}"#,
        nil
      ),
      (#"{"actualQueryCost":12}"#, nil), (#"{"actualQueryCost":"x","throttleStatus":7}"#, nil),
    ] as [(String, CallRoom?)])
  func bucketOfPointsIsHandedOn(_ cost: String, _ expected: CallRoom?) async throws {
    let ear = RoomEar()
    let http = RecordedHTTP(#"{"data":{"nodes":[]},"extensions":{"cost":\#(cost)}}"#)
    var api = shopifyAPI(http)
    api.tellRoom = { ear.hear($0) }
    let listing = ChannelListing(
      itemID: "1", variationID: "2", sellerSKU: "S",
      attributes: ["inventory_item_id": "9", "location_id": "8"])
    _ = try await ShopifyAdapter().readStock([listing], api: api)
    #expect(ear.take() == expected)
  }

  @Test func throttledCallSaysHowLongToWait() async {
    let body =
      #"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":112,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":12,"restoreRate":50.0}}}}"#
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("11", 7)], api: shopifyAPI(RecordedHTTP(body)))
    }
    #expect(error == .rateLimited(after: .seconds(2)))
  }

  @Test(arguments: [
    (200, #"{"errors":[{"message":"x","extensions":{"code":"ACCESS_DENIED"}}]}"#, "unauthorised"),
    (
      200, #"{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}"#,
      "unavailable"
    ),
    (200, #"{"errors":[{"message":"The directive @idempotent is required"}]}"#, "refused"),
    (200, #"{"errors":"Not Found"}"#, "refused"), (200, #"{"data":null}"#, "malformed"),
    (200, #"{"data":{}}"#, "malformed"), (200, "", "malformed"),
    (401, #"{"errors":"[API] Invalid API key or access token"}"#, "unauthorised"),
    (402, "", "suspended"), (423, "", "suspended"), (404, "", "notFound"), (429, "", "rateLimited"),
    (503, "", "unavailable"),
  ])
  func errorsOfTheCallHaveTheirMeaning(_ status: Int, _ body: String, _ kind: String) async {
    let http = RecordedHTTP([ChannelReply(status, body)])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("11", 7)], api: shopifyAPI(http))
    }
    #expect(error?.kind == kind)
  }

  @Test func tokenThatCanBeRefreshedEnds() async {
    let http = RecordedHTTP([ChannelReply(401, "")])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.pushStock([push("11", 7)], api: shopifyAPI(http, ["refresh_token": "r"]))
    }
    #expect(error?.kind == "tokenExpired")
  }

  @Test func shownNumbersAreReadLocationByLocation() async throws {
    func level(_ item: Int, _ quantity: String) -> String {
      #"{"id":"gid://shopify/InventoryItem/\#(item)","inventoryLevel":{"quantities":[{"name":"available","quantity":\#(quantity)}]}}"#
    }
    let http = RecordedHTTP(
      #"{"data":{"nodes":[\#(level(11, "7")),null]}}"#,
      #"{"data":{"nodes":[\#(level(13, "-2")),{"id":"gid://shopify/InventoryItem/14","inventoryLevel":null}]}}"#
    )
    let listings = [
      push("13", 0, location: "6").listing, push("11", 0).listing, push("12", 0).listing,
      push("14", 0, location: "6").listing,
      ChannelListing(itemID: "1", variationID: "2", sellerSKU: ""),
    ]
    #expect(
      try await adapter.readStock(listings, api: shopifyAPI(http)) == [-2, 7, nil, nil, nil])
    #expect(http.requests.count == 2)
  }
}
