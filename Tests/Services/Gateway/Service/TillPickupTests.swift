import Testing

@testable import GatewayService

/// Goal: a web shop of one's own commits a hold for a customer who comes for it.
@Suite struct TillPickupTests {
  @Test func holdBecomesAnOrderForPickup() async throws {
    let bench = try TillTests.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      for hold in ["h1", "h2"] {
        let made = try await GatewayBench.till(
          run, "POST", "/till/v1/holds",
          "{\"hold_id\":\"\(hold)\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":1}]}")
        #expect(made.status == 200, "\(made.body)")
      }
      func commit(_ hold: String, _ fields: String) async throws -> Int {
        try await GatewayBench.till(
          run, "POST", "/till/v1/holds/\(hold)/commit", "{\"order_id\":\"web-\(hold)\",\(fields)}"
        ).status
      }
      // What is handed over is not waited for.
      #expect(try await commit("h1", #""handed_over":true,"pickup":true"#) == 400)
      #expect(try await commit("h1", #""pickup":"yes""#) == 400)
      for _ in 0..<2 { #expect(try await commit("h1", #""pickup":true"#) == 200) }
      #expect(try await commit("h1", #""pickup":false"#) == 409)
      #expect(try await commit("h2", #""pickup":false"#) == 200)
      #expect(try await commit("h2", #""handed_over":false"#) == 200, "it says the same")
      #expect(bench.fulfilment.order("till/web-h1")?.pickup?.locationID == "STORE")
      let sent = try #require(bench.fulfilment.order("till/web-h2"))
      #expect(sent.pickup == nil)
    }
  }

  /// Goal: click and collect: what the customer comes for is held at one store, and is an order there. Method: a hold of two
  /// lines at a store, added to there; one that names a place wrongly.
  @Test func holdIsMadeWhereTheCustomerComesTo() async throws {
    let bench = try TillTests.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      func post(_ path: String, _ body: String) async throws -> (status: Int, body: [String: Any]) {
        try await GatewayBench.till(run, "POST", "/till/v1/holds\(path)", body)
      }
      let lines = #""lines":[{"sku":"TEE","quantity":1},{"sku":"CAP","quantity":2}]"#
      let long = String(repeating: "x", count: 65)
      for place in ["\"\(long)\"", "\" x\"", "\"\"", "7"] {
        let refused = try await post("", #"{"hold_id":"h0","location_id":\#(place),\#(lines)}"#)
        #expect(refused.status == 400, "\(place) \(refused.body)")
      }
      for _ in 0..<2 {
        let made = try await post("", #"{"hold_id":"h1","location_id":"MAIN",\#(lines)}"#)
        #expect(made.status == 200, "\(made.body)")
      }
      let held = bench.pool.state.withLock { $0.holds["till/h1"]?.lines ?? [] }
      #expect(held.map(\.locationID) == ["MAIN", "MAIN"])
      let added = try await post(
        "/h1/edit", #"{"etag":"v1","location_id":"MAIN","lines":[{"sku":"TEE","delta":1}]}"#)
      #expect(added.status == 200)
      let shown = try #require(added.body["lines"] as? [[String: Any]])
      #expect(shown.map { $0["location_id"] as? String } == ["MAIN", "MAIN"])
      let wrong = #"{"etag":"v2","location_id":"","lines":[{"sku":"TEE","delta":1}]}"#
      #expect(try await post("/h1/edit", wrong).status == 400)
      #expect(try await post("/h1/commit", #"{"order_id":"w1","pickup":true}"#).status == 200)
      // The account's own location is another.
      #expect(bench.fulfilment.order("till/w1")?.pickup?.locationID == "MAIN")
    }
  }
}
