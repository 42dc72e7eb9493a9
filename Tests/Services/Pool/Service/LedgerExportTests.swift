import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct LedgerExportTests {
  private func export(
    _ bench: Bench, _ request: ExportMovementsRequest
  ) async throws -> [PoolAPI.Movement] {
    var found: [PoolAPI.Movement] = []
    var last: Int64 = 0
    for try await part in bench.client.exportMovements(request) {
      #expect(part.movements.count <= 500 && part.throughSequence >= last)
      last = part.throughSequence
      found += part.movements
    }
    return found
  }

  /// Sales of two SKUs at two places, a second apart; every third order has two lines.
  private func filled(_ bench: Bench, sales: Int) async throws {
    try await bench.stock(["TEE": 5_000, "CAP": 5_000])
    for number in 0..<sales {
      bench.clock.advance(by: .seconds(1))
      var lines = [
        PoolAPI.SaleLine(lineID: "1", sku: number % 2 == 0 ? "TEE" : "CAP", quantity: 1)
      ]
      if number % 3 == 0 {
        lines.append(.init(lineID: "2", sku: "TEE", quantity: 1, locationID: "B"))
      }
      _ = try await bench.client.recordSale(
        .init(orderID: "o-\(number)", channelID: "shopee", lines: lines, requestID: "q-\(number)"))
    }
  }

  @Test func exportHasWhatAListHas() async throws {
    try await withBench { bench in
      try await filled(bench, sales: 900)
      var listed: [PoolAPI.Movement] = []
      var token = ""
      repeat {
        let page = try await bench.client.listMovements(.init(pageSize: 1_000, pageToken: token))
        listed += page.movements
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(listed.count == 1_202)
      #expect(try await export(bench, .init()) == listed)
      let filters: [(ExportMovementsRequest, (PoolAPI.Movement) -> Bool)] = [
        (.init(sku: "TEE"), { $0.sku == "TEE" }),
        (.init(locationID: "B"), { $0.locationID == "B" }),
        (.init(sku: "CAP", locationID: "B"), { _ in false }),
        (.init(orderID: "o-3"), { $0.orderID == "o-3" }),
        (.init(sku: "none"), { _ in false }), (.init(locationID: "none"), { _ in false }),
        (.init(afterSequence: 700, throughSequence: 750), { (701...750).contains($0.sequence) }),
        (.init(throughSequence: 9_999), { _ in true }),
        (.init(afterSequence: 9_999), { _ in false }),
        (
          .init(startTime: Bench.start + .seconds(10), endTime: Bench.start + .seconds(20)),
          { (Bench.start + .seconds(10)..<Bench.start + .seconds(20)).contains($0.commitTime!) }
        ),
        (
          .init(sku: "TEE", startTime: Bench.start + .seconds(600), afterSequence: 20),
          { $0.sku == "TEE" && $0.commitTime! >= Bench.start + .seconds(600) }
        ),
      ]
      for (request, isWanted) in filters {
        #expect(try await export(bench, request) == listed.filter(isWanted), "\(request)")
      }
    }
  }

  /// Goal: whoever was cut off anywhere goes on, and has every movement once. Method: take one message,
  /// go on from it; between them the pool sells.
  @Test func cutExportGoesOn() async throws {
    try await withBench { bench in
      try await filled(bench, sales: 900)
      let whole = try await export(bench, .init(sku: "TEE"))
      var found: [PoolAPI.Movement] = []
      var request = ExportMovementsRequest(sku: "TEE", throughSequence: whole.last!.sequence)
      var parts = 0
      while request.afterSequence < request.throughSequence {
        for try await part in bench.client.exportMovements(request) {
          found += part.movements
          request.afterSequence = part.throughSequence
          break
        }
        parts += 1
        try await bench.sell("later-\(parts)", 1)
      }
      #expect(found == whole && parts > 1)
    }
  }

  @Test func wrongFieldsAreRefusedAtOnce() async throws {
    try await withBench { bench in
      let long = String(repeating: "x", count: 65)
      await expectError(
        .invalidArgument, "INVALID_REQUEST",
        violations: [
          "sku", "location_id", "order_id", "after_sequence", "through_sequence", "end_time",
        ]
      ) {
        _ = try await export(
          bench,
          .init(
            sku: long, locationID: long, orderID: String(repeating: "o", count: 500),
            startTime: Bench.start, endTime: Bench.start - .seconds(1), afterSequence: -1,
            throughSequence: -1))
      }
    }
  }
}
