import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct WatchTests {
  private typealias Stream = ResponseStream<WatchAvailabilityResponse>

  private func watch(
    _ bench: Bench, skus: [String] = [], after: Int64 = 0
  ) -> ResponseStream<WatchAvailabilityResponse>.AsyncIterator {
    bench.client.watchAvailability(
      .init(channelIDs: ["shopee", "till"], skus: skus, afterSequence: after)
    ).makeAsyncIterator()
  }

  @Test func snapshotThenChanges() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 3])
      _ = try await bench.client.setBuffer(
        .init(buffer: .init(channelID: "shopee", margin: .unitCount(2))))
      let stream = watch(bench)
      var known: [String: [Int64]] = [:]
      var end: WatchAvailabilityResponse?
      while end == nil, let message = try await stream.next() {
        #expect(message.snapshot)
        if message.sku.isEmpty {
          end = message
        } else {
          #expect(message.sequence == 0, "a snapshot that is cut off is not resumed")
          known[message.sku] = message.channels.map(\.availableToSellCount)
        }
      }
      #expect(known == ["TEE": [8, 10], "CAP": [1, 3]])
      #expect(end?.sequence == 2)
      try await bench.sell("o-1", 4)
      let change = try #require(try await stream.next())
      #expect(change.sku == "TEE" && change.sequence == 3 && !change.snapshot)
      #expect(change.channels.map(\.availableToSellCount) == [4, 6] && change.availableCount == 6)
      #expect(change.commitTime == bench.clock.now())
    }
  }

  @Test func resumesWithoutAGap() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 10])
      try await bench.sell("o-1", 1)
      try await bench.sell("o-2", 1, of: "CAP")
      try await bench.sell("o-3", 1)
      let stream = watch(bench, after: 3)
      let first = try #require(try await stream.next())
      #expect(first.sku == "CAP" && first.sequence == 4 && !first.snapshot)
      let second = try #require(try await stream.next())
      #expect(second.sku == "TEE" && second.sequence == 5 && second.availableCount == 8)
      try await bench.sell("o-4", 1)
      #expect(try await stream.next()?.sequence == 6)
    }
  }

  /// Goal: a watcher that resumes after any sequence ends with the true numbers.
  @Test func resumeFromEveryPlaceEndsTrue() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100, "CAP": 100])
      for number in 0..<20 {
        try await bench.sell("o-\(number)", 1, of: number % 3 == 0 ? "CAP" : "TEE")
      }
      let last = try await bench.sell("end", 1).sequence
      for start in 2..<last {
        let stream = watch(bench, after: start)
        var tee: Int64?
        while let message = try await stream.next() {
          if message.sku == "TEE" { tee = message.availableCount }
          if message.sequence >= last { break }
        }
        #expect(tee == 86, "resumed after \(start)")
      }
    }
  }

  @Test func buffersAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      try await bench.sell("o-1", 1)
      let stream = watch(bench, after: 2)
      _ = try await bench.client.setBuffer(
        .init(buffer: .init(sku: "TEE", margin: .unitCount(5))))
      let one = try #require(try await stream.next())
      #expect(one.sku == "TEE" && one.channels[0].availableToSellCount == 4 && one.sequence == 2)
      _ = try await bench.client.setBuffer(.init(buffer: .init(sku: "TEE")))
      _ = try await bench.client.setBuffer(.init(buffer: .init(margin: .unitCount(3))))
      var seen: Int64 = 0
      while seen != 6, let message = try await stream.next() {
        if message.sku == "TEE" { seen = message.channels[0].availableToSellCount }
      }
      #expect(seen == 6)
      // Who had seen sequence 2 before the rules changed hears of them, though no movement came.
      let late = watch(bench, after: 2)
      let again = try #require(try await late.next())
      #expect(again.sku == "TEE" && again.channels[0].availableToSellCount == 6)
    }
  }

  @Test func newSKUsAndExpiryAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      _ = try await bench.hold("h-1", 4)
      let stream = watch(bench, after: 2)
      _ = try await bench.client.setSku(.init(sku: .init(sku: "NEW")))
      #expect(try await stream.next()?.sku == "NEW")
      bench.clock.advance(by: .seconds(60))
      await bench.server.tick()
      let back = try #require(try await stream.next())
      #expect(back.sku == "TEE" && back.availableCount == 10)
    }
  }

  @Test func onlyTheNamedSKUs() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 10])
      let stream = watch(bench, skus: ["CAP", "LATER"])
      #expect(try await stream.next()?.sku == "CAP")
      #expect(try await stream.next()?.sku == "")
      try await bench.sell("o-1", 1)
      try await bench.sell("o-2", 1, of: "CAP")
      let change = try #require(try await stream.next())
      #expect(change.sku == "CAP" && change.sequence == 4)
      _ = try await bench.client.setSku(.init(sku: .init(sku: "LATER")))
      #expect(try await stream.next()?.sku == "LATER")
    }
  }

  @Test func slowWatcherGetsTheNewest() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 1000])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<300 { group.addTask { try await bench.sell("o-\(number)", 1) } }
        try await group.waitForAll()
      }
      let stream = watch(bench, after: 1 + 1)
      var count = 0
      while let message = try await stream.next() {
        count += 1
        #expect(message.availableCount == 700)
        if message.sequence == 301 { break }
      }
      #expect(count == 1)
    }
  }

  @Test func futureSequenceIsUnknown() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 1])
      await expectError(.outOfRange, "SEQUENCE_UNKNOWN", ["sequence": "99"]) {
        let stream = watch(bench, after: 99)
        _ = try await stream.next()
      }
      await expectError(.invalidArgument, "INVALID_REQUEST") {
        let stream = bench.client.watchAvailability(.init()).makeAsyncIterator()
        _ = try await stream.next()
      }
    }
  }

  @Test func resumeAfterARestartBeginsWithASnapshot() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      try await bench.sell("o-1", 1)
      try await bench.restart()
      let stream = watch(bench, after: 1)
      let first = try #require(try await stream.next())
      #expect(first.snapshot && first.availableCount == 9)
      #expect(try await stream.next()?.sequence == 2)
    }
  }

  @Test func listKeepsABoundedPast() {
    let feed = AvailabilityFeed()
    feed.reset(at: 0)
    let count = 3 * ServiceLimits.keptChanges
    for number in 1...count {
      feed.append([
        AvailabilityFeed.Change(
          sequence: Int64(number), commitTime: .zero, sku: SKUIndex(0), isRule: false)
      ])
    }
    #expect(feed.place(from: 1) == nil)
    #expect(feed.place(from: 0) == nil)
    let place = feed.place(from: Int64(count))
    #expect(place.flatMap { feed.changes(from: $0, count: 10)?.map(\.sequence) } == [Int64(count)])
    #expect(feed.changes(from: 0, count: 1) == nil)
    let start = feed.place(from: Int64(count - ServiceLimits.keptChanges + 2))
    #expect(start != nil)
  }
}
