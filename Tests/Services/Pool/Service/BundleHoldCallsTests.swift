import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Holds of bundles over the services, on a real store: ten TEEs, four CAPs, a KIT of two TEEs and a CAP.
@Suite struct BundleHoldCallsTests {
  private func withKit(_ body: (Bench) async throws -> Void) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 4, "KIT": 0])
      _ = try await bench.assortment.setBundle(.init(bundle: BundleServiceTests.kit))
      try await body(bench)
    }
  }

  private func hold(_ bench: Bench, _ kits: Int64) async throws -> PoolAPI.Hold {
    let request = CreateHoldRequest(
      holdID: "h", owner: "o", lines: [.init(sku: "KIT", quantity: kits)],
      expireTime: bench.clock.now() + .seconds(60))
    return try #require(try await bench.client.createHold(request).hold)
  }

  private func units(_ lines: [HoldLine]) -> [String: Int64] {
    Dictionary(lines.map { ($0.sku, $0.quantity) }, uniquingKeysWith: +)
  }

  /// Goal: a hold is made, edited and committed in bundles, through a crash, a restart and another definition.
  @Test func wayOfAHold() async throws {
    try await withKit { bench in
      var held = try await hold(bench, 1)
      let edit = EditHoldRequest(
        holdID: "h", etag: held.etag, lines: [.init(sku: "KIT", deltaCount: 2)], requestID: "q")
      held = try #require(try await bench.client.editHold(edit).hold)
      #expect(units(held.lines) == ["TEE": 6, "CAP": 3])
      _ = try await bench.assortment.setBundle(
        .init(bundle: .init(sku: "KIT", components: [.init(sku: "TEE", unitCount: 9)])))
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.restart()
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      let less = EditHoldRequest(
        holdID: "h", etag: held.etag, lines: [.init(sku: "KIT", deltaCount: -1)])
      held = try #require(try await bench.client.editHold(less).hold)
      #expect(units(held.lines) == ["TEE": 4, "CAP": 2])
      let part = CommitHoldRequest(
        holdID: "h", orderID: "o-1", channelID: "c", lines: [.init(sku: "KIT", quantity: 1)])
      for _ in 1...2 {
        let committed = try await bench.client.commitHold(part)
        #expect(committed.hold?.state == .committed)
        #expect(committed.lines.map { [$0.lineID, $0.sku] } == [["1", "TEE"], ["2", "CAP"]])
        #expect(committed.lines.map(\.soldCount) == [2, 1])
      }
      #expect(try await bench.available("TEE") == 8)
      #expect(try await bench.available("CAP") == 3)
      try await bench.restart()
      #expect(try await bench.client.commitHold(part).hold?.state == .committed)
      #expect(try await bench.client.verifyLedger(.init()).proved)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
    }
  }

  /// Goal: a refusal tells the component that is short.
  @Test func refusals() async throws {
    try await withKit { bench in
      let held = try await hold(bench, 2)
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "heldCount": "4", "requestedCount": "6"]
      ) {
        _ = try await bench.client.commitHold(
          .init(holdID: "h", orderID: "o-1", lines: [.init(sku: "KIT", quantity: 3)]))
      }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "heldCount": "4", "requestedCount": "6"]
      ) {
        _ = try await bench.client.editHold(
          .init(holdID: "h", etag: held.etag, lines: [.init(sku: "KIT", deltaCount: -3)]))
      }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "CAP", "availableCount": "2", "requestedCount": "3",
          "holders": "2 by o (h) until 2027-01-15T08:01:00.000000Z",
        ]
      ) {
        _ = try await bench.client.editHold(
          .init(holdID: "h", etag: held.etag, lines: [.init(sku: "KIT", deltaCount: 3)]))
      }
      _ = try await bench.client.commitHold(
        .init(holdID: "h", orderID: "o-1", lines: [.init(sku: "KIT", quantity: 2)]))
      await expectError(.failedPrecondition, "HOLD_ENDED", ["holdId": "h", "state": "COMMITTED"]) {
        _ = try await bench.client.commitHold(
          .init(holdID: "h", orderID: "o-1", lines: [.init(sku: "KIT", quantity: 1)]))
      }
    }
  }

  /// Goal: whatever would give a bundle stock of its own is refused, and says which line.
  @Test func bundleHasNoStock() async throws {
    try await withKit { bench in
      let before = await bench.stateInMemory()
      for (name, call) in stockCalls(bench) + documentCalls(bench) {
        do {
          try await call()
          Issue.record("\(name) gave a bundle stock")
        } catch let error as RPCError {
          #expect(
            error.code == .invalidArgument && error.reason == "BUNDLE_HAS_NO_STOCK", "\(name)")
          #expect(error.metadata == ["sku": "KIT"], "\(name)")
          #expect(error.violations.map(\.field) == ["lines[0].sku"], "\(name)")
        }
      }
      #expect(await bench.stateInMemory() == before)
    }
  }

  /// Goal: nobody counts bundles, neither when the count opens nor when a report comes.
  @Test func bundleIsNotCounted() async throws {
    try await withKit { bench in
      await expectError(.invalidArgument, "BUNDLE_HAS_NO_STOCK", ["sku": "KIT"]) {
        _ = try await bench.counts.openCount(
          .init(countID: "C", locationID: "A", skus: ["TEE", "KIT"]))
      }
      _ = try await bench.counts.openCount(.init(countID: "C", locationID: "A"))
      await expectError(
        .invalidArgument, "BUNDLE_HAS_NO_STOCK", ["sku": "KIT"], violations: ["lines[0].sku"]
      ) {
        _ = try await bench.counts.reportCount(
          .init(countID: "C", reportID: "r", lines: [.init(sku: "KIT", countedCount: 1)]))
      }
    }
  }

  private func stockCalls(_ bench: Bench) -> [(String, () async throws -> Void)] {
    let client = bench.client
    let line = PoolAPI.StockLine(sku: "KIT", locationID: "A", quantity: 1)
    let adjustment = AdjustmentLine(sku: "KIT", locationID: "A", deltaCount: 1)
    let returned = ReturnLine(
      sku: "KIT", locationID: "A", quantity: 1, disposition: .restock, lotID: "L",
      lotExpireTime: Bench.start + .seconds(9))
    return [
      ("ReceiveStock", { _ = try await client.receiveStock(.init(lines: [line])) }),
      (
        "AdjustStock",
        { _ = try await client.adjustStock(.init(lines: [adjustment], reason: "count")) }
      ),
      (
        "ResolveUnavailable",
        { _ = try await client.resolveUnavailable(.init(lines: [line], outcome: .cleared)) }
      ),
      (
        "ReturnStock into a lot",
        { _ = try await client.returnStock(.init(returnID: "r", lines: [returned])) }
      ),
    ]
  }

  private func documentCalls(_ bench: Bench) -> [(String, () async throws -> Void)] {
    let promotion = PoolAPI.Promotion(
      promotionID: "p", channelIDs: ["c"], strategy: .regular, startTime: Bench.start,
      endTime: Bench.start + .seconds(9), lines: [.init(sku: "KIT", allottedCount: 1)])
    var order = InboundTests.order()
    order.lines[0].sku = "KIT"
    var transfer = InboundTests.transfer()
    transfer.lines[0].sku = "KIT"
    return [
      (
        "SetPromotion", { _ = try await bench.promotions.setPromotion(.init(promotion: promotion)) }
      ),
      (
        "SetPurchaseOrder",
        { [order] in _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: order)) }
      ),
      (
        "SetTransfer",
        { [transfer] in _ = try await bench.inbound.setTransfer(.init(transfer: transfer)) }
      ),
    ]
  }
}
