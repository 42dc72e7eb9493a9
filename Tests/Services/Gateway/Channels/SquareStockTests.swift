import ChannelAdapter
import Foundation
import Primitives
import SquareChannel
import Testing

@Suite struct SquareStockTests {
  let adapter = SquareAdapter()
  private let fine = #"{"counts":[],"changes":[]}"#

  private func listing(_ id: String, stockable: String? = nil) -> ChannelListing {
    ChannelListing(
      itemID: id, variationID: "", sellerSKU: "S",
      attributes: stockable.map { ["stockable": $0] } ?? [:])
  }

  private func push(_ id: String, _ quantity: Quantity, key: String = "k") -> StockPush {
    StockPush(listing: listing(id), quantity: quantity, idempotencyKey: key)
  }

  private func errors(_ errors: (field: String?, code: String)...) -> ChannelReply {
    let list = errors.map { error in
      let field = error.field.map { #","field":"\#($0)""# } ?? ""
      return #"{"category":"INVALID_REQUEST_ERROR","code":"\#(error.code)","detail":"d"\#(field)}"#
    }
    return ChannelReply(400, #"{"errors":[\#(list.joined(separator: ","))]}"#)
  }

  private func key(_ request: ChannelRequest) throws -> String {
    let object = try JSONSerialization.jsonObject(with: Data(request.body))
    return try #require((object as? [String: Any])?["idempotency_key"] as? String)
  }

  @Test func oneCallCountsVariationsNow() async throws {
    let http = RecordedHTTP(fine)
    let done = try await adapter.pushStock([push("V1", 7), push("V2", 0)], api: squareAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    let request = try #require(http.requests.first)
    #expect(request.method == "POST")
    #expect(request.url == "http://127.0.0.1:8090/square/v2/inventory/changes/batch-create")
    let count = #""location_id":"L1","occurred_at":"2023-11-14T22:13:20.000000Z""#
    #expect(
      request.text
        == #"{"changes":[{"physical_count":{"catalog_object_id":"V1",\#(count),"quantity":"7","state":"IN_STOCK"},"type":"PHYSICAL_COUNT"},{"physical_count":{"catalog_object_id":"V2",\#(count),"quantity":"0","state":"IN_STOCK"},"type":"PHYSICAL_COUNT"}],"idempotency_key":"\#(try key(request))"}"#
    )
  }

  /// The same key must mean the same call: whatever the body says is in the key.
  @Test func keyIsOfAllThatTheCallSays() async throws {
    let http = RecordedHTTP(fine, fine, fine, fine, fine)
    var api = squareAPI(http)
    _ = try await adapter.pushStock([push("V1", 7)], api: api)
    _ = try await adapter.pushStock([push("V1", 7)], api: api)
    _ = try await adapter.pushStock([push("V1", 8)], api: api)
    _ = try await adapter.pushStock([push("V1", 7, key: "other")], api: api)
    api.clock = ManualClock(Timestamp(seconds: 1_700_000_001))
    _ = try await adapter.pushStock([push("V1", 7)], api: api)
    let keys = try http.requests.map(key)
    #expect(keys[0] == keys[1])
    #expect(Set(keys).count == 4)
    #expect(keys.allSatisfy { (1...128).contains($0.utf8.count) })
  }

  @Test func entryThatFailsIsNamedAndTheOthersAreSentAgain() async throws {
    let http = RecordedHTTP([
      errors(("changes[1].physical_count.catalog_object_id", "NOT_FOUND")),
      ChannelReply(200, fine),
    ])
    let done = try await adapter.pushStock(
      [push("V1", 7), push("V2", 1), push("V3", 2)], api: squareAPI(http))
    #expect(done == [.acknowledged, .refused("NOT_FOUND: d"), .acknowledged])
    #expect(http.requests.count == 2 && !http.requests[1].text.contains("V2"))
  }

  @Test func momentThatSquareRefusesIsTriedAgain() async throws {
    let http = RecordedHTTP([
      errors(("changes[0].physical_count.occurred_at", "INVALID_TIME"))
    ])
    let done = try await adapter.pushStock([push("V1", 7)], api: squareAPI(http))
    #expect(done.map(\.kind) == ["retry"])
  }

  @Test func callsForOneBatchAreBounded() async throws {
    let busy = errors(("changes[0].physical_count.quantity", "TEMPORARY_ERROR"))
    let http = RecordedHTTP([busy, busy, busy, busy, busy, busy])
    let pushes = (0..<6).map { push("V\($0)", 1) }
    let done = try await adapter.pushStock(pushes, api: squareAPI(http))
    #expect(done.map(\.kind) == Array(repeating: "retry", count: 6))
    #expect(http.requests.count == 4)
  }

  @Test func errorOfTheWholeCallIsThrown() async {
    for (reply, kind) in [
      (errors((nil, "INVALID_REQUEST")), "refused"),
      (errors(("idempotency_key", "IDEMPOTENCY_KEY_REUSED")), "refused"),
      (errors(("changes[7].physical_count", "INVALID_VALUE")), "refused"),
      (errors(("changes[x]", "INVALID_VALUE")), "refused"),
      (ChannelReply(503, ""), "unavailable"), (ChannelReply(200, "<html>"), "malformed"),
    ] {
      let error = await failure { () async throws(ChannelError) in
        try await adapter.pushStock([push("V1", 7)], api: squareAPI(RecordedHTTP([reply])))
      }
      #expect(error?.kind == kind)
    }
  }

  @Test func oneVariationTwiceTakesTwoCallsInOrder() async throws {
    let http = RecordedHTTP(fine, fine)
    let done = try await adapter.pushStock([push("V1", 7), push("V1", 3)], api: squareAPI(http))
    #expect(done == [.acknowledged, .acknowledged])
    #expect(http.requests[0].text.contains(#""quantity":"7""#))
    #expect(http.requests[1].text.contains(#""quantity":"3""#))
  }

  @Test func whatIsSoldOutOfAnotherStockIsNotCounted() async throws {
    let http = RecordedHTTP()
    let derived = StockPush(
      listing: listing("GLASS", stockable: "false"), quantity: 3, idempotencyKey: "k")
    #expect(try await adapter.pushStock([derived], api: squareAPI(http)) == [.acknowledged])
    #expect(try await adapter.readStock([derived.listing], api: squareAPI(http)) == [nil])
    #expect(http.requests.isEmpty)
  }

  @Test func countIsReadPageByPageAndAMissingOneIsNotZero() async throws {
    let http = RecordedHTTP(
      """
      {"counts":[{"catalog_object_id":"V1","location_id":"L1","state":"IN_STOCK","quantity":"7"},
        {"catalog_object_id":"V1","location_id":"L1","state":"WASTE","quantity":"1"},
        {"catalog_object_id":"V2","location_id":"L2","state":"IN_STOCK","quantity":"9"}],"cursor":"c"}
      """,
      """
      {"counts":[{"catalog_object_id":"V3","location_id":"L1","state":"IN_STOCK","quantity":"-2.5"},
        {"catalog_object_id":"V4","location_id":"L1","state":"IN_STOCK","quantity":"1.75"}]}
      """)
    let shown = try await adapter.readStock(
      ["V1", "V2", "V3", "V4", "V1"].map { listing($0) }, api: squareAPI(http))
    // A part of a unit cannot be sold.
    #expect(shown == [7, nil, -3, 1, 7])
    #expect(
      http.requests[0].text
        == #"{"catalog_object_ids":["V1","V2","V3","V4"],"location_ids":["L1"],"states":["IN_STOCK"]}"#
    )
    #expect(http.requests[1].text.contains(#""cursor":"c""#))
  }

  @Test func readingAsksForAHundredAtATimeAndEndsOnALoop() async throws {
    let http = RecordedHTTP(fine, #"{"cursor":"c"}"#, #"{"cursor":"c"}"#)
    let listings = (0..<150).map { listing("V\($0)") }
    let shown = try await adapter.readStock(listings, api: squareAPI(http))
    #expect(shown.count == 150 && shown.allSatisfy { $0 == nil })
    #expect(http.requests.count == 3)
  }
}
