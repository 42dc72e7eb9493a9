import GatewayAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct OwnLocationTests {
  /// Goal: goods of a store's till leave the store's own location; a web shop's leave where the pool
  /// says.
  @Test(arguments: [(true, "MAIN"), (false, "")])
  func saleLeavesTheAccountsLocationWhereTheChannelHasItsOwn(
    _ isOwn: Bool, _ location: String
  ) async throws {
    let bench = try GatewayBench(FakeAdapter(FakeChannel(), sellsFromOwnLocation: isOwn))
    bench.pool.receive("TEE", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    bench.order("o1", [("1", "i1", 2, 0)])
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.pool.state.withLock { $0.saleLocations["acc/o1"] } == [location])
    }
  }

  @Test func tillSellsFromItsOwnLocation() async throws {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 10)
    try await bench.run { run in
      try await bench.connectTill(run)
      let answer = try await GatewayBench.till(
        run, "POST", "/till/v1/sales",
        #"{"device_id":"d","batch_id":"b","sales":[{"sale_id":"s1","kind":"sale","store_id":"S1","occurred_at":"2026-01-05T10:03:11+08:00","lines":[{"line_id":"1","sku":"TEE","quantity":1}]}]}"#
      )
      #expect(answer.status == 200)
      #expect(bench.pool.state.withLock { $0.saleLocations["till/s1"] } == ["STORE"])
    }
  }
}
