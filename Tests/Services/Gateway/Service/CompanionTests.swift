import GatewayAPI
import LoyverseChannel
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// Goal: what one call of a channel tells of several receipts is all taken in, once.
@Suite struct CompanionTests {
  private static func receipt(_ number: String, _ quantity: Int, store: String = "s-1") -> String {
    #"{"receipt_number":"\#(number)","receipt_type":"SALE","store_id":"\#(store)","created_at":"2100-01-05T02:59:58Z","line_items":[{"id":"l-1","item_id":"i-1","variant_id":"v-1","sku":"TEE","quantity":\#(quantity)}]}"#
  }

  private static func webhook(_ receipts: String..., token: String = "secret") -> HTTPRequest {
    let body = #"{"type":"receipts.update","receipts":[\#(receipts.joined(separator: ","))]}"#
    return HTTPRequest(
      method: "POST", path: "/hooks/loyverse", query: "token=\(token)",
      headers: [("content-type", "application/json")], body: Array(body.utf8))
  }

  @Test func everyReceiptOfACallIsTakenInOnce() async throws {
    let bench = try GatewayBench(others: [LoyverseAdapter()])
    bench.pool.receive("TEE", 100)
    try await bench.run { run in
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: "lv", channelID: "loyverse", externalID: "s-1",
            baseURL: "https://api.example.com",
            credentials: ["access_token": "t", "hook_token": "secret"], locationID: "STORE")))
      bench.mapping.set("lv", item: "i-1", variation: "v-1", takes: [("TEE", 1)])
      func post(_ request: HTTPRequest) async -> Int {
        await GatewayBench.post(run, request, suffix: "loyverse").status
      }
      let first = Self.receipt("1-1", 2)
      #expect(await post(Self.webhook(first, token: "another")) == 401)
      #expect(await post(Self.webhook(first)) == 200)
      // The first is known by now, its companion is news; the third is of another store.
      let again = Self.webhook(first, Self.receipt("1-2", 3), Self.receipt("1-3", 4, store: "s-2"))
      #expect(await post(again) == 200)
      #expect(await post(again) == 200)
      try await eventually("both receipts are taken in") {
        bench.pool.net == ["lv/1-1 l-1 TEE": 2, "lv/1-2 l-1 TEE": 3]
      }
      let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(events.map(\.orderID).sorted() == ["lv/1-1", "lv/1-2"])
      #expect(
        bench.pool.state.withLock { $0.saleLocations["lv/1-2"] } == ["STORE"])
    }
  }
}
