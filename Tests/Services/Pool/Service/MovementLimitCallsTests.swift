import PoolAPI
import Testing

@testable import PoolService

@Suite struct MovementLimitCallsTests {
  /// Goal: a call with as many lines as are allowed may still come to too much; it is refused with both numbers, and nothing
  /// of it is done. Method: 10,000 lines of a bundle of 11.
  @Test func callIsRefusedWithLimitAndCount() async throws {
    try await withBench { bench in
      let skus = (0..<11).map { "C-\($0)" }
      try await bench.stock(Dictionary(uniqueKeysWithValues: skus.map { ($0, 5) }))
      _ = try await bench.client.setSku(.init(sku: .init(sku: "BIG")))
      _ = try await bench.assortment.setBundle(
        .init(bundle: .init(sku: "BIG", components: skus.map { .init(sku: $0, unitCount: 1) })))
      let lines = (0..<10_000).map { SaleLine(lineID: "\($0)", sku: "BIG", quantity: 1) }
      let sequence = bench.server.view.sequence
      let wanted = ["movementCount": "110000", "movementLimit": "100000"]
      await expectError(.failedPrecondition, "TOO_MANY_MOVEMENTS", wanted) {
        _ = try await bench.client.recordSale(
          .init(orderID: "o-1", channelID: "shopee", lines: lines))
      }
      await expectError(.failedPrecondition, "TOO_MANY_MOVEMENTS", wanted) {
        _ = try await bench.client.returnStock(
          .init(
            returnID: "r",
            lines: lines.map {
              .init(sku: $0.sku, locationID: "A", quantity: 1, disposition: .restock)
            }))
      }
      #expect(bench.server.view.sequence == sequence)
      _ = try await bench.client.recordSale(
        .init(orderID: "o-1", channelID: "shopee", lines: Array(lines.prefix(10))))
    }
  }
}
