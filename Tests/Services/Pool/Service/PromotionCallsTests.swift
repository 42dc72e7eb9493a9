import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct PromotionCallsTests {
  private func draft(
    _ bench: Bench, _ units: Int64 = 8, id: String = "p", on channels: [String] = ["shopee"]
  ) -> PoolAPI.Promotion {
    PoolAPI.Promotion(
      promotionID: id, displayName: "Eleven eleven", channelIDs: channels, strategy: .regular,
      startTime: bench.clock.now() + .seconds(10), endTime: bench.clock.now() + .seconds(100),
      lines: [.init(sku: "TEE", allottedCount: units)])
  }

  private func shown(_ bench: Bench) async throws -> [Int64] {
    try await bench.client.getAvailability(
      .init(sku: "TEE", channelIDs: ["shopee", "lazada"])
    ).channels.map(\.availableToSellCount)
  }

  /// Goal: who is refused by a promotion hears which one it is, and what is left: of the channel's own when it sells nothing
  /// else, of those that keep units from it.
  @Test func refusalsNameThePromotion() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      var promotion = draft(bench)
      promotion.strategy = .restrict
      _ = try await bench.promotions.setPromotion(.init(promotion: promotion))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(10))
      func ask(_ channel: String, _ units: Int64) async throws {
        _ = try await bench.client.createHold(
          .init(
            holdID: "h-\(channel)", owner: "o", lines: [.init(sku: "TEE", quantity: units)],
            expireTime: bench.clock.now() + .seconds(60), channelID: channel))
      }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "TEE", "requestedCount": "9", "availableCount": "8",
          "restrictedTo": "8 by promotion p",
        ]
      ) { try await ask("shopee", 9) }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "TEE", "requestedCount": "13", "availableCount": "12",
          "allotted": "8 by promotion p",
        ]
      ) { try await ask("lazada", 13) }
      try await ask("shopee", 8)
      try await ask("lazada", 12)
    }
  }

  /// Goal: what was ended stays ended, though the clock is set back and the ledger has no row of that time.
  @Test func endedStaysEndedWhenTheClockIsSetBack() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(20))
      _ = try await bench.promotions.endPromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(-8))
      #expect(try await shown(bench) == [20, 20])
      try await bench.restart()
      await bench.server.tick()
      #expect(try await shown(bench) == [20, 20])
    }
  }

  /// Goal: a promotion runs by the clock, through restarts, and every number is the ledger's.
  @Test func wayOfAPromotion() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      let made = try #require(
        try await bench.promotions.setPromotion(.init(promotion: draft(bench))).promotion)
      #expect(made.state == .draft && made.lines[0].remainingCount == 8)
      let scheduled = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      #expect(scheduled.promotion?.state == .scheduled)
      #expect(try await shown(bench) == [20, 20])
      bench.clock.advance(by: .seconds(10))
      await bench.server.tick()
      #expect(try await shown(bench) == [20, 12])
      try await bench.sell("o-1", 3)
      #expect(try await shown(bench) == [17, 12])
      let crashed = try bench.stateOfCopy()
      #expect(await bench.stateInMemory() == crashed)
      try await bench.restart()
      #expect(try bench.stateOfCopy() == crashed)
      #expect(try await shown(bench) == [17, 12])
      let running = try #require(
        try await bench.promotions.getPromotion(.init(promotionID: "p")).promotion)
      #expect(running.state == .active && running.lines[0].takenCount == 3)
      let why = try await bench.client.explainAvailability(
        .init(sku: "TEE", channelID: "lazada"))
      #expect(why.availableToSellCount == 12)
      #expect(why.terms.last?.name == "allotments" && why.terms.last?.deltaCount == -5)
      _ = try await bench.client.cancelSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 2)]))
      let more = TopUpPromotionRequest(
        promotionID: "p", lines: [.init(sku: "TEE", allottedCount: 2)], requestID: "q")
      for _ in 1...2 {
        let topped = try await bench.promotions.topUpPromotion(more).promotion
        #expect(
          topped?.lines == [
            .init(sku: "TEE", allottedCount: 10, takenCount: 1, remainingCount: 9)
          ])
      }
      #expect(try await shown(bench) == [19, 10])
      bench.clock.advance(by: .seconds(90))
      await bench.server.tick()
      #expect(try await shown(bench) == [19, 19])
      let ended = try await bench.promotions.getPromotion(.init(promotionID: "p")).promotion
      #expect(ended?.state == .ended)
      #expect(try await bench.promotions.listPromotions(.init()).promotions == [ended])
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
      #expect(try await shown(bench) == [19, 19])
    }
  }

  /// Goal: what a promotion had left at a past instant is told, top-ups and an early end included; before it was kept, it
  /// is not guessed.
  @Test func pastOfAPromotion() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(20))
      try await bench.sell("o-1", 3)
      bench.clock.advance(by: .seconds(20))
      _ = try await bench.promotions.topUpPromotion(
        .init(promotionID: "p", lines: [.init(sku: "TEE", allottedCount: 4)]))
      bench.clock.advance(by: .seconds(20))
      _ = try await bench.promotions.endPromotion(.init(promotionID: "p"))
      func past(_ seconds: Int64) async throws -> [Int64] {
        try await bench.client.getStockAt(
          .init(
            sku: "TEE", time: Bench.start + .seconds(seconds), channelIDs: ["shopee", "lazada"])
        ).channels.map(\.availableToSellCount)
      }
      let shown: [(Int64, [Int64])] = [
        (9, [20, 20]), (10, [20, 12]), (20, [17, 12]), (40, [17, 8]), (59, [17, 8]),
        (60, [17, 17]),
      ]
      for _ in 1...2 {
        for (seconds, units) in shown { #expect(try await past(seconds) == units, "\(seconds)") }
        await bench.server.tick()
        try await bench.restart()
      }
      let why = try await bench.client.explainAvailability(
        .init(sku: "TEE", channelID: "lazada", time: Bench.start + .seconds(40)))
      #expect(why.terms.last?.name == "allotments" && why.terms.last?.deltaCount == -9)
      try bench.forge(
        "UPDATE history_start SET assortment_time = \((Bench.start + .seconds(30)).microseconds)",
        .historyStart)
      #expect(try await past(40) == [17, 8])
      #expect(try await past(9) == [20, 20])
      await expectError(
        .failedPrecondition, "ALLOTMENTS_UNKNOWN", ["sku": "TEE", "promotionId": "p"]
      ) { _ = try await past(20) }
    }
  }

  /// Goal: before it was scheduled a promotion kept nothing, though its window had begun; so it was, too, before a store knew
  /// what was allotted, as long as the promotion was scheduled after that.
  @Test func pastKnowsOfLateScheduling() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      bench.clock.advance(by: .seconds(30))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(20))
      try await bench.sell("o-1", 3)
      func past(_ seconds: Int64) async throws -> [Int64] {
        try await bench.client.getStockAt(
          .init(
            sku: "TEE", time: Bench.start + .seconds(seconds), channelIDs: ["shopee", "lazada"])
        ).channels.map(\.availableToSellCount)
      }
      func begin(_ seconds: Int64) throws {
        let time = (Bench.start + .seconds(seconds)).microseconds
        try bench.forge("UPDATE history_start SET assortment_time = \(time)", .historyStart)
      }
      for start in [0, 25] as [Int64] {
        try begin(start)
        #expect(try await past(9) == [20, 20])
        #expect(try await past(15) == [20, 20])
        #expect(try await past(29) == [20, 20])
        #expect(try await past(30) == [20, 12])
        #expect(try await past(50) == [17, 12])
      }
      // What the history begins with may have been there before.
      try begin(30)
      await expectError(
        .failedPrecondition, "ALLOTMENTS_UNKNOWN", ["sku": "TEE", "promotionId": "p"]
      ) { _ = try await past(15) }
      #expect(try await past(9) == [20, 20])
    }
  }

  /// Goal: a watcher hears of the start at its instant, though no stock has moved. Method: a watch
  /// that resumes after the last movement.
  @Test func startIsWatched() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      let after = try await bench.client.getAvailability(.init(sku: "TEE")).sequence
      bench.clock.advance(by: .seconds(10))
      await bench.server.tick()
      let changes = bench.client.watchAvailability(
        .init(channelIDs: ["lazada"], skus: ["TEE"], afterSequence: after))
      for try await change in changes where change.sku == "TEE" {
        if change.channels[0].availableToSellCount == 12 { break }
      }
    }
  }

  @Test func refusals() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      let client = bench.promotions
      for call in [
        { _ = try await client.getPromotion(.init(promotionID: "x")) },
        { _ = try await client.checkPromotion(.init(promotionID: "x")) },
        { _ = try await client.schedulePromotion(.init(promotionID: "x")) },
        { _ = try await client.endPromotion(.init(promotionID: "x")) },
        { _ = try await client.cancelPromotion(.init(promotionID: "x")) },
        {
          _ = try await client.topUpPromotion(
            .init(promotionID: "x", lines: [.init(sku: "TEE", allottedCount: 1)]))
        },
        {
          _ = try await client.simulatePromotion(
            .init(promotionID: "x", fromTime: .zero, toTime: Bench.start))
        },
      ] as [() async throws -> Void] {
        await expectError(.notFound, "PROMOTION_UNKNOWN", ["promotionId": "x"], call)
      }
      var wrong = draft(bench)
      wrong.lines = [
        .init(sku: "TEE", allottedCount: 0), .init(sku: "TEE", allottedCount: 1),
      ]
      wrong.channelIDs = ["a", "a", ""]
      wrong.strategy = .unrecognized(9)
      wrong.startTime = nil
      await expectError(
        .invalidArgument, "INVALID_REQUEST",
        violations: [
          "promotion.channel_ids[2]", "promotion.channel_ids[1]", "promotion.strategy",
          "promotion.start_time", "promotion.lines[0].allotted_count", "promotion.lines[1].sku",
        ]
      ) { _ = try await client.setPromotion(.init(promotion: wrong)) }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["promotion.end_time"]) {
        var late = draft(bench)
        late.endTime = late.startTime
        _ = try await client.setPromotion(.init(promotion: late))
      }
      await expectError(.invalidArgument, "SKU_UNKNOWN", violations: ["lines[0].sku"]) {
        var other = draft(bench)
        other.lines = [.init(sku: "NONE", allottedCount: 1)]
        _ = try await client.setPromotion(.init(promotion: other))
      }
    }
  }

  @Test func clashesAndStatesAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      let client = bench.promotions
      let made = try await client.setPromotion(.init(promotion: draft(bench, 30))).promotion
      var stale = draft(bench)
      stale.etag = "r9"
      await expectError(.aborted, "ETAG_MISMATCH", ["promotionId": "p"]) {
        _ = try await client.setPromotion(.init(promotion: stale))
      }
      let clashes = try await client.checkPromotion(.init(promotionID: "p")).clashes
      #expect(
        clashes == [
          .init(
            kind: .overPromised, sku: "TEE", wantedCount: 30, presentCount: 20,
            clashTime: Bench.start + .seconds(10))
        ])
      await expectError(
        .failedPrecondition, "PROMOTION_CLASHES",
        [
          "promotionId": "p", "clashCount": "1",
          "clashes": "30 of TEE are promised and 20 are there",
        ]
      ) { _ = try await client.schedulePromotion(.init(promotionID: "p")) }
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["accepted_clashes[0]"]
      ) {
        _ = try await client.schedulePromotion(
          .init(promotionID: "p", acceptedClashes: [.overlap]))
      }
      _ = try await client.schedulePromotion(
        .init(promotionID: "p", acceptedClashes: [.overPromised]))
      await expectError(
        .failedPrecondition, "PROMOTION_STATE", ["promotionId": "p", "state": "SCHEDULED"]
      ) { _ = try await client.endPromotion(.init(promotionID: "p")) }
      await expectError(
        .failedPrecondition, "PROMOTION_LINE_UNKNOWN", ["promotionId": "p", "sku": "CAP"]
      ) {
        _ = try await bench.client.setSku(.init(sku: .init(sku: "CAP")))
        _ = try await client.topUpPromotion(
          .init(promotionID: "p", lines: [.init(sku: "CAP", allottedCount: 1)]))
      }
      #expect(made?.etag == "r1")
      let stopped = try await client.cancelPromotion(.init(promotionID: "p")).promotion
      #expect(stopped?.state == .cancelled)
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await client.listPromotions(.init(pageToken: "x"))
      }
    }
  }

  /// Goal: a draft whose time has passed is told so by the check, and refused for that by name.
  @Test func draftWhoseWindowIsOverIsTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      let client = bench.promotions
      _ = try await client.setPromotion(.init(promotion: draft(bench)))
      bench.clock.advance(by: .seconds(100))
      #expect(
        try await client.checkPromotion(.init(promotionID: "p")).clashes == [
          .init(kind: .windowOver, clashTime: Bench.start + .seconds(100))
        ])
      for kinds in [[], [.overPromised, .buffer]] as [[PoolAPI.PromotionClash.Kind]] {
        await expectError(
          .failedPrecondition, "PROMOTION_CLASHES",
          [
            "promotionId": "p", "clashCount": "1",
            "clashes": "its window is over since 2027-01-15T08:01:40.000000Z",
          ]
        ) {
          _ = try await client.schedulePromotion(
            .init(promotionID: "p", acceptedClashes: kinds))
        }
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["accepted_clashes[0]"]
      ) {
        _ = try await client.schedulePromotion(
          .init(promotionID: "p", acceptedClashes: [.windowOver]))
      }
      _ = try await client.setPromotion(.init(promotion: draft(bench)))
      _ = try await client.schedulePromotion(.init(promotionID: "p"))
    }
  }

  @Test func futureIsNotPlayed() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      let from = Bench.start - .seconds(9)
      let ahead = try await bench.promotions.simulatePromotion(
        .init(promotionID: "p", fromTime: from, toTime: Bench.start + .seconds(5)))
      #expect(ahead.playedTime == Bench.start)
      let future = Bench.start + .seconds(6)
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["to_time"]) {
        _ = try await bench.promotions.simulatePromotion(
          .init(promotionID: "p", fromTime: from, toTime: future))
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["from_time", "to_time"]
      ) {
        _ = try await bench.promotions.simulatePromotion(
          .init(promotionID: "p", fromTime: future, toTime: future + .seconds(1)))
      }
    }
  }

  /// Goal: past orders of the ledger are played, within the window, and nothing changes.
  @Test func whatIfPlaysTheLedger() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      try await bench.sell("o-1", 2)
      bench.clock.advance(by: .seconds(10))
      let from = bench.clock.now()
      try await bench.sell("o-2", 3)
      _ = try await bench.client.recordSale(
        .init(
          orderID: "o-3", channelID: "lazada", lines: [.init(lineID: "1", sku: "TEE", quantity: 9)])
      )
      bench.clock.advance(by: .seconds(10))
      try await bench.sell("o-4", 1)
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench, 4)))
      let before = await bench.stateInMemory()
      let trial = try await bench.promotions.simulatePromotion(
        .init(promotionID: "p", fromTime: from, toTime: bench.clock.now()))
      // 5 are left: 3 go on Shopee, out of 4; Lazada wants 9 and gets 1, without the promotion 2.
      #expect(
        trial.outcomes == [
          .init(
            sku: "TEE", availableCount: 5, allottedCount: 4, promotedCount: 3, leftCount: 1,
            lostInsideCount: 0, lostElsewhereCount: 1)
        ])
      #expect(trial.orderLineCount == 2 && trial.playedTime == bench.clock.now())
      #expect(trial.points.last.map { [$0.shownCount, $0.shownCountWithout] } == [0, 0])
      #expect(await bench.stateInMemory() == before)
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["to_time"]) {
        _ = try await bench.promotions.simulatePromotion(
          .init(promotionID: "p", fromTime: from, toTime: from))
      }
    }
  }

  /// Goal: an order that names no channel is played, too.
  @Test func whatIfPlaysOrdersWithoutChannel() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.hold("h-1", 6)
      _ = try await bench.client.commitHold(.init(holdID: "h-1", orderID: "o-1"))
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      let trial = try await bench.promotions.simulatePromotion(
        .init(promotionID: "p", fromTime: Bench.start, toTime: bench.clock.now() + .seconds(1)))
      #expect(trial.orderLineCount == 1 && trial.outcomes[0].availableCount == 14)
      #expect(trial.points.last.map { [$0.shownCount, $0.shownCountWithout] } == [8, 8])
    }
  }

  /// Goal: what was ended stays ended, though the clock by which it was ended is set back.
  @Test func endOutlivesAWrongClock() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(50))
      _ = try await bench.promotions.endPromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(-30))
      for _ in 1...2 {
        #expect(
          try await bench.promotions.getPromotion(.init(promotionID: "p")).promotion?.state
            == .ended)
        #expect(try await shown(bench) == [20, 20])
        try await bench.restart()
      }
    }
  }

  /// Goal: a promotion that never started leaves the past as it was.
  @Test func pastOfACancelledPromotionIsKnown() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      _ = try await bench.promotions.setPromotion(.init(promotion: draft(bench)))
      _ = try await bench.promotions.schedulePromotion(.init(promotionID: "p"))
      _ = try await bench.promotions.cancelPromotion(.init(promotionID: "p"))
      bench.clock.advance(by: .seconds(50))
      let time = bench.clock.now()
      bench.clock.advance(by: .seconds(50))
      try await bench.sell("o-1", 1)
      let past = try await bench.client.getStockAt(
        .init(sku: "TEE", time: time, channelIDs: ["lazada"]))
      #expect(past.channels.map(\.availableToSellCount) == [20])
    }
  }

  /// Goal: a page has so many lines that its message is no larger than others take.
  @Test func pagesEndByTheirLines() async throws {
    try await withBench { bench in
      let skus = (1...ServiceLimits.listedPromotionLines / 5).map { "S\($0)" }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sku in skus {
          group.addTask { _ = try await bench.client.setSku(.init(sku: .init(sku: sku))) }
        }
        try await group.waitForAll()
      }
      for number in 1...6 {
        var promotion = draft(bench, id: "p-\(number)")
        promotion.lines = skus.map { .init(sku: $0, allottedCount: 1) }
        _ = try await bench.promotions.setPromotion(.init(promotion: promotion))
      }
      let first = try await bench.promotions.listPromotions(.init(pageSize: 1_000))
      #expect(first.promotions.count == 5)
      let second = try await bench.promotions.listPromotions(
        .init(pageSize: 1_000, pageToken: first.nextPageToken))
      #expect(second.promotions.map(\.promotionID) == ["p-6"] && second.nextPageToken.isEmpty)
    }
  }
}
