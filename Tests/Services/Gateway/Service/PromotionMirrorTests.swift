import ChannelAdapter
import GatewayAPI
import Kit
import PoolAPI
import Primitives
import Testing

@testable import GatewayService

/// Goal: what a channel has set aside comes off every other channel, and comes back, whatever message is lost.
@Suite(.timeLimit(.minutes(5))) struct PromotionMirrorTests {
  private struct Scene {
    let bench: GatewayBench
    let run: GatewayBench.Run
    let clock: ManualClock
    let other: FakeChannel

    var mirror: PromotionMirror {
      get throws { try #require(run.gateway.mirrors[ChannelID(trusted: "fake")]) }
    }

    func reserve(_ item: String, _ units: Quantity, endsIn seconds: Int64? = nil) {
      bench.channel.with { state in
        state.reserved[item] =
          units == 0
          ? nil
          : [
            ReservedStock(
              name: "flash", quantity: units, endTime: seconds.map { clock.now() + .seconds($0) })
          ]
      }
    }

    /// Has the mirror look around; one that is at it of its own accord is waited for.
    func round() async throws {
      let mirror = try mirror
      try await eventually("a round") { await mirror.round() }
    }

    /// What is kept too much is given back after a while.
    func settle() async throws {
      clock.advance(by: GatewayLimits.reserveSettle)
      try await round()
    }

    /// An event of the channel, after which only its item is looked at.
    func news(_ key: String, item: String) async throws {
      let answer = await GatewayBench.post(
        run, try GatewayBench.event(key, item, kind: "other"))
      #expect(answer.status == 202)
      try await round()
    }

    func shows(_ fake: Quantity, _ elsewhere: Quantity) async throws {
      try await eventually("fake shows \(fake)") { bench.channel.shown("i1") == fake }
      try await eventually("other shows \(elsewhere)") { other.shown("j1") == elsewhere }
    }

    var kept: [String: Int64] {
      bench.promotions.active.flatMap(\.lines).reduce(into: [:]) {
        $0[$1.sku, default: 0] += $1.remainingCount
      }
    }
  }

  private static func scene(
    _ mode: MirrorMode = .ironReserve, _ body: (Scene) async throws -> Void
  ) async throws {
    let clock = ManualClock()
    let other = FakeChannel()
    let bench = try GatewayBench(others: [FakeAdapter(other, id: "other")], clock: clock)
    bench.pool.receive("TEE", 10)
    bench.pool.receive("MUG", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    bench.mapping.set("acc", item: "i2", takes: [("TEE", 2), ("MUG", 1)])
    bench.mapping.state.withLock {
      $0.accounts["acc-o"] = .init(accountID: "acc-o", channelID: "other")
    }
    bench.mapping.set("acc-o", item: "j1", takes: [("TEE", 1)])
    let run = try await start(bench, clock, mode)
    do {
      try await body(Scene(bench: bench, run: run, clock: clock, other: other))
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  private static func start(
    _ bench: GatewayBench, _ clock: ManualClock, _ mode: MirrorMode = .ironReserve
  ) async throws -> GatewayBench.Run {
    let run = try await bench.start {
      $0.clock = clock
      $0.mirrorMode = mode
    }
    try await bench.connect(run)
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: "acc-o", channelID: "other", externalID: "shop-o",
          credentials: ["secret": "s3cret-acc-o", "token": "token-1"])))
    try await eventually("listings are known") { await run.gateway.planner.hasAllListings }
    return run
  }

  /// Pain 11.
  @Test func reserveComesOffEveryOtherChannelAndComesBack() async throws {
    try await Self.scene { scene in
      try await scene.shows(10, 10)
      scene.reserve("i1", 4, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      try await scene.shows(10, 6)
      let promotion = try #require(scene.bench.promotions.active.first)
      #expect(promotion.channelIDs == ["fake"] && promotion.strategy == .ironReserve)
      #expect(promotion.endTime == scene.clock.now() + .seconds(3600))
      #expect(promotion.displayName == "acc: flash")
      scene.reserve("i1", 0)
      try await scene.news("e2", item: "i1")
      #expect(scene.kept == ["TEE": 4], "an order may be on its way")
      try await scene.settle()
      try await scene.shows(10, 10)
      #expect(scene.bench.promotions.active.isEmpty)
    }
  }

  /// Pains 12 and 13: nothing tells that it is over.
  @Test func reserveComesBackAtItsEndThoughNothingTells() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 4, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      try await scene.shows(10, 6)
      await scene.run.gateway.directory.session(AccountID(trusted: "acc"))?.suspended("away")
      scene.clock.advance(by: .seconds(3601))
      scene.bench.promotions.look()
      try await scene.shows(10, 10)
      // The channel still lists it: that makes nothing new.
      try await scene.round()
      #expect(scene.bench.promotions.active.isEmpty)
    }
  }

  @Test func ordersOfThePromotionUseItUp() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 4, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      scene.bench.promotions.take("TEE", 1)
      scene.reserve("i1", 3, endsIn: 3600)
      try await scene.news("e2", item: "i1")
      #expect(scene.kept == ["TEE": 3] && scene.bench.promotions.active.count == 1)
      // A sale of the same SKU beside the promotion took from it in the pool, not on the channel.
      scene.bench.promotions.take("TEE", 1)
      try await scene.news("e3", item: "i1")
      #expect(scene.kept == ["TEE": 3])
    }
  }

  /// An order of one item does not make the gateway believe what it has read of another before.
  @Test func newsOfOneItemSaysNothingOfOthers() async throws {
    try await Self.scene { scene in
      scene.bench.mapping.set("acc", item: "i3", takes: [("MUG", 1)])
      try await GatewayBench.settled(scene.run)
      scene.reserve("i1", 4, endsIn: 3600)
      scene.reserve("i3", 5, endsIn: 3600)
      try await scene.news("e1", item: "")
      #expect(scene.kept == ["TEE": 4, "MUG": 5])
      // The pool knows an order of the mugs; its news is still on its way.
      scene.bench.promotions.take("MUG", 2)
      scene.reserve("i3", 3, endsIn: 3600)
      try await scene.news("e2", item: "i1")
      #expect(scene.kept == ["TEE": 4, "MUG": 3])
      #expect(scene.bench.promotions.active.count == 1)
    }
  }

  /// Two shops of a channel set the same SKU aside: the pool keeps both, and gives one back.
  @Test func twoShopsOfAChannelAreSummed() async throws {
    try await Self.scene { scene in
      try await scene.bench.connect(scene.run, account: "acc2", shop: "shop-2")
      scene.bench.mapping.set("acc2", item: "k1", takes: [("TEE", 1)])
      try await GatewayBench.settled(scene.run)
      scene.reserve("i1", 2, endsIn: 3600)
      scene.reserve("k1", 3, endsIn: 3600)
      try await scene.round()
      #expect(scene.kept == ["TEE": 5] && scene.bench.promotions.active.count == 1)
      scene.reserve("k1", 0)
      try await scene.news("e1", item: "i1")
      #expect(scene.kept == ["TEE": 5], "it may be an order on its way")
      try await scene.settle()
      #expect(scene.kept == ["TEE": 2])
    }
  }

  @Test func unlinkedListingKeepsNothing() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 4, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      for item in ["i1", "i2"] { scene.bench.mapping.set("acc", item: item, takes: []) }
      try await GatewayBench.settled(scene.run)
      scene.clock.advance(by: GatewayLimits.reservePassEvery)
      try await scene.round()
      try await scene.settle()
      #expect(scene.kept.isEmpty)
    }
  }

  @Test func listingTakesSeveralUnitsAndSKUs() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 1)
      scene.reserve("i2", 2)
      try await scene.news("e1", item: "")
      #expect(scene.kept == ["TEE": 5, "MUG": 2])
      #expect(scene.bench.promotions.active.count == 1)
    }
  }

  @Test func giveBackInPartIsFollowed() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 6, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      scene.reserve("i1", 2, endsIn: 3600)
      try await scene.news("e2", item: "i1")
      try await scene.settle()
      #expect(scene.kept == ["TEE": 2])
      try await scene.shows(10, 8)
    }
  }

  /// What is kept lasts over a restart, is not kept twice, and is given back after it.
  @Test func restartGoesOnWithWhatThePoolKeeps() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 4, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      await scene.run.stop()
      let again = try await Self.start(scene.bench, scene.clock)
      let mirror = try #require(again.gateway.mirrors[ChannelID(trusted: "fake")])
      try await eventually("a round") { await mirror.round() }
      #expect(scene.kept == ["TEE": 4] && scene.bench.promotions.active.count == 1)
      await again.stop()
    }
  }

  /// The pool or the channel goes away at each step in turn; in the end all is kept once.
  @Test func failureAtAnyStepIsMadeGoodInTheNextRound() async throws {
    for (step, moment) in [("setPromotion", true), ("schedulePromotion", true), ("", false)] {
      try await Self.scene { scene in
        try await scene.shows(10, 10)
        scene.reserve("i1", 4, endsIn: 3600)
        if moment {
          scene.bench.promotions.failNext(step)
        } else {
          scene.bench.channel.with { $0.reserveErrors = [.unavailable("away")] }
        }
        try await scene.news("e1", item: "i1")
        scene.clock.advance(by: GatewayLimits.reserveAgain)
        try await scene.round()
        #expect(scene.kept == ["TEE": 4], "\(step)")
        #expect(scene.bench.promotions.active.count == 1, "\(step)")
      }
    }
  }

  @Test func ownPromotionOfThePoolIsLeftAloneAndTold() async throws {
    try await Self.scene { scene in
      scene.bench.promotions.all.withLock {
        $0["own"] = Promotion(
          promotionID: "own", channelIDs: ["fake"], startTime: .zero,
          endTime: scene.clock.now() + .seconds(60),
          lines: [PromotionLine(sku: "TEE", allottedCount: 1, remainingCount: 1)], state: .active)
      }
      scene.reserve("i2", 2)
      try await scene.news("e1", item: "i2")
      #expect(scene.kept == ["TEE": 1, "MUG": 2])
      let alerts = try await scene.run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["PROMOTION_UNMIRRORED"])
      #expect(alerts.first?.subject == "fake/TEE")
      _ = scene.bench.promotions.all.withLock { $0.removeValue(forKey: "own") }
      scene.clock.advance(by: GatewayLimits.reservePassEvery)
      try await scene.round()
      #expect(scene.kept == ["TEE": 4, "MUG": 2])
      let left = try await scene.run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(left.isEmpty)
    }
  }

  /// What an earlier run has told of ends when its cause has gone meanwhile.
  @Test func alertOfAnEarlierRunEndsWithItsCause() async throws {
    try await Self.scene { scene in
      scene.bench.promotions.all.withLock {
        $0["own"] = Promotion(
          promotionID: "own", channelIDs: ["fake"], startTime: .zero,
          endTime: scene.clock.now() + .seconds(60),
          lines: [PromotionLine(sku: "TEE", allottedCount: 1, remainingCount: 1)], state: .active)
      }
      scene.reserve("i1", 2)
      try await scene.news("e1", item: "i1")
      await scene.run.stop()
      scene.reserve("i1", 0)
      let again = try await Self.start(scene.bench, scene.clock)
      let mirror = try #require(again.gateway.mirrors[ChannelID(trusted: "fake")])
      let known = try await again.client.listAlerts(ListAlertsRequest(includeResolved: true))
      #expect(known.alerts.map(\.kind) == ["PROMOTION_UNMIRRORED"])
      try await eventually("the alert has ended") {
        await mirror.round()
        return try await again.client.listAlerts(ListAlertsRequest()).alerts.isEmpty
      }
      await again.stop()
    }
  }

  /// A name that the pool would refuse is cut and cleaned.
  @Test func longNameIsCut() async throws {
    try await Self.scene { scene in
      let name = "line\n" + String(repeating: "é", count: 300)
      scene.bench.channel.with {
        $0.reserved["i1"] = [ReservedStock(name: name, quantity: 3)]
      }
      try await scene.news("e1", item: "i1")
      let shown = scene.bench.promotions.active.first?.displayName ?? ""
      #expect(shown.hasPrefix("acc: lineéé") && shown.utf8.count <= 200)
    }
  }

  /// Goal: mirroring that is turned off keeps nothing, though the pool is away at first; what is the pool's own stays. Method: one
  /// is active, one was cut off while it was made, one of the pool's own begins like a mirror.
  @Test func whatWasMirroredIsGivenBackWhenItIsTurnedOff() async throws {
    try await Self.scene { scene in
      scene.reserve("i1", 4, endsIn: 3600)
      try await scene.news("e1", item: "i1")
      try await scene.shows(10, 6)
      let mirrored = try #require(scene.bench.promotions.active.first)
      scene.bench.promotions.all.withLock { all in
        var draft = mirrored
        draft.promotionID += "x"
        draft.state = .draft
        all[draft.promotionID] = draft
        all["mirror-mine"] = Promotion(
          promotionID: "mirror-mine", channelIDs: ["fake"], startTime: .zero,
          endTime: scene.clock.now() + .seconds(60),
          lines: [PromotionLine(sku: "MUG", allottedCount: 1, remainingCount: 1)], state: .active)
      }
      await scene.run.gateway.alerts.raise(
        .promotionUnmirrored, about: "fake/MUG", account: AccountID(trusted: "acc"), "not kept")
      await scene.run.stop()
      scene.bench.promotions.failNext("endPromotion")
      let again = try await Self.start(scene.bench, scene.clock, .off)
      try await eventually("it is given back") {
        scene.bench.promotions.active.map(\.promotionID) == ["mirror-mine"]
      }
      try await eventually("other shows all") { scene.other.shown("j1") == 10 }
      try await eventually("the alert has ended") {
        try await again.client.listAlerts(ListAlertsRequest()).alerts.isEmpty
      }
      let states = scene.bench.promotions.all.withLock { $0.values.map(\.state) }
      #expect(!states.contains(.draft))
      await again.stop()
    }
  }

  @Test func modeSaysHowFirmlyItIsKept() async throws {
    try await Self.scene(.restrict) { scene in
      scene.reserve("i1", 4)
      try await scene.news("e1", item: "i1")
      #expect(scene.bench.promotions.active.map(\.strategy) == [.restrict])
    }
    try await Self.scene(.off) { scene in
      #expect(scene.run.gateway.mirrors.isEmpty)
      scene.reserve("i1", 4)
      let answer = await GatewayBench.post(
        scene.run, try GatewayBench.event("e1", "i1", kind: "other"))
      #expect(answer.status == 202)
    }
  }
}
