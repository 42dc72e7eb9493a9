import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// What channels could show while a promotion kept units is not kept, and is not guessed.
@Suite struct PastAllotmentTests {
  private func promote(
    _ bench: Bench, _ id: String, from start: Int64, to end: Int64, isScheduled: Bool = true
  ) async throws {
    _ = try await bench.promotions.setPromotion(
      .init(
        promotion: .init(
          promotionID: id, channelIDs: ["shopee"], strategy: .regular,
          startTime: Bench.start + .seconds(start), endTime: Bench.start + .seconds(end),
          lines: [.init(sku: "TEE", allottedCount: 5)])))
    if isScheduled { _ = try await bench.promotions.schedulePromotion(.init(promotionID: id)) }
  }

  /// The instants, in seconds since the beginning, of which it is refused to say what a channel could show.
  private func refused(
    _ bench: Bench, _ instants: [Int64], sku: String = "TEE"
  ) async throws -> [Int64] {
    var found: [Int64] = []
    for instant in instants {
      let time = Bench.start + .seconds(instant)
      do {
        _ = try await bench.client.getStockAt(.init(sku: sku, time: time, channelIDs: ["lazada"]))
      } catch {
        #expect(error.code == .failedPrecondition && error.reason == "ALLOTMENTS_UNKNOWN")
        #expect(error.metadata == ["sku": sku, "promotionId": "p"])
        found.append(instant)
      }
      do {
        _ = try await bench.client.explainAvailability(
          .init(sku: sku, channelID: "lazada", time: time))
        #expect(found.last != instant, "both say the same")
      } catch {
        #expect(error.reason == "ALLOTMENTS_UNKNOWN" && found.last == instant)
      }
      // Stock alone is told of each instant.
      let stock = try await bench.client.getStockAt(.init(sku: sku, time: time))
      #expect(stock.total?.onHandCount == 20)
    }
    return found
  }

  @Test func refusedWhileItRan() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20, "CAP": 20])
      try await promote(bench, "p", from: 10, to: 100)
      bench.clock.advance(by: .seconds(200))
      await bench.server.tick()
      let instants: [Int64] = [0, 9, 10, 50, 99, 100, 150]
      #expect(try await refused(bench, instants) == [10, 50, 99])
      #expect(try await refused(bench, instants, sku: "CAP").isEmpty)
      try await bench.restart()
      #expect(try await refused(bench, instants) == [10, 50, 99])
    }
  }

  /// Goal: one that ended early kept nothing later; a draft, and one that was cancelled before it began, never did.
  @Test func whatKeptNothingHidesNothing() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20, "CAP": 20])
      try await promote(bench, "draft", from: 0, to: 300, isScheduled: false)
      try await promote(bench, "cancelled", from: 100, to: 200)
      _ = try await bench.promotions.cancelPromotion(.init(promotionID: "cancelled"))
      try await promote(bench, "p", from: 10, to: 100)
      bench.clock.advance(by: .seconds(40))
      await bench.server.tick()
      _ = try await bench.promotions.endPromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(260))
      await bench.server.tick()
      #expect(try await refused(bench, [0, 5, 10, 39, 40, 99, 100, 150, 250]) == [10, 39])
    }
  }
}
