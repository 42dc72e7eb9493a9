import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// What watchers hear when rules change, or time makes them count.
@Suite struct WatchedRuleTests {
  private typealias Iterator = ResponseStream<WatchAvailabilityResponse>.AsyncIterator

  /// A watcher of two channels that has seen everything up to the ledger's end.
  private func watch(_ bench: Bench) async throws -> Iterator {
    let sequence = try await bench.client.getAvailability(.init(sku: "TEE")).sequence
    let stream = bench.client.watchAvailability(.init(channelIDs: ["shopee", "till"]))
      .makeAsyncIterator()
    while let message = try await stream.next(), message.sequence < sequence {}
    return stream
  }

  /// The numbers of the next message about a SKU.
  private func next(_ stream: Iterator, _ sku: String = "TEE") async throws -> [Int64] {
    while let message = try await stream.next() {
      if message.sku == sku { return message.channels.map(\.availableToSellCount) }
    }
    return []
  }

  @Test func windowOpensAndClosesByTheClock() async throws {
    try await withBench { bench in
      try await bench.stock(["CAP": 5, "TEE": 10])
      let now = bench.clock.now()
      let stream = try await watch(bench)
      _ = try await bench.client.setBuffer(
        .init(
          buffer: .init(
            sku: "TEE", channelID: "shopee", margin: .unitCount(4), startTime: now + .seconds(60),
            endTime: now + .seconds(120))))
      #expect(try await next(stream) == [10, 10])
      for (seconds, expected) in [(60, [6, 10]), (60, [10, 10])] as [(Int64, [Int64])] {
        bench.clock.advance(by: .seconds(seconds))
        await bench.server.tick()
        #expect(try await next(stream) == expected)
        let answer = try await bench.client.getAvailability(
          .init(sku: "TEE", channelIDs: ["shopee", "till"]))
        #expect(answer.channels.map(\.availableToSellCount) == expected)
      }
    }
  }

  /// Goal: the writer wakes by itself for a rule. Method: a clock that runs, and no call in between.
  @Test func writerWakesForARule() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let stream = try await watch(bench)
      let start = bench.clock.now()
      let buffer = PoolAPI.Buffer(margin: .unitCount(4), startTime: start + .milliseconds(1))
      _ = try await bench.client.setBuffer(.init(buffer: buffer))
      #expect(try await next(stream) == [10, 10])
      // The writer has worked out by now how long to wait; what it finds then is up to the clock.
      bench.clock.advance(by: .milliseconds(1))
      #expect(try await next(stream) == [6, 6])
    }
  }

  @Test func sourcingLocksAndGroupsAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let client = bench.client
      _ = try await client.receiveStock(
        .init(lines: [.init(sku: "TEE", locationID: "B", quantity: 5)]))
      let stream = try await watch(bench)
      _ = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "shopee", strategy: .ranked, locationIDs: ["B"])))
      #expect(try await next(stream) == [5, 15])
      _ = try await client.setLastUnits(.init(lastUnits: .init(channelID: "till", unitCount: 12)))
      #expect(try await next(stream) == [3, 15])
      _ = try await client.setBuffer(
        .init(buffer: .init(margin: .unitCount(4), skuGroup: "shirts")))
      _ = try await client.setSku(.init(sku: .init(sku: "TEE", skuGroup: "shirts")))
      #expect(try await next(stream) == [1, 11])
      _ = try await client.setBuffer(
        .init(buffer: .init(margin: .unitCount(5), skuGroup: "shirts")))
      #expect(try await next(stream) == [0, 10])
      _ = try await client.setChannelSourcing(.init(sourcing: .init(channelID: "shopee")))
      #expect(try await next(stream) == [3, 10])
    }
  }

  @Test func listingsOfTheirOwnAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let stream = try await watch(bench)
      let buffer = PoolAPI.Buffer(
        sku: "TEE", channelID: "shopee", margin: .unitCount(4), listingID: "L-1")
      _ = try await bench.client.setBuffer(.init(buffer: buffer))
      func channels() async throws -> [ChannelAvailability] {
        while let message = try await stream.next() {
          if message.sku == "TEE" { return message.channels }
        }
        return []
      }
      let own = ListingAvailability(listingID: "L-1", availableToSellCount: 6)
      #expect(
        try await channels() == [
          .init(channelID: "shopee", availableToSellCount: 10, listings: [own]),
          .init(channelID: "till", availableToSellCount: 10),
        ])
      var removed = buffer
      removed.margin = nil
      _ = try await bench.client.setBuffer(.init(buffer: removed))
      #expect(try await channels().map(\.listings) == [[], []])
    }
  }

  @Test func fallOfDemandIsTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      try await bench.sell("o-1", 20)
      let stream = try await watch(bench)
      _ = try await bench.client.setBuffer(
        .init(buffer: .init(margin: .demand(.init(lag: .seconds(600))), maximumCount: 50)))
      #expect(try await next(stream) == [66, 66])
      bench.clock.advance(by: .seconds(600))
      await bench.server.tick()
      #expect(try await next(stream) == [73, 73])
    }
  }
}
