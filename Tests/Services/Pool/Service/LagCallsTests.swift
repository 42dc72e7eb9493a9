import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct LagCallsTests {
  private func lag(_ bench: Bench) async throws -> Duration? {
    let buffers = try await bench.client.listBuffers(.init()).buffers
    guard case .demand(let demand)? = buffers.first?.margin else { return nil }
    #expect(demand.lagIsMeasured)
    return demand.lag
  }

  @Test func measuredLagIsTakenOverAndKept() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 1_000])
      _ = try await bench.client.setBuffer(
        .init(
          buffer: .init(
            channelID: "shopee", margin: .demand(.init(lag: .seconds(60), lagIsMeasured: true)))))
      try await bench.sell("o-1", 500)
      let shown = { () async throws -> Int64 in
        try await bench.client.getAvailability(.init(sku: "TEE", channelIDs: ["shopee"]))
          .channels[0].availableToSellCount
      }
      let before = try await shown()
      let report = ReportLagRequest(lags: [.init(channelID: "shopee", lag: .seconds(120))])
      #expect(try await bench.client.reportLag(report).changedCount == 1)
      #expect(try await bench.client.reportLag(report).changedCount == 0)
      #expect(try await lag(bench) == .seconds(120))
      #expect(try await shown() < before)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.restart()
      #expect(try await lag(bench) == .seconds(120))
      let past = bench.clock.now()
      bench.clock.advance(by: .seconds(600))
      _ = try await bench.client.reportLag(
        .init(lags: [.init(channelID: "shopee", lag: .seconds(30))]))
      // What stood then is known.
      let then = try await bench.client.explainAvailability(
        .init(sku: "TEE", channelID: "shopee", time: past))
      #expect(
        then.rules.first?.buffer?.margin
          == .demand(
            .init(lag: .seconds(120), factorBasisPoints: 10_000, lagIsMeasured: true)))
    }
  }

  @Test func refusals() async throws {
    try await withBench { bench in
      let cases: [(ReportLagRequest, [String])] = [
        (.init(), ["lags"]),
        (
          .init(lags: (0...100).map { .init(channelID: "c\($0)", lag: .seconds(1)) }), ["lags"]
        ),
        (.init(lags: [.init()]), ["lags[0].channel_id", "lags[0].lag"]),
        (.init(lags: [.init(channelID: "c", lag: .zero)]), ["lags[0].lag"]),
        (.init(lags: [.init(channelID: "c", lag: .seconds(86_401))]), ["lags[0].lag"]),
        (
          .init(lags: Array(repeating: .init(channelID: "c", lag: .seconds(1)), count: 2)),
          ["lags[1].channel_id"]
        ),
      ]
      for (request, fields) in cases {
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
          _ = try await bench.client.reportLag(request)
        }
      }
    }
  }
}
