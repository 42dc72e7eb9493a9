import Foundation
import Primitives
import Testing

@testable import SandboxServer

@Suite(.timeLimit(.minutes(2))) struct ScenarioTests {
  private static let shops = #"["shopee/14701711", "lazada/100200300"]"#

  /// Sets a scenario up and plays it to its end, in the time of the test's clock.
  private func play(_ world: SandboxWorld, _ text: String) async throws -> ScenarioPlayer.Report {
    let player = ScenarioPlayer(
      control: world.sandbox.control, clock: world.clock, log: .silent,
      wait: { [clock = world.clock] in clock.advance(by: $0) })
    try await player.begin(try Scenario.read(Array(text.utf8)))
    await player.playWaiting()
    return player.report
  }

  @Test func buyersOrderAtARateShopAfterShop() async throws {
    try await withSandbox { world in
      let report = try await play(
        world,
        """
        {"listings": [{"channel": "lazada", "shop": "100200300", "item_id": "1", "variation_id": "2",
          "sku": "MUG", "stock": 3}],
         "steps": [
          {"at": 5, "do": "orders", "for": 3, "per_second": 2, "shops": \(Self.shops), "skus": ["TEE-BLK-M"]},
          {"at": 6, "do": "orders", "for": 1, "per_second": 5, "shops": ["lazada/100200300"], "skus": ["MUG"]}
         ]}
        """)
      #expect(report.orderCount == 9 && report.soldOutCount == 2 && report.problems == [])
      #expect(!report.isPlaying)
      #expect(try await world.shown(SandboxWorld.shopee) == 7)
      #expect(try await world.shown(SandboxWorld.lazada) == 7)
      #expect(world.clock.now() == Timestamp(seconds: 1_700_000_007) + .seconds(0.5))
    }
  }

  @Test func sameSeedCancelsTheSameOrders() async throws {
    var counts: [Int] = []
    for seed in [7, 7, 8, 9, 10] {
      try await withSandbox { world in
        let report = try await play(
          world,
          """
          {"seed": \(seed), "steps": [{"at": 0, "do": "orders", "for": 8, "per_second": 1,
            "shops": \(Self.shops), "skus": ["TEE-BLK-M"], "cancel_percent": 50}]}
          """)
        #expect(report.orderCount == 8)
        let shown = try await world.shown(SandboxWorld.shopee) ?? 0
        #expect(
          shown + (try await world.shown(SandboxWorld.lazada) ?? 0)
            == Int64(12 + report.cancelledCount))
        counts.append(report.cancelledCount)
      }
    }
    #expect(counts[0] == counts[1] && Set(counts).count > 1)
  }

  /// Goal: what lasts for a while begins and ends. Method: buyers order all along; what came of it tells when.
  @Test func downtimeTurnsBuyersAndCallsAway() async throws {
    try await withSandbox { world in
      let report = try await play(
        world,
        """
        {"steps": [
          {"at": 2, "do": "downtime", "for": 3, "channel": "shopee"},
          {"at": 0, "do": "orders", "for": 8, "per_second": 1, "shops": ["shopee/14701711"], "skus": ["TEE-BLK-M"]}
        ]}
        """)
      #expect(report.orderCount == 5 && report.stepCount == 2)
      #expect(report.problems.count == 3 && report.problems[0] == "2.0 s: down")
      #expect(!world.sandbox.platform.faults.plan(of: .shopee).isDown)
      _ = try await world.control("faults", ["channel": "shopee", "down": true])
      let answer = try await world.setShopee(5)
      #expect(answer["status"] == 503 || answer.isNull)
    }
  }

  @Test func faultsEndAsIfThereHadBeenNone() async throws {
    try await withSandbox { world in
      let before = world.sandbox.platform.faults.plan(of: .lazada)
      _ = try await play(
        world,
        """
        {"steps": [{"at": 1, "do": "faults", "for": 2, "channel": "lazada",
          "set": {"duplicate_percent": 10, "delay_ms": [5, 50], "rate_limit_per_second": 3, "drop_webhooks": true}}]}
        """)
      #expect(world.sandbox.platform.faults.plan(of: .lazada) == before)
      let lost = try await play(
        world,
        """
        {"steps": [
          {"at": 0, "do": "faults", "for": 2, "channel": "all", "set": {"drop_webhooks": true}},
          {"at": 1, "do": "orders", "for": 2, "per_second": 1, "shops": ["shopee/14701711"], "skus": ["TEE-BLK-M"]}
        ]}
        """)
      #expect(lost.orderCount == 2)
      #expect(await world.allSent().count == 1, "the one after the fault's end")
    }
  }

  @Test func promotionLocksAndPeopleChangeNumbers() async throws {
    try await withSandbox { world in
      _ = try await play(
        world,
        """
        {"steps": [
          {"at": 0, "do": "set_stock", "shop": "shopee/14701711", "sku": "TEE-BLK-M", "units": 40},
          {"at": 1, "do": "promotion", "for": 9, "shop": "shopee/14701711", "sku": "TEE-BLK-M", "units": 15}
        ]}
        """)
      let listing = try await world.listing(SandboxWorld.shopee)
      #expect(listing?.sellable == 40 && listing?.reserved == 0)
      try await world.sandbox.control.changeListing(SandboxWorld.shopee, "TEE-BLK-M") {
        $0.reserved = 15
      }
      #expect(try await world.setShopee(10)["response"]["failure_list"].array?.count ?? 1 == 1)
      #expect(try await world.shown(SandboxWorld.shopee) == 40)
    }
  }

  @Test func webhooksThatAreOffTellNothing() async throws {
    try await withSandbox { world in
      for key in [SandboxWorld.shopee, SandboxWorld.tiktok] {
        let body: JSONValue = [
          "channel": .string(key.channel.rawValue), "shop": .string(key.shopID), "enabled": false,
        ]
        #expect(try await world.control("webhooks", body).status == 200)
        _ = try await world.buy(key, 1)
        #expect(await world.allSent().isEmpty)
        _ = try await world.control("webhooks", body.adding("enabled", true))
      }
      _ = try await world.buy(SandboxWorld.tiktok, 1)
      #expect(await world.allSent().count == 1)
    }
  }

  @Test(arguments: [
    (Channel.shopify, 8, 0, 8, false), (.shopify, 9, 0, 9, true), (.shopify, 50, 41, 8, false),
    (.lazada, 19, 0, 19, false), (.lazada, 20, 10, 10, false), (.lazada, 20, 9, 1, true),
    (.shopee, 600, 0, 600, false), (.shopee, 1_000, 300, 1, false), (.shopee, 1_000, 299, 1, true),
    (.tiktok, 1_000, 0, 1_000, false),
  ])
  func webhooksAreTurnedOffAsThePlatformDoes(
    _ channel: Channel, _ tries: Int64, _ successes: Int64, _ inARow: Int64, _ isOff: Bool
  ) {
    let count = HookHealth.Count(
      tries: tries, failures: tries - successes, failuresInARow: inARow)
    #expect(HookHealth.isTurnedOff(count, by: channel, at: .zero) == isOff)
  }

  @Test func failuresTurnShopifysWebhooksOff() async throws {
    try await withSandbox { world in
      world.sender.answer(Array(repeating: 500, count: 9))
      _ = try await world.buy(SandboxWorld.shopify, 1)
      #expect(await world.allSent().count == 9, "the first try and eight more")
      _ = try await world.buy(SandboxWorld.shopify, 1)
      #expect(await world.allSent().count == 9)
      let counts = try await world.control("deliveries", nil).body["counts"]
      #expect(counts == ["dropped": 1, "lost": 1])
    }
  }

  @Test(arguments: [
    ("[", "The scenario is not JSON."), ("{}", "steps must be a list of steps, at most 1000"),
    (
      #"{"steps": [], "step": 1}"#,
      "step is not known here; there may be seed, shops, listings, steps"
    ),
    (#"{"seed": -1, "steps": []}"#, "seed must be a whole number from 0 to 9223372036854775807"),
    (
      #"{"shops": [7], "steps": []}"#,
      "shops must be a list of what the control API takes, at most 1000"
    ),
    (#"{"steps": [7]}"#, "steps[0] must be an object"),
    (
      #"{"steps": [{"at": 1, "do": "dance"}]}"#,
      "steps[0].do must be deauthorise, downtime, expire_tokens, faults, orders, promotion, set_stock, webhooks_off"
    ),
    (
      #"{"steps": [{"at": -1, "do": "downtime", "for": 1, "channel": "shopee"}]}"#,
      "steps[0].at must be a number from 0 to 86400"
    ),
    (
      #"{"steps": [{"at": 1, "do": "downtime", "channel": "shopee"}]}"#,
      "steps[0].for must be a number from 0.001 to 86400"
    ),
    (
      #"{"steps": [{"at": 1, "do": "downtime", "for": 1, "channel": "ebay"}]}"#,
      "steps[0].channel must be shopee, lazada, shopify, woocommerce, tiktok, square, loyverse or all"
    ),
    (
      #"{"steps": [{"at": 1, "do": "downtime", "for": 1, "channel": "all", "units": 3}]}"#,
      "steps[0].units is not known here; there may be at, do, for, channel"
    ),
    (
      #"{"steps": [{"at": 0, "do": "set_stock", "shop": "shopee", "sku": "A", "units": 1}]}"#,
      "steps[0].shop must be CHANNEL/SHOP with a channel of shopee, lazada, shopify, woocommerce, tiktok, square, loyverse"
    ),
    (
      #"{"steps": [{"at": 0, "do": "promotion", "for": 1, "shop": "square/L1", "sku": "A", "units": 1}]}"#,
      "steps[0].shop must be CHANNEL/SHOP with a channel of shopee, lazada, tiktok"
    ),
    (
      #"{"steps": [{"at": 0, "do": "faults", "for": 1, "channel": "shopee", "set": {"fail_percent": 101}}]}"#,
      "steps[0].set must be an object of POST /control/faults: fail_percent is not what it should be"
    ),
    (
      #"{"steps": [{"at": 0, "do": "orders", "for": 1, "per_second": 0, "shops": ["shopee/1"], "skus": ["A"]}]}"#,
      "steps[0].per_second must be a number from 0.001 to 1000"
    ),
    (
      #"{"steps": [{"at": 0, "do": "orders", "for": 1, "per_second": 1, "shops": ["shopee/1", "x"], "skus": ["A"]}]}"#,
      "steps[0].shops[1] must be CHANNEL/SHOP with a channel of shopee, lazada, shopify, woocommerce, tiktok, square, loyverse"
    ),
  ])
  func whatIsWrongIsNamed(_ text: String, _ message: String) async throws {
    let error = #expect(throws: ScenarioError.self) { try Scenario.read(Array(text.utf8)) }
    #expect(error?.description == message)
    guard let json = JSONValue(parsing: text), json.members != nil else { return }
    try await withSandbox { world in
      let answer = try await world.control("scenario", json)
      #expect(answer.status == 400 && answer.body["error"] == .string(message))
    }
  }

  @Test func controlAPIBeginsAndTells() async throws {
    try await withSandbox { world in
      let step: JSONValue = ["at": 86_400, "do": "expire_tokens", "channel": "all"]
      let begun = try await world.control("scenario", ["steps": [step]])
      #expect(begun.status == 200 && begun.body["playing"] == true)
      #expect(try await world.control("scenario", nil).body["playing"] == true)
      let ended = try await world.control("scenario", ["steps": []])
      #expect(ended.body["playing"] == false)
      let wrong = try await world.control(
        "scenario", ["shops": [["channel": "shopee"]], "steps": []])
      #expect(wrong.status == 400 && wrong.body["error"] == "shop is missing")
    }
  }

  /// The files that come with the repository.
  @Test(arguments: ["shops.json", "bad-day.json"])
  func examplesAreSound(_ name: String) async throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("Deploy/scenarios/\(name)").path
    let scenario = try Scenario.read(path: path)
    try await withSandbox { world in
      let player = ScenarioPlayer(
        control: world.sandbox.control, clock: world.clock, log: .silent,
        wait: { [clock = world.clock] in clock.advance(by: $0) })
      try await player.begin(scenario)
      await player.playWaiting()
      #expect(player.report.problems.allSatisfy { $0.hasSuffix("down") })
      #expect(name == "shops.json" || player.report.orderCount > 100)
      let shops = try await world.control("shops", nil).body["shops"].array ?? []
      #expect(Set(shops.compactMap { $0["channel"].text }).count == Channel.allCases.count)
    }
  }
}
