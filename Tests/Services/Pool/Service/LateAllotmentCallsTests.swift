import PoolAPI
import Primitives
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct LateAllotmentCallsTests {
  private func taken(_ bench: Bench) async throws -> Int64? {
    try await bench.promotions.getPromotion(.init(promotionID: "p")).promotion?.lines[0].takenCount
  }

  /// Goal: a hold without a channel that a promotion's channel sells counts against its allotment, in memory, on disk and
  /// after a restart; a cancellation gives back.
  @Test func saleOfAHoldCountsAgainstTheAllotment() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(
        .init(
          promotion: .init(
            promotionID: "p", channelIDs: ["shopee"], strategy: .regular, startTime: Bench.start,
            endTime: Bench.start + .seconds(1_000),
            lines: [.init(sku: "TEE", allottedCount: 5)])))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      _ = try await bench.hold("h-1", 3)
      #expect(try await taken(bench) == 0)
      let commit = CommitHoldRequest(holdID: "h-1", orderID: "o-1", channelID: "shopee")
      for _ in 1...2 { _ = try await bench.client.commitHold(commit) }
      #expect(try await taken(bench) == 3)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      let why = try await bench.client.explainAvailability(.init(sku: "TEE", channelID: "lazada"))
      #expect(why.availableToSellCount == 15 && why.terms.last?.deltaCount == -2)
      try await bench.restart()
      #expect(try await taken(bench) == 3)
      _ = try await bench.client.cancelSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 2)]))
      #expect(try await taken(bench) == 1)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
      #expect(try await taken(bench) == 1)
    }
  }

  /// Goal: a commit that is repeated when its hold is forgotten still says that the units were taken again.
  @Test func repeatAfterADaySaysRetaken() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      for (hold, isLate) in [("h-1", true), ("h-2", false)] {
        _ = try await bench.hold(hold, 3)
        if isLate { bench.clock.advance(by: .seconds(60)) }
        let first = try await bench.client.commitHold(.init(holdID: hold, orderID: "o-\(hold)"))
        #expect(first.retaken == isLate)
      }
      bench.clock.advance(by: .seconds(25 * 3_600))
      await bench.server.tick()
      for _ in 1...2 {
        for (hold, isLate) in [("h-1", true), ("h-2", false)] {
          let again = try await bench.client.commitHold(.init(holdID: hold, orderID: "o-\(hold)"))
          #expect(again.retaken == isLate && again.hold?.retaken == isLate)
          #expect(again.hold?.createTime == nil, "the hold itself is forgotten")
          #expect(again.lines.map(\.soldCount) == [3])
        }
        try await bench.restart()
      }
    }
  }
}
