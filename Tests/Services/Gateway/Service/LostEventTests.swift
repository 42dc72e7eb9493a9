import ChannelAdapter
import ChannelRegistry
import GatewayAPI
import Kit
import Primitives
import Synchronization
import Testing

@testable import GatewayService
@testable import SandboxServer

/// Goal: what Shopee could not deliver is fetched for the shops that are connected, and confirmed only once it is stored.
/// Method: the gateway with the real adapter, the platform's stand-in, and a hook that nothing reaches.
@Suite(.timeLimit(.minutes(5))) struct LostEventTests {
  /// Nothing that the platform sends arrives.
  private struct Deaf: EventSender {
    func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer {
      .none
    }
  }

  /// The way to the platform, on which confirmations may be lost.
  private final class Way: ChannelHTTP {
    enum Loss { case none, question, answer }
    private let way: ConversationWorld.Way
    private let loss = Mutex(Loss.none)

    init(_ world: ConversationWorld) {
      way = ConversationWorld.Way(routes: world.sandbox.routes)
    }

    func lose(_ loss: Loss) { self.loss.withLock { $0 = loss } }

    func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
      let isConfirmation = request.url.contains("confirm_consumed_lost_push_message")
      let loss = isConfirmation ? loss.withLock { $0 } : .none
      if loss == .question { throw .unavailable("cut off") }
      let reply = try await way.send(request)
      if loss == .answer { throw .unavailable("cut off") }
      return reply
    }
  }

  private struct Scene {
    static let shops = ["14701711", "14701712", "14701713"]
    let world: ConversationWorld
    let bench: GatewayBench
    let way: Way

    init() async throws {
      world = try await ConversationWorld(sender: Deaf(), time: SystemClock())
      bench = try GatewayBench(others: [ConversationWorld.adapter("shopee")])
      way = Way(world)
      for shop in Self.shops.dropFirst() {
        var body: JSONValue = [
          "channel": "shopee", "shop": .string(shop),
          "hook_url": .string(ConversationWorld.hookURL("shopee")),
        ]
        for (name, value) in ConversationWorld.account("shopee").credentials {
          body = body.adding(name, .string(value))
        }
        try await world.control("shops", body)
        try await world.control(
          "listings",
          [
            "channel": "shopee", "shop": .string(shop), "item_id": "234234234",
            "variation_id": "234", "sku": "TEE", "title": "Tee, M", "stock": 1000,
          ])
      }
      try await world.control(
        "listings",
        [
          "channel": "shopee", "shop": .string(Self.shops[0]), "item_id": "234234234",
          "variation_id": "234", "stock": 1000, "replace": true,
        ])
      bench.pool.receive("TEE", 2000)
    }

    /// The first two shops; the third is somebody else's.
    func connect(_ run: GatewayBench.Run) async throws {
      for (account, shop) in zip(["acc", "bcc"], Self.shops) {
        let known = ConversationWorld.account("shopee")
        _ = try await run.client.connectAccount(
          ConnectAccountRequest(
            connection: Connection(
              accountID: account, channelID: "shopee", externalID: shop, baseURL: known.baseURL,
              credentials: known.credentials, callsPerSecond: 10_000, locationID: "MAIN")))
        bench.mapping.set(account, item: "234234234", variation: "234", takes: [("TEE", 1)])
        try await eventually("\(account) is polled") {
          try await run.gateway.store.poll(AccountID(trusted: account))?.pollTime != nil
        }
      }
      try await GatewayBench.settled(run)
    }

    func buy(_ shop: String, _ count: Int = 1) async throws {
      for _ in 0..<count {
        try await world.control(
          "orders",
          [
            "channel": "shopee", "shop": .string(shop),
            "lines": [["item_id": "234234234", "variation_id": "234", "quantity": 1]],
          ])
      }
    }

    var lostCount: Int {
      get async throws {
        try await world.sandbox.platform.read {
          try $0.lostDeliveries(channel: .shopee, after: .zero, count: 1000).count
        }
      }
    }

    func lost(_ count: Int) async throws {
      try await eventually("\(count) are given up") { try await lostCount == count }
    }

    var sales: [String: Int] {
      Dictionary(grouping: bench.pool.net.keys.map { String($0.prefix(3)) }, by: \.self)
        .mapValues(\.count)
    }

    func run(_ body: (GatewayBench.Run) async throws -> Void) async throws {
      let run = try await bench.start {
        $0.http = way
        $0.publicURL = "https://gw.example.com"
      }
      do {
        try await body(run)
      } catch {
        await run.stop()
        throw error
      }
      await run.stop()
    }
  }

  @Test func eachShopGetsItsOwnOnceWhateverTheNumberOfPages() async throws {
    let scene = try await Scene()
    try await scene.run { run in
      try await scene.connect(run)
      try await scene.buy(Scene.shops[0], 120)
      try await scene.buy(Scene.shops[1], 2)
      try await scene.buy(Scene.shops[2], 3)
      try await scene.lost(125)
      #expect(scene.sales.isEmpty)
      await run.gateway.lostEvents.collect()
      try await GatewayBench.settled(run)
      #expect(scene.sales == ["acc": 120, "bcc": 2])
      #expect(scene.bench.pool.net.values.allSatisfy { $0 == 1 })
      #expect(try await scene.lostCount == 0, "all are confirmed, those of the third shop too")
      await run.gateway.lostEvents.collect()
      try await GatewayBench.settled(run)
      #expect(scene.sales == ["acc": 120, "bcc": 2])
    }
    try await scene.world.remove()
  }

  /// Goal: whatever is cut off, nothing is lost and nothing doubled. Method: the confirmation does not arrive, or its answer
  /// does not; the gateway is stopped and another one goes on by itself.
  @Test(arguments: [false, true])
  func whatWasStoredAndNotConfirmedComesOnceMore(_ isAnswerLost: Bool) async throws {
    let scene = try await Scene()
    try await scene.run { run in
      try await scene.connect(run)
      try await scene.buy(Scene.shops[1], 2)
      try await scene.lost(2)
      scene.way.lose(isAnswerLost ? .answer : .question)
      await run.gateway.lostEvents.collect()
      try await GatewayBench.settled(run)
      #expect(scene.sales == ["bcc": 2])
      #expect(try await scene.lostCount == (isAnswerLost ? 0 : 2))
    }
    scene.way.lose(.none)
    try await scene.run { run in
      try await eventually("the queue is empty") { try await scene.lostCount == 0 }
      try await GatewayBench.settled(run)
      #expect(scene.sales == ["bcc": 2])
      #expect(scene.bench.pool.net.values.allSatisfy { $0 == 1 })
    }
    try await scene.world.remove()
  }

  @Test func whatIsNotStoredIsNotConfirmed() async throws {
    let scene = try await Scene()
    try await scene.run { run in
      try await scene.connect(run)
      try await scene.buy(Scene.shops[0], 2)
      try await scene.lost(2)
      run.database.be(full: true)
      await run.gateway.lostEvents.collect()
      #expect(try await scene.lostCount == 2)
      run.database.be(full: false)
      await run.gateway.lostEvents.collect()
      try await GatewayBench.settled(run)
      #expect(scene.sales == ["acc": 2])
      #expect(try await scene.lostCount == 0)
    }
    try await scene.world.remove()
  }
}
