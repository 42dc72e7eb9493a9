import Kit
import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// A thousand watchers at once, each of which ends with the true numbers, however slowly it reads.
@Suite struct ManyWatchersTests {
  private static let count = 1_000
  private static let skus = ["CAP", "MUG", "TEE"]

  /// What a watcher asks for: one or all SKUs, one or two channels, from the start or from a sequence.
  private struct Wish {
    var channels: [String]
    var skus: [String]
    var after: Int64
    /// Whether it begins to read only when all is over.
    var isSlow: Bool

    init(_ number: Int, after: Int64) {
      channels = number % 2 == 0 ? ["shopee"] : ["till", "shopee"]
      skus = number % 4 < 3 ? [ManyWatchersTests.skus[number % 4]] : []
      self.after = number % 5 == 0 ? after : 0
      isSlow = number % 10 < 3
    }
  }

  /// What a watcher has heard in the end.
  private struct Heard {
    var numbers: [String: [Int64]] = [:]
    var messageCount = 0
  }

  /// Everybody's news: how many watch, and when all sales are over.
  private struct Course {
    let opened = FeedSignal()
    let over = FeedSignal()
    /// The sequence of each SKU's last sale.
    var ends: [String: Int64] = [:]
  }

  /// Reads until it has heard of each of its SKUs as it is at the end.
  private static func hear(
    _ client: PoolServiceClient, _ wish: Wish, _ course: Course
  ) async throws -> Heard {
    let stream = client.watchAvailability(
      .init(channelIDs: wish.channels, skus: wish.skus, afterSequence: wish.after)
    ).makeAsyncIterator()
    var heard = Heard()
    var open = Set(wish.skus.isEmpty ? skus : wish.skus)
    while !open.isEmpty, let message = try await stream.next() {
      heard.messageCount += 1
      if heard.messageCount == 1 {
        course.opened.raise()
        if wish.isSlow { await course.over.wait(past: 0) }
      }
      // The end of a snapshot says how far all of it was true.
      guard !message.sku.isEmpty else {
        open = open.filter { message.sequence < course.ends[$0] ?? 0 }
        continue
      }
      heard.numbers[message.sku] = message.channels.map(\.availableToSellCount)
      if message.sequence >= course.ends[message.sku] ?? 0 { open.remove(message.sku) }
    }
    return heard
  }

  @Test func everyOneEndsWithTheTrueNumbers() async throws {
    try await withBench { bench in
      try await bench.stock(["CAP": 1_000, "MUG": 1_000, "TEE": 1_000])
      _ = try await bench.client.setBuffer(
        .init(buffer: .init(channelID: "shopee", margin: .unitCount(7))))
      let start = try await bench.sell("first", 1).sequence
      // Whoever resumes there has something to hear at once.
      for sku in Self.skus { try await bench.sell("second-\(sku)", 1, of: sku) }
      var course = Course()
      let last = start + 3 + Int64(Self.sales) + 3
      for (number, sku) in Self.skus.enumerated() { course.ends[sku] = last - 2 + Int64(number) }
      try await withThrowingTaskGroup(of: (Wish, Heard).self) { [course] group in
        for number in 0..<Self.count {
          let wish = Wish(number, after: start)
          let client = bench.client
          group.addTask { (wish, try await Self.hear(client, wish, course)) }
        }
        await course.opened.wait(past: Int64(Self.count) - 1)
        let before = bench.server.feed.end
        try await sellAround(bench)
        for sku in Self.skus {
          #expect(try await bench.sell("end-\(sku)", 1, of: sku).sequence == course.ends[sku])
        }
        #expect(bench.server.feed.end - before > 60, "more than a slow watcher could hear of")
        course.over.raise()
        for try await (wish, heard) in group { try await expect(heard, wish, bench) }
      }
    }
  }

  private static let sales = 300

  private func sellAround(_ bench: Bench) async throws {
    for round in 0..<Self.sales / 6 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<6 {
          group.addTask {
            try await bench.sell("o-\(round)-\(number)", 1, of: Self.skus[number % 3])
          }
        }
        try await group.waitForAll()
      }
    }
  }

  private func expect(_ heard: Heard, _ wish: Wish, _ bench: Bench) async throws {
    let skus = wish.skus.isEmpty ? Self.skus : wish.skus
    #expect(Set(heard.numbers.keys) == Set(skus))
    for sku in skus {
      let answer = try await bench.client.getAvailability(
        .init(sku: sku, channelIDs: wish.channels))
      #expect(heard.numbers[sku] == answer.channels.map(\.availableToSellCount))
    }
    // What a watcher does not read waits in the transport's pipe, 16 messages, and nowhere else: the rest
    // became the newest value of each SKU.
    if wish.isSlow { #expect(heard.messageCount <= 30) }
  }
}
