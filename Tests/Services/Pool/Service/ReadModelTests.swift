import PoolAPI
import Testing

@testable import PoolService

@Suite struct ReadModelTests {
  /// Goal: when a location's rank changes, readers see every SKU's balances in the new order at once,
  /// also of SKUs in which nothing else has changed.
  @Test func balancesFollowTheRanks() async throws {
    try await withBench { bench in
      let skus = (0..<40).map { "S-\($0)" }
      try await bench.stock(Dictionary(uniqueKeysWithValues: skus.map { ($0, 2) }))
      _ = try await bench.client.receiveStock(
        .init(lines: skus.map { .init(sku: $0, locationID: "B", quantity: 3) }))
      func expectOrder(_ places: [String]) async throws {
        for sku in skus {
          let stock = try await bench.client.getStock(.init(sku: sku))
          #expect(stock.balances.map(\.locationID) == places, "\(sku)")
          #expect(stock.total?.onHandCount == 5)
        }
      }
      try await expectOrder(["A", "B"])
      _ = try await bench.client.setLocation(.init(location: .init(locationID: "B", rank: 0)))
      try await expectOrder(["B", "A"])
      let sale = try await bench.sell("o-1", 1, of: "S-7")
      #expect(sale.lines[0].allocations.map(\.locationID) == ["B"])
      try await bench.restart()
      try await expectOrder(["B", "A"])
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }
}
