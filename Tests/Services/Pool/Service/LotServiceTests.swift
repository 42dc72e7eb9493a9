import PoolAPI
import Primitives
import RPCCore
import StorageCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Lots over the services, on a real store.
@Suite struct LotServiceTests {
  private func receive(
    _ bench: Bench, _ units: Int64, _ lot: String, after seconds: Int64? = nil
  ) async throws {
    _ = try await bench.client.receiveStock(
      .init(lines: [
        .init(
          sku: "TEE", locationID: "A", quantity: units, lotID: lot,
          lotExpireTime: seconds.map { Bench.start + .seconds($0) })
      ]))
  }

  private func lots(_ bench: Bench) async throws -> [String] {
    try await bench.client.getStock(.init(sku: "TEE")).lots.map {
      "\($0.lotID)@\($0.locationID) \($0.onHandCount)"
    }
  }

  @Test func lotsAreShownShippedAndKept() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 2])
      try await receive(bench, 5, "L2", after: 200)
      try await receive(bench, 5, "L1", after: 100)
      #expect(try await lots(bench) == ["L1@A 5", "L2@A 5"])
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.sell("o-1", 6)
      let total = [PoolAPI.LineTotal(lineID: "1", totalCount: 6)]
      _ = try await bench.client.shipSale(.init(orderID: "o-1", lines: total))
      #expect(try await lots(bench) == ["L2@A 4"])
      let shipped = try #require(try await bench.client.listMovements(.init()).movements.last)
      #expect(
        shipped.lots == [
          .init(lotID: "L1", expireTime: Bench.start + .seconds(100), quantity: 5),
          .init(lotID: "L2", expireTime: Bench.start + .seconds(200), quantity: 1),
        ])
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.restart()
      #expect(try await lots(bench) == ["L2@A 4"])
    }
  }

  /// Goal: units expire by the clock on their own, while the service stands and while it is down.
  @Test func timeMakesUnitsUnavailable() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 2])
      try await receive(bench, 5, "L1", after: 100)
      try await receive(bench, 3, "L2", after: 200)
      bench.clock.advance(by: .seconds(100))
      await bench.server.tick()
      #expect(try await bench.available() == 5)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      await bench.server.close()
      bench.clock.advance(by: .seconds(100))
      try await bench.restart()
      await bench.server.tick()
      #expect(try await bench.available() == 2)
      let stock = try await bench.client.getStock(.init(sku: "TEE"))
      #expect(stock.total?.unavailableCount == 8 && stock.lots.isEmpty)
      let last = try #require(try await bench.client.listMovements(.init()).movements.last)
      #expect(last.kind == .lotExpired && last.lots.map(\.lotID) == ["L2"])
      #expect(try await bench.client.verifyLedger(.init()).proved)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
    }
  }

  /// Goal: what no program wrote is not served, and says so; the process goes on.
  @Test(arguments: [
    "UPDATE lot SET unit_count = 6", "UPDATE lot SET unit_count = 0",
    "UPDATE lot SET unit_count = 9223372036854775807", "UPDATE lot SET sku = 'NONE'",
    "UPDATE reorder_point SET location = 'NONE'", "UPDATE reorder_point SET sku = 'NONE'",
    "UPDATE bundle SET body = x'FF'", "UPDATE bundle SET sku = 'NONE'",
    "UPDATE bundle SET sku = 'TEE'", "UPDATE bundle SET body = x'01008010'",
  ])
  func damagedValueIsNotServed(sql: String) async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 0])
    try await receive(bench, 5, "L", after: 100)
    _ = try await bench.client.setSku(.init(sku: .init(sku: "KIT")))
    _ = try await bench.assortment.setBundle(
      .init(bundle: .init(sku: "KIT", components: [.init(sku: "TEE", unitCount: 1)])))
    _ = try await bench.assortment.setReorderPoint(
      .init(reorderPoint: .init(sku: "TEE", locationID: "A", pointCount: 1)))
    await bench.server.close()
    try DurabilityTests.damage(bench, sql)
    let error = #expect(throws: StorageError.self) {
      _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
    }
    guard case .corrupt? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    await bench.end()
  }

  @Test func errors() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      await expectError(
        .failedPrecondition, "LOT_EXPIRED",
        ["lotId": "L", "expireSeconds": "\(Bench.start.seconds)"]
      ) { try await receive(bench, 1, "L", after: 0) }
      try await receive(bench, 1, "L")
      await expectError(
        .failedPrecondition, "LOT_EXPIRY_DIFFERS",
        ["lotId": "L", "knownExpireSeconds": "", "knownExpireTime": ""]
      ) { try await receive(bench, 1, "L", after: 9) }
      for (lot, seconds) in [("", 9), (" x", nil)] as [(String, Int64?)] {
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["lines[0].lot_id"]) {
          try await receive(bench, 1, lot, after: seconds)
        }
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["lines[0].lot_id"]) {
        _ = try await bench.client.resolveUnavailable(
          .init(
            lines: [.init(sku: "TEE", locationID: "A", quantity: 1, lotID: "L")],
            outcome: .cleared))
      }
      _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: InboundTests.order()))
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      await expectError(.failedPrecondition, "LOT_EXPIRY_DIFFERS") {
        _ = try await bench.inbound.receivePurchaseOrder(
          .init(
            purchaseOrderID: "P",
            receipt: .init(
              receiptID: "r",
              lines: [
                .init(
                  lineID: "1", quantity: 1, lotID: "L",
                  lotExpireTime: Bench.start + .seconds(5))
              ])))
      }
    }
  }
}
