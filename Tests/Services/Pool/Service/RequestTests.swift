import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// The same request ID gives the first response again; another request under it is refused.
@Suite struct RequestTests {
  // peers T22, T40: a repeated call took twice.
  @Test func repeatGetsTheFirstResponse() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let first = try await bench.sell("o-1", 3, requestID: "q-1")
      try await bench.receive("TEE", 5)
      let again = try await bench.sell("o-1", 3, requestID: "q-1")
      #expect(first == again && again.sequence == 2)
      #expect(try await bench.available() == 12)
      await expectError(.invalidArgument, "REQUEST_ID_REUSED", ["requestId": "q-1"]) {
        try await bench.sell("o-1", 4, requestID: "q-1")
      }
      await expectError(.invalidArgument, "REQUEST_ID_REUSED", ["requestId": "q-1"]) {
        _ = try await bench.client.releaseHold(.init(holdID: "h", requestID: "q-1"))
      }
      #expect(try await bench.available() == 12)
    }
  }

  @Test func repeatSurvivesARestart() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let receipt = ReceiveStockRequest(
        lines: [.init(sku: "TEE", locationID: "A", quantity: 5)], requestID: "q-1")
      let first = try await bench.client.receiveStock(receipt)
      try await bench.restart()
      #expect(try await bench.client.receiveStock(receipt) == first)
      #expect(try await bench.available() == 15)
      await expectError(.invalidArgument, "REQUEST_ID_REUSED") {
        try await bench.sell("o", 1, requestID: "q-1")
      }
    }
  }

  @Test func answerIsKeptForADay() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let receipt = ReceiveStockRequest(
        lines: [.init(sku: "TEE", locationID: "A", quantity: 5)], requestID: "q-1")
      _ = try await bench.client.receiveStock(receipt)
      bench.clock.advance(by: .seconds(86_399))
      _ = try await bench.client.receiveStock(receipt)
      #expect(try await bench.available() == 15)
      bench.clock.advance(by: .seconds(1))
      _ = try await bench.client.receiveStock(receipt)
      #expect(try await bench.available() == 20)
    }
  }

  /// Goal: a return whose reporter was cut off for days is counted once. Method: the same request after a day, in
  /// the same process and after a restart.
  @Test func returnIsKnownForEver() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      func report(_ units: Int64, of id: String = "r-1/1") async throws -> ReturnStockResponse {
        try await bench.client.returnStock(
          .init(
            returnID: "r-1",
            lines: [.init(sku: "TEE", locationID: "A", quantity: units, disposition: .restock)],
            requestID: id))
      }
      let first = try await report(2)
      // Another line of the same return may say the same.
      _ = try await report(2, of: "r-1/2")
      for days in 1...3 as ClosedRange<Int64> {
        bench.clock.advance(by: .seconds(25 * 3600))
        try await bench.sell("o-\(days)", 1)
        if days == 2 { try await bench.restart() }
        #expect(try await report(2) == first)
        await expectError(.invalidArgument, "REQUEST_ID_REUSED", ["requestId": "r-1/1"]) {
          _ = try await report(3)
        }
        #expect(try await bench.available() == 14 - days)
      }
      // Under the same ID, anything else than a return is a new request.
      try await bench.sell("o-9", 1, requestID: "r-1/2")
      #expect(try await bench.available() == 10)
    }
  }

  /// Goal: no client repeats by itself what counts again without a request ID, and may repeat all else. Method: each
  /// such method twice, and each method's level.
  @Test func whatCountsAgainIsNotMarkedIdempotent() async throws {
    let counting = [
      PoolServiceMethods.receiveStock, PoolServiceMethods.adjustStock,
      PoolServiceMethods.returnStock, PoolServiceMethods.resolveUnavailable,
    ]
    for method in PoolServiceMethods.all {
      #expect((method.idempotency == .unknown) == counting.contains(method), "\(method.method)")
    }
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let client = bench.client
      for _ in 1...2 {
        try await bench.receive("TEE", 1)
        _ = try await client.adjustStock(
          .init(lines: [.init(sku: "TEE", locationID: "A", deltaCount: 10)], reason: "count"))
        _ = try await client.returnStock(
          .init(
            returnID: "r",
            lines: [.init(sku: "TEE", locationID: "A", quantity: 100, disposition: .quarantine)]))
        _ = try await client.resolveUnavailable(
          .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 50)], outcome: .cleared))
      }
      #expect(try await bench.available() == 132)
    }
  }

  @Test func refusalIsNotRemembered() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 1])
      let hold = CreateHoldRequest(
        holdID: "h", owner: "o", lines: [.init(sku: "TEE", quantity: 2)],
        expireTime: bench.clock.now() + .seconds(60), requestID: "q-1")
      await expectError(.failedPrecondition, "INSUFFICIENT_STOCK") {
        _ = try await bench.client.createHold(hold)
      }
      try await bench.receive("TEE", 1)
      #expect(try await bench.client.createHold(hold).hold?.state == .held)
    }
  }

  @Test func whatChangesNothingIsRememberedToo() async throws {
    try await withBench { bench in
      let request = SetSkuRequest(sku: .init(sku: "TEE", displayName: "a"), requestID: "q-1")
      let first = try await bench.client.setSku(request)
      _ = try await bench.client.setSku(.init(sku: .init(sku: "TEE", displayName: "b")))
      #expect(try await bench.client.setSku(request) == first)
      #expect(try await bench.client.getSku(.init(sku: "TEE")).sku?.displayName == "b")
    }
  }

  @Test func callersAtTheSameTimeGetOneAnswer() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let answers = try await withThrowingTaskGroup(of: ReceiveStockResponse.self) { group in
        for _ in 0..<50 {
          group.addTask {
            try await bench.client.receiveStock(
              .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 5)], requestID: "same"))
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.allSatisfy { $0 == answers[0] })
      #expect(try await bench.available() == 15)
    }
  }

  @Test func indexForgetsByGenerations() {
    var index = RequestIndex()
    let start = Timestamp(seconds: 1_000_000)
    for hour in 0..<72 {
      index.add(RequestKey("q-\(hour)"), row: Int64(hour), at: start + .seconds(hour * 3600))
      let kept = max(0, hour - 24)...hour
      #expect(kept.allSatisfy { index.rows(of: RequestKey("q-\($0)")) == [Int64($0)] })
    }
    #expect(index.rows(of: RequestKey("q-1")).isEmpty && index.count <= 31)
  }

  /// Goal: a clock that was wrong at the start makes nobody's request new.
  @Test func requestsAreKnownWhereTheClockWasAheadAtTheStart() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      let line = PoolAPI.StockLine(sku: "TEE", locationID: "A", quantity: 1)
      let request = ReceiveStockRequest(lines: [line], requestID: "q")
      _ = try await bench.client.receiveStock(request)
      bench.clock.advance(by: .seconds(100 * 3_600))
      try await bench.restart()
      bench.clock.advance(by: .seconds(-100 * 3_600))
      _ = try await bench.client.receiveStock(request)
      #expect(try await bench.available() == 10)
    }
  }
}
