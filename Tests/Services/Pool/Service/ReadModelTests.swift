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
    let bench = try await benchWithRules()
    let steps: [(seconds: Int64, wanted: [Int64])] = [
      (9, [20, 20]), (1, [15, 12]), (40, [20, 12]), (50, [20, 20]),
    ]
    for (seconds, wanted) in steps {
      bench.clock.advance(by: .seconds(seconds))
      let writer = try open(bench)
      #expect(shown(writer) == wanted, "after \(seconds) s more")
      writer.finish()
    }
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: rules of a clock that was wrong at the start are not shown once the writer knows better, and whoever watches is
  /// told.
  @Test func rulesOfAWrongClockAreTakenBack() async throws {
    let bench = try await benchWithRules()
    bench.clock.advance(by: .seconds(20))
    let writer = try open(bench)
    #expect(shown(writer) == [15, 12])
    let place = writer.feed.end
    bench.clock.advance(by: .seconds(-15))
    writer.step([])
    #expect(shown(writer) == [20, 20])
    #expect(writer.feed.changes(from: place, count: 9)?.map(\.sku) == [nil])
    bench.clock.advance(by: .seconds(5))
    writer.step([])
    #expect(shown(writer) == [15, 12])
    writer.finish()
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// A closed store with 20 TEE, of which a promotion for Shopee keeps 8 from 10 s on for 90 s, and a buffer there 5 for 40 s.
  private func benchWithRules() async throws -> Bench {
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
    return bench
  }

  /// A writer that is stepped by hand.
  private func open(_ bench: Bench) throws -> Writer {
    let writer = Writer(
      path: bench.path, queue: JobQueue(capacity: 1, consumers: 1), readers: ReaderHealth {},
      clock: bench.clock, view: ReadModel(), feed: AvailabilityFeed(),
      metrics: PoolMetrics(Metrics(), storage: SilentStorage()) { 0 }, log: .silent,
      salesInMemory: 10, holdCaps: HoldCaps()
    ) { (_: PoolStore) throws(StorageError) in }
    try writer.open()
    return writer
  }

  /// Of TEE on Shopee and Lazada.
  private func shown(_ writer: Writer) -> [Int64] {
    writer.view.read { state in
      ["shopee", "lazada"].map { state.availableToSell(SKUIndex(0), on: ChannelID(trusted: $0)) }
    }
  }
}
