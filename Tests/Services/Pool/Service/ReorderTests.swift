import Kit
import PoolAPI
import Primitives
import RPCCore
import Synchronization
import Testing

@testable import PoolDomain
@testable import PoolService

/// Reorder points, and why stock is adjusted.
@Suite struct ReorderTests {
  private func set(
    _ bench: Bench, _ units: Int64?, sku: String = "TEE", location: String = ""
  ) async throws -> PoolAPI.ReorderPoint? {
    try await bench.assortment.setReorderPoint(
      .init(reorderPoint: .init(sku: sku, locationID: location, pointCount: units))
    ).reorderPoint
  }

  private func due(_ bench: Bench) async throws -> [String] {
    try await bench.assortment.listReorderPoints(.init(dueOnly: true)).reorderPoints.map {
      "\($0.sku)@\($0.locationID) \($0.availableCount)+\($0.incomingCount)≤\($0.pointCount ?? -1)"
    }
  }

  /// Goal: a SKU is reported when what is available and on its way comes down to its point, and no longer once more is
  /// ordered; in the list and in the metrics, before and after a restart.
  @Test func stockThatComesDownIsReported() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 10])
      #expect(try await set(bench, 5)?.due == false)
      #expect(try await set(bench, 10, sku: "CAP")?.due == true)
      #expect(try await due(bench) == ["CAP@ 10+0≤10"])
      try await bench.sell("o-1", 4)
      #expect(try await due(bench) == ["CAP@ 10+0≤10"])
      try await bench.sell("o-2", 1)
      #expect(try await due(bench) == ["CAP@ 10+0≤10", "TEE@ 5+0≤5"])
      #expect(bench.server.view.dueReorderCount == 2)
      try await bench.restart()
      #expect(try await due(bench) == ["CAP@ 10+0≤10", "TEE@ 5+0≤5"])
      #expect(bench.server.view.dueReorderCount == 2)
      _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: InboundTests.order("P", 1)))
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      #expect(try await due(bench) == ["CAP@ 10+0≤10"])
      _ = try await bench.inbound.cancelPurchaseOrder(.init(purchaseOrderID: "P"))
      #expect(try await due(bench).count == 2)
      #expect(try await set(bench, nil, sku: "CAP")?.due == false)
      #expect(try await due(bench) == ["TEE@ 5+0≤5"])
      #expect(bench.server.view.dueReorderCount == 1)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
    }
  }

  @Test func pointOfOneLocationLooksThereOnly() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      #expect(try await set(bench, 3, location: "B")?.due == true)
      _ = try await bench.inbound.setTransfer(.init(transfer: InboundTests.transfer("T", 4)))
      _ = try await bench.inbound.shipTransfer(.init(transferID: "T"))
      let none = try await due(bench)
      #expect(none.isEmpty)
      #expect(try await set(bench, 7, location: "A")?.due == true)
      let all = try await bench.assortment.listReorderPoints(.init(pageSize: 1))
      #expect(all.reorderPoints.map(\.locationID) == ["A"] && !all.nextPageToken.isEmpty)
      let rest = try await bench.assortment.listReorderPoints(
        .init(pageSize: 1, pageToken: all.nextPageToken))
      #expect(rest.reorderPoints.map(\.locationID) == ["B"] && rest.nextPageToken.isEmpty)
      #expect(rest.reorderPoints[0].incomingCount == 4 && !rest.reorderPoints[0].due)
    }
  }

  /// Goal: the log tells it once, when it happens.
  @Test func logTellsOnce() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let told = Mutex<[String]>([])
      let log = Log(level: .info, format: .logfmt, clock: bench.clock) { bytes in
        told.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
      }
      try await bench.restart(log: log)
      _ = try await set(bench, 8)
      for number in 1...5 { try await bench.sell("o-\(number)", 1) }
      await bench.server.tick()
      let lines = told.withLock { $0.filter { $0.contains("more is to be ordered") } }
      #expect(lines.count == 1 && lines[0].contains("TEE") && lines[0].contains("available=8"))
    }
  }

  /// Goal: stock that has come down again is told again, and what has stayed down is not, though batches follow one another.
  @Test func eachTimeIsToldOnce() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 10])
      _ = try await set(bench, 8)
      let counter = bench.server.writer.metrics.reorders
      for (step, told) in [(-2, 1.0), (1, 1), (-1, 2), (-1, 2), (2, 2), (0, 2), (-3, 3), (0, 3)] {
        let sku = step == 0 ? "CAP" : "TEE"
        _ = try await bench.client.adjustStock(
          .init(
            lines: [.init(sku: sku, locationID: "A", deltaCount: Int64(step == 0 ? -1 : step))],
            reason: "count", actor: "bo"))
        #expect(counter.value() == told, "after \(step)")
      }
    }
  }

  @Test func errors() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 1])
      await expectError(.notFound, "SKU_UNKNOWN", ["sku": "X"]) {
        _ = try await set(bench, 1, sku: "X")
      }
      await expectError(.notFound, "LOCATION_UNKNOWN", ["locationId": "X"]) {
        _ = try await set(bench, 1, location: "X")
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["reorder_point"]
      ) { _ = try await bench.assortment.setReorderPoint(.init()) }
      await expectError(
        .invalidArgument, "INVALID_REQUEST",
        violations: ["reorder_point.sku", "reorder_point.point_count"]
      ) { _ = try await set(bench, -1, sku: "") }
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await bench.assortment.listReorderPoints(.init(pageToken: "x"))
      }
    }
  }

  /// Goal: who says the opposite of the reason hears it, and corrections may say either.
  @Test func adjustmentIsAsItsReasonHasIt() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      func adjust(_ code: PoolAPI.AdjustmentReason, _ units: Int64) async throws {
        _ = try await bench.client.adjustStock(
          .init(
            lines: [
              .init(sku: "TEE", locationID: "A", deltaCount: code == .found ? 1 : -1),
              .init(sku: "TEE", locationID: "A", deltaCount: units),
            ], reasonCode: code))
      }
      for (code, name, units) in [
        (PoolAPI.AdjustmentReason.damaged, "DAMAGED", 2), (.stolen, "STOLEN", 2),
        (.expired, "EXPIRED", 2), (.lost, "LOST", 2), (.sample, "SAMPLE", 2),
        (.ownUse, "OWN_USE", 2), (.found, "FOUND", -2),
      ] as [(PoolAPI.AdjustmentReason, String, Int64)] {
        let error = await #expect(throws: RPCError.self) { try await adjust(code, units) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.violations.map(\.field) == ["lines[1].delta_count"])
        #expect(error?.message.contains("what is \(name) is") ?? false)
      }
      #expect(try await bench.available() == 100)
      for code in [.supplierError, .countCorrection, .dataCorrection] as [PoolAPI.AdjustmentReason]
      {
        try await adjust(code, 2)
      }
      #expect(try await bench.available() == 103)
    }
  }

  /// Goal: a named reason stands in the ledger by its name, with what was said about it.
  @Test func adjustmentSaysWhy() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      func adjust(_ reason: String, _ code: PoolAPI.AdjustmentReason, note: String) async throws {
        _ = try await bench.client.adjustStock(
          .init(
            lines: [.init(sku: "TEE", locationID: "A", deltaCount: code == .found ? 1 : -1)],
            reason: reason, actor: "bo", reasonCode: code, note: note))
      }
      let codes = (1...10).map { PoolAPI.AdjustmentReason(rawValue: $0) }
      for code in codes { try await adjust("", code, note: "fell off") }
      try await adjust("eaten", .unspecified, note: "")
      let movements = try await bench.client.listMovements(.init()).movements.dropFirst()
      #expect(
        movements.map(\.reason) == [
          "damaged", "stolen", "expired", "lost", "found", "sample", "own_use", "supplier_error",
          "count_correction", "data_correction", "eaten",
        ])
      #expect(movements.prefix(10).allSatisfy { $0.note == "fell off" && $0.actor == "bo" })
      for (reason, code, field) in [
        ("x", PoolAPI.AdjustmentReason.lost, "reason"), ("", .unspecified, "reason"),
        ("", .unrecognized(77), "reason_code"),
      ] {
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: [field]) {
          try await adjust(reason, code, note: "")
        }
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["note"]) {
        try await adjust("x", .unspecified, note: String(repeating: "x", count: 501))
      }
    }
  }
}
