import ChannelAdapter
import GatewayAPI
import Kit
import PoolAPI
import Primitives
import Testing

@testable import GatewayService
@testable import SandboxServer

/// Goal: what a channel sets aside comes off the others from when it is set aside, follows the promotion's orders, and is everybody's
/// again at the end, though every message about it is lost. Method: the gateway with the real adapter and the channel's stand-in,
/// whose promotion begins and ends by the clock.
@Suite(.timeLimit(.minutes(5))) struct PromotionConversationTests {
  static let channels = ConversationWorld.channels.filter {
    ConversationWorld.adapter($0) is any ReservedStockReading
  }

  @Test func everyChannelWithPromotionsIsHere() {
    #expect(Self.channels == Channel.allCases.filter(\.hasPromotions).map(\.rawValue))
  }

  private struct Scene {
    let channel: String
    let clock: ManualClock
    let world: ConversationWorld
    let bench: GatewayBench
    let other: FakeChannel
    let run: GatewayBench.Run

    static func with(_ channel: String, _ body: (Scene) async throws -> Void) async throws {
      let other = FakeChannel()
      let clock = ManualClock()
      let world = try await ConversationWorld(time: clock)
      let bench = try GatewayBench(
        others: [ConversationWorld.adapter(channel), FakeAdapter(other, id: "other")], clock: clock)
      let run = try await bench.start {
        $0.http = Wire(way: ConversationWorld.Way(routes: world.sandbox.routes))
        $0.clock = clock
        $0.mirrorMode = .ironReserve
      }
      let scene = Scene(
        channel: channel, clock: clock, world: world, bench: bench, other: other, run: run)
      do {
        try await scene.begin()
        try await body(scene)
      } catch {
        await run.stop()
        try await world.remove()
        throw error
      }
      await run.stop()
      try await world.remove()
    }

    private func begin() async throws {
      try await world.setFaults(channel, ["drop_webhooks": true])
      let listing = try await ConformanceTalk(channel: channel, world: world).listing()
      let known = ConversationWorld.account(channel)
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: "acc", channelID: channel, externalID: known.externalID,
            baseURL: known.baseURL, credentials: known.credentials, callsPerSecond: 1_000,
            locationID: "MAIN")))
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: "acc-o", channelID: "other", externalID: "shop-o",
            credentials: ["secret": "s", "token": "token-1"], locationID: "MAIN")))
      bench.mapping.set(
        "acc", item: listing.itemID, variation: listing.variationID,
        attributes: listing.attributes, takes: [("TEE", 1)])
      bench.mapping.set("acc-o", item: "j1", takes: [("TEE", 1)])
      bench.pool.receive("TEE", 10)
      try await shows(10, 10)
      try await GatewayBench.settled(run)
    }

    /// What this channel shows, and what the other.
    func shows(_ here: Int64, _ elsewhere: Quantity) async throws {
      let key = Shop.Key(
        channel: Channel(rawValue: channel) ?? .shopee,
        shopID: ConversationWorld.account(channel).externalID)
      try await eventually("\(channel) shows \(here)") {
        try await world.sandbox.platform.read {
          try $0.listing(key, item: "234234234", variation: "234")?.sellable
        } == here
      }
      try await eventually("the other shows \(elsewhere)") { other.shown("j1") == elsewhere }
    }

    func promote(_ units: Int64, in start: Int64, for span: Int64) async throws {
      try await world.control(
        "listings",
        [
          "channel": .string(channel),
          "shop": .string(ConversationWorld.account(channel).externalID),
          "item_id": "234234234", "variation_id": "234", "reserved": .integer(units),
          "promotion_in": .integer(start), "promotion_for": .integer(span),
        ])
    }

    func buyInPromotion(_ count: Int64) async throws {
      try await world.control(
        "orders",
        [
          "channel": .string(channel),
          "shop": .string(ConversationWorld.account(channel).externalID),
          "lines": [
            [
              "item_id": "234234234", "variation_id": "234", "quantity": .integer(count),
              "promotion": true,
            ]
          ],
        ])
    }

    /// Looks at all that is set aside, as it does each quarter of an hour.
    func pass() async throws {
      clock.advance(by: GatewayLimits.reservePassEvery)
      try await #require(run.gateway.mirrors[ChannelID(trusted: channel)]).round()
    }

    var kept: Int64 {
      bench.promotions.active.flatMap(\.lines).reduce(0) { $0 + $1.remainingCount }
    }
  }

  /// The way to both channels.
  private struct Wire: ChannelHTTP {
    let way: ConversationWorld.Way

    func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
      if request.url == FakeHTTP.url { return try await FakeHTTP().send(request) }
      return try await way.send(request)
    }
  }

  @Test(arguments: channels)
  func allotmentFollowsThePromotionAndEndsWithItThoughNothingTells(
    _ channel: String
  ) async throws {
    try await Scene.with(channel) { scene in
      try await scene.promote(4, in: 1800, for: 7200)
      await #expect(throws: ChannelError.self, "it has not begun") {
        try await scene.buyInPromotion(1)
      }
      try await scene.pass()
      try await scene.shows(10, 6)
      scene.clock.advance(by: .seconds(1800))
      try await scene.buyInPromotion(1)
      await scene.run.gateway.directory.session(AccountID(trusted: "acc"))?.pollBell.raise()
      try await eventually("the order is taken in") { scene.bench.pool.net.count == 1 }
      scene.bench.promotions.take("TEE", 1)
      try await scene.pass()
      #expect(scene.kept == 3, "what was ordered is not kept once more")
      try await scene.shows(9, 6)
      await #expect(throws: ChannelError.self, "no more than what is left") {
        try await scene.buyInPromotion(4)
      }
      scene.clock.advance(by: .seconds(7200))
      if channel == "tiktok" {
        // It does not say when a campaign ends: that it is over is seen, twice.
        try await scene.pass()
        #expect(scene.kept == 3, "an order may be on its way")
        try await scene.pass()
      } else {
        scene.bench.promotions.look()
      }
      #expect(scene.kept == 0)
      try await scene.shows(9, 9)
      // The channel lets its number be lowered again.
      scene.bench.pool.receive("TEE", -7)
      try await scene.shows(2, 2)
      try await scene.pass()
      #expect(scene.kept == 0, "nothing is kept anew")
    }
  }
}
