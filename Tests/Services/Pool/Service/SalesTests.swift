import PoolAPI
import Protobuf
import RPCCore
import Testing

@testable import PoolService

/// Goal: many sales in one call are each what they would be alone.
@Suite struct SalesTests {
  private func sale(
    _ order: String, _ units: Int64, of sku: String = "TEE", refuses: Bool = false,
    requestID: String = ""
  ) -> RecordSaleRequest {
    .init(
      orderID: order, channelID: "shopee", lines: [.init(lineID: "1", sku: sku, quantity: units)],
      refuseShortage: refuses, requestID: requestID)
  }

  private func outcomes(_ response: RecordSalesResponse) throws -> [String] {
    try response.results.map { result in
      switch try #require(result.outcome) {
      case .response(let response): return "sold \(response.lines[0].soldCount)"
      case .error(let status):
        let info = try #require(try status.details.first?.unpacked(as: ErrorInfo.self))
        #expect(info.domain == "pool.onepool")
        return info.reason
      }
    }
  }

  @Test func eachIsDecidedOnItsOwnInOrder() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let request = RecordSalesRequest(sales: [
        sale("o-1", 4), sale("o-2", 7, refuses: true), sale("", 1), sale("o-3", 1, of: "NONE"),
        sale("o-1", 5), sale("o-4", 5, refuses: true), sale("o-5", 3, requestID: "q"),
      ])
      var expected = [
        "sold 4", "INSUFFICIENT_STOCK", "INVALID_REQUEST", "SKU_UNKNOWN", "sold 5", "sold 5",
        "sold 3",
      ]
      let first = try await bench.client.recordSales(request)
      #expect(try outcomes(first) == expected)
      #expect(try await bench.available() == -3)
      // A repeat changes nothing, whatever the pool has left by then; a total that was passed since is told.
      expected[0] = "LINE_CONFLICT"
      #expect(try outcomes(try await bench.client.recordSales(request)) == expected)
      #expect(try await bench.available() == -3)
      // The same request alone is the same request; with another body it is none.
      #expect(
        try await bench.client.recordSale(request.sales[6]) == first.results[6].outcome?.response)
      await expectError(.invalidArgument, "REQUEST_ID_REUSED") {
        _ = try await bench.client.recordSale(sale("o-5", 9, requestID: "q"))
      }
    }
  }

  @Test func theyAreDurableWhenTheyAreAnswered() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5_000])
      let sales = (0..<1_000).map { sale("o-\($0)", 1) }
      let response = try await bench.client.recordSales(.init(sales: sales))
      #expect(try outcomes(response) == [String](repeating: "sold 1", count: 1_000))
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try await bench.restart()
      #expect(try await bench.available() == 4_000)
    }
  }

  @Test func numbersAreBounded() async throws {
    try await withBench { bench in
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["sales"]) {
        _ = try await bench.client.recordSales(.init())
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["sales"]) {
        _ = try await bench.client.recordSales(.init(sales: (0...1_000).map { sale("o-\($0)", 1) }))
      }
      let lines = (0..<10_001).map { PoolAPI.SaleLine(lineID: "\($0)", sku: "TEE", quantity: 1) }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["sales.lines"]) {
        _ = try await bench.client.recordSales(
          .init(sales: [.init(orderID: "o", channelID: "c", lines: lines)]))
      }
    }
  }
}

extension RecordSaleResult.Outcome {
  fileprivate var response: RecordSaleResponse? {
    guard case .response(let response) = self else { return nil }
    return response
  }
}
