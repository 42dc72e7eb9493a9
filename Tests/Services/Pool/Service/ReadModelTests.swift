import Foundation
import Kit
import PoolAPI
import PoolDomain
import Primitives
import StorageCore
import StorageSQLite
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

  /// Goal: after a restart nobody is shown what the rules of the last entry's time would: what the clock says counts before
  /// the writer has decided anything. Method: a writer that never does.
  @Test func rulesOfNowCountFromTheFirstRead() async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 20])
    let promotion = PoolAPI.Promotion(
      promotionID: "p", channelIDs: ["shopee"], strategy: .regular,
      startTime: bench.clock.now() + .seconds(10), endTime: bench.clock.now() + .seconds(100),
      lines: [.init(sku: "TEE", allottedCount: 8)])
    _ = try await bench.promotions.setPromotion(.init(promotion: promotion))
    _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
    _ = try await bench.client.setBuffer(
      .init(
        buffer: .init(
          sku: "TEE", channelID: "shopee", margin: .unitCount(5), name: "peak",
          startTime: bench.clock.now() + .seconds(10), endTime: bench.clock.now() + .seconds(50))))
    await bench.server.close()
    for (seconds, shown) in [(9, [20, 20]), (1, [15, 12]), (40, [20, 12]), (50, [20, 20])] {
      bench.clock.advance(by: .seconds(seconds))
      let view = ReadModel()
      let writer = Writer(
        path: bench.path, queue: JobQueue(capacity: 1, consumers: 1), readers: ReaderHealth {},
        clock: bench.clock, view: view, feed: AvailabilityFeed(),
        metrics: PoolMetrics(Metrics(), storage: SilentStorage()) { 0 }, log: .silent,
        salesInMemory: 10, holdCaps: HoldCaps()
      ) { (_: PoolStore) throws(StorageError) in }
      try writer.open()
      let found = view.read { state in
        ["shopee", "lazada"].map {
          state.availableToSell(SKUIndex(0), on: ChannelID(trusted: $0))
        }
      }
      #expect(found == shown.map(Int64.init), "after \(seconds) s more")
      writer.finish()
    }
    try? FileManager.default.removeItem(at: bench.folder)
  }
}
