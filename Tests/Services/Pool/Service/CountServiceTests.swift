import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Stock counts over their service, on a real store.
@Suite struct CountServiceTests {
  private func open(_ bench: Bench, _ id: String = "C", skus: [String] = ["TEE"]) async throws {
    _ = try await bench.counts.openCount(.init(countID: id, locationID: "A", skus: skus))
  }

  private func report(
    _ id: String, _ units: Int64, at time: Timestamp? = nil
  ) -> ReportCountRequest {
    ReportCountRequest(
      countID: "C", reportID: id, lines: [.init(sku: "TEE", countedCount: units)], countTime: time,
      actor: "bo")
  }

  /// Goal: who counts hears nothing of the books, and who approves hears all.
  @Test func countIsBlind() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 3])
      let opened = try await bench.counts.openCount(.init(countID: "C", locationID: "A"))
      #expect(opened.sheet?.lines == [.init(sku: "CAP"), .init(sku: "TEE")])
      let reported = try await bench.counts.reportCount(report("r-1", 8))
      #expect(reported.sheet?.lines == [.init(sku: "CAP"), .init(sku: "TEE", counted: true)])
      let told = String(decoding: reported.json(), as: UTF8.self)
      for word in ["expected", "onHand", "variance", "10", "8"] { #expect(!told.contains(word)) }
      let count = try await bench.counts.getCount(.init(countID: "C")).count
      #expect(count?.lines[1].varianceCount == -2)
      #expect(
        count?.lines[1].looks == [
          .init(
            countedCount: 8, expectedCount: 10, sequence: 2, lookTime: bench.clock.now(),
            actor: "bo")
        ])
    }
  }

  @Test func countedEarlierIsComparedWithThen() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      try await open(bench)
      bench.clock.advance(by: .seconds(10))
      try await bench.sell("o-1", 4)
      let then = bench.clock.now()
      bench.clock.advance(by: .seconds(10))
      let total = [PoolAPI.LineTotal(lineID: "1", totalCount: 4)]
      _ = try await bench.client.shipSale(.init(orderID: "o-1", lines: total))
      try await bench.receive("TEE", 20)
      // Ten were there then, and nine were seen.
      _ = try await bench.counts.reportCount(report("r-1", 9, at: then))
      let look = try await bench.counts.getCount(.init(countID: "C")).count?.lines[0].looks[0]
      #expect(look?.expectedCount == 10 && look?.sequence == 2 && look?.lookTime == then)
      // Known, though it is asked later.
      bench.clock.advance(by: .seconds(3))
      _ = try await bench.counts.reportCount(report("r-1", 9, at: then))
      _ = try await bench.counts.submitCount(.init(countID: "C"))
      let posted = try await bench.counts.approveCount(
        .init(countID: "C", reason: "seen", actor: "ada"))
      #expect(posted.count?.state == .posted)
      #expect(try await bench.available() == 25)
      let last = try #require(try await bench.client.listMovements(.init()).movements.last)
      #expect(last.kind == .lost && last.quantity == 1 && last.actor == "ada")
      #expect(last.documentKind == .count && last.documentID == "C" && last.reason == "seen")
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  @Test func everyStepIsDurable() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 3])
      let counts = bench.counts
      let steps: [() async throws -> Void] = [
        { try await open(bench) },
        { _ = try await counts.reportCount(report("r-1", 8)) },
        { _ = try await counts.submitCount(.init(countID: "C")) },
        { _ = try await counts.requestRecount(.init(countID: "C", skus: ["TEE"])) },
        { _ = try await counts.reportCount(report("r-2", 9)) },
        { _ = try await counts.submitCount(.init(countID: "C")) },
        { _ = try await counts.approveCount(.init(countID: "C")) },
        { try await open(bench, "D", skus: ["CAP"]) },
        { _ = try await counts.cancelCount(.init(countID: "D", reason: "rain")) },
      ]
      for (number, step) in steps.enumerated() {
        try await step()
        let durable = try bench.stateOfCopy()
        #expect(await bench.stateInMemory() == durable, "step \(number)")
      }
      try await bench.restart()
      #expect(try await bench.available() == 9)
      // It is remembered that it was posted.
      _ = try await bench.counts.approveCount(.init(countID: "C"))
      #expect(try await bench.available() == 9)
      let list = try await bench.counts.listCounts(.init()).counts
      #expect(list.map(\.state) == [.posted, .cancelled] && list[1].reason == "rain")
      let left = try await bench.counts.listCounts(.init(openOnly: true)).counts
      #expect(left.isEmpty)
    }
  }

  @Test func errors() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 3])
      let counts = bench.counts
      let calls: [() async throws -> Void] = [
        { _ = try await counts.getCountSheet(.init(countID: "C")) },
        { _ = try await counts.getCount(.init(countID: "C")) },
        { _ = try await counts.reportCount(report("r", 1)) },
        { _ = try await counts.reportCount(report("r", 1, at: bench.clock.now())) },
        { _ = try await counts.submitCount(.init(countID: "C")) },
        { _ = try await counts.requestRecount(.init(countID: "C", skus: ["TEE"])) },
        { _ = try await counts.approveCount(.init(countID: "C")) },
        { _ = try await counts.cancelCount(.init(countID: "C")) },
      ]
      for call in calls {
        await expectError(.notFound, "COUNT_UNKNOWN", ["countId": "C"]) { try await call() }
      }
      await expectError(.notFound, "LOCATION_UNKNOWN", ["locationId": "X"]) {
        _ = try await counts.openCount(.init(countID: "C", locationID: "X"))
      }
      await expectError(.invalidArgument, "SKU_UNKNOWN", ["sku": "X"]) {
        try await open(bench, skus: ["X"])
      }
      try await open(bench)
      await expectError(.alreadyExists, "COUNT_EXISTS", ["countId": "C"]) {
        try await open(bench, skus: ["CAP"])
      }
      await expectError(
        .failedPrecondition, "COUNT_OVERLAPS", ["countId": "C", "sku": "TEE"]
      ) { try await open(bench, "D", skus: ["CAP", "TEE"]) }
      await expectError(.failedPrecondition, "COUNT_OVERLAPS", ["countId": "C"]) {
        try await open(bench, "D", skus: [])
      }
      await expectError(
        .failedPrecondition, "COUNT_STATE", ["countId": "C", "state": "OPEN"]
      ) { _ = try await counts.approveCount(.init(countID: "C")) }
      await expectError(
        .failedPrecondition, "COUNT_INCOMPLETE",
        ["countId": "C", "sku": "TEE", "uncountedCount": "1"]
      ) { _ = try await counts.submitCount(.init(countID: "C")) }
      await expectError(.invalidArgument, "COUNT_LINE_UNKNOWN", ["countId": "C", "lineId": "CAP"]) {
        _ = try await counts.reportCount(
          .init(countID: "C", reportID: "r", lines: [.init(sku: "CAP")]))
      }
      await expectError(.failedPrecondition, "COUNTED_BEFORE_OPENING", ["countId": "C"]) {
        _ = try await counts.reportCount(report("r", 1, at: Bench.start - .seconds(1)))
      }
      _ = try await counts.reportCount(report("r", 8))
      await expectError(.alreadyExists, "REPORT_EXISTS", ["countId": "C", "reportId": "r"]) {
        _ = try await counts.reportCount(report("r", 9))
      }
      _ = try await counts.submitCount(.init(countID: "C"))
      await expectError(
        .failedPrecondition, "VARIANCE_OVER_TOLERANCE",
        [
          "countId": "C", "sku": "TEE", "expectedCount": "10", "countedCount": "8",
          "toleranceCount": "0",
        ]
      ) { _ = try await counts.approveCount(.init(countID: "C")) }
      #expect(try await bench.available() == 10)
    }
  }

  @Test func everyViolationAtOnce() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      func expect(_ fields: [String], _ body: () async throws -> Void) async {
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
          try await body()
        }
      }
      await expect([
        "count_id", "location_id", "skus[1]", "tolerated_units", "tolerated_basis_points",
      ]) {
        _ = try await bench.counts.openCount(
          .init(skus: ["TEE", "TEE"], toleratedUnits: -1, toleratedBasisPoints: 10_001))
      }
      await expect(["skus"]) {
        _ = try await bench.counts.openCount(
          .init(countID: "C", locationID: "A", skus: (0...5_000).map { "S\($0)" }))
      }
      await expect(["report_id", "lines[0].counted_count", "lines[1].sku", "count_time"]) {
        _ = try await bench.counts.reportCount(
          .init(
            countID: "C",
            lines: [.init(sku: "TEE", countedCount: -1), .init(sku: "TEE", countedCount: 1)],
            countTime: bench.clock.now() + .seconds(1)))
      }
      await expect(["skus"]) {
        _ = try await bench.counts.requestRecount(.init(countID: "C"))
      }
    }
  }
}
