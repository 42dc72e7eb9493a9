import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Synchronization
import Testing

@testable import GatewayService
@testable import SandboxServer

/// Goal: a channel that takes an order in the middle of a push never has the sold unit on sale again when all has been
/// heard, the numbers agree, and the sale counts once. Method: the gateway with the real adapter, the channel's stand-in,
/// and events that are held back until the test lets them go.
@Suite(.timeLimit(.minutes(5))) struct InFlightTests {
  static let channels = ConversationWorld.channels.filter { channel in
    let traits = ConversationWorld.adapter(channel).traits
    return traits.readsStock || traits.comparesStock
  }

  @Test func everyChannelThatIsPushedIsHere() {
    #expect(Self.channels == ConversationWorld.channels)
  }

  /// The order is placed before the raise begins and heard of after it: what is read, or compared, tells of it.
  @Test(arguments: channels)
  func saleBeforeTheWriteIsLeftOut(_ channel: String) async throws {
    try await Crossing.with(channel) { crossing in
      try await crossing.buy()
      crossing.bench.pool.receive("TEE", 1)
      try await crossing.shows(1)
      try await crossing.letGo(1)
      #expect(crossing.way.shown.allSatisfy { $0 <= 1 }, "\(crossing.way.shown)")
    }
  }

  /// The order is placed when the number has been read and the write is on its way.
  @Test(arguments: channels)
  func saleBetweenReadingAndWritingIsSetRight(_ channel: String) async throws {
    try await Crossing.with(channel) { crossing in
      crossing.way.beforeTheWrite { try await crossing.buy() }
      crossing.bench.pool.receive("TEE", 1)
      try await crossing.hasSold()
      try await crossing.letGo(1)
      // A comparison, or a count that says of which moment it is, leaves no moment in between.
      let isExact = ConversationWorld.adapter(channel).traits.comparesStock || channel == "square"
      if isExact { #expect(crossing.way.shown.allSatisfy { $0 <= 1 }, "\(crossing.way.shown)") }
    }
  }

  /// The last unit itself: the push says one, and the one is sold before it arrives.
  @Test(arguments: channels)
  func lastUnitIsNotOnSaleAgain(_ channel: String) async throws {
    try await Crossing.with(channel) { crossing in
      crossing.way.beforeTheWrite { try await crossing.buy() }
      _ = try await crossing.run.client.repushListing(
        RepushListingRequest(listingID: crossing.listingID))
      try await crossing.hasSold()
      try await crossing.letGo(0)
    }
  }

  /// The last unit is sold elsewhere, and here too before the zero arrives: nothing saves that, and it is told once.
  @Test(arguments: channels)
  func zeroThatComesTooLateIsAnOversell(_ channel: String) async throws {
    try await Crossing.with(channel) { crossing in
      crossing.way.beforeTheWrite { try await crossing.buy() }
      crossing.bench.pool.receive("TEE", -1)
      try await crossing.hasSold()
      try await crossing.letGo(-1)
      let alerts = try await crossing.run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["OVERSOLD"])
    }
  }
}

/// A gateway, a channel that shows one unit of one SKU, and events on hold between them.
private struct Crossing: Sendable {
  static let publicURL = "https://gw.example.com"

  let channel: String
  let bench: GatewayBench
  let world: ConversationWorld
  let way: CrossingWay
  let gate: EventGate
  let run: GatewayBench.Run
  let listingID: String

  static func with(_ channel: String, _ body: (Crossing) async throws -> Void) async throws {
    let adapter = ConversationWorld.adapter(channel)
    let bench = try GatewayBench(others: [adapter])
    let gate = EventGate()
    let world = try await ConversationWorld(sender: gate, time: SystemClock())
    let way = CrossingWay(channel, world)
    let run = try await bench.start {
      $0.http = way
      $0.publicURL = publicURL
    }
    gate.lead(to: run)
    do {
      let listing = try await ConformanceTalk(channel: channel, world: world).listing()
      let crossing = Crossing(
        channel: channel, bench: bench, world: world, way: way, gate: gate, run: run,
        listingID: "acc/\(listing.itemID)/\(listing.variationID)")
      try await crossing.begin(listing)
      try await body(crossing)
    } catch {
      await run.stop()
      try await world.remove()
      throw error
    }
    await run.stop()
    try await world.remove()
  }

  private func begin(_ listing: ChannelListing) async throws {
    let account = ConversationWorld.account(channel)
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: "acc", channelID: channel, externalID: account.externalID,
          baseURL: account.baseURL, credentials: account.credentials, callsPerSecond: 1_000,
          locationID: "MAIN")))
    bench.mapping.set(
      "acc", item: listing.itemID, variation: listing.variationID,
      attributes: listing.attributes, takes: [("TEE", 1)])
    bench.pool.receive("TEE", 1)
    try await shows(1)
    try await GatewayBench.settled(run)
    way.forget()
  }

  func shows(_ number: Int64) async throws {
    try await eventually("\(channel) shows \(number)") { try await way.number() == number }
  }

  /// A buyer takes what is shown; the event waits.
  func buy() async throws { _ = try await world.buy(channel, 1) }

  /// The write has gone out, and the buyer was there first.
  func hasSold() async throws {
    try await eventually("\(channel) has been written to") { !way.shown.isEmpty }
  }

  /// Events go on; in the end everybody has the same number, and the sale is there once.
  func letGo(_ available: Int64) async throws {
    gate.open()
    try await eventually("the sale is taken in") { bench.pool.net.count == 1 }
    try await GatewayBench.settled(run)
    #expect(bench.pool.net.map(\.value) == [1])
    #expect(bench.pool.available("TEE") == available)
    try await shows(max(0, available))
    for _ in 0..<max(0, available) { try await buy() }
    await #expect(throws: ChannelError.self, "nothing is left to be bought") { try await buy() }
  }
}

/// The way to the channel, on which something may happen before the next write, and that writes down what the channel
/// shows after each.
private final class CrossingWay: ChannelHTTP {
  private struct State {
    var action: (@Sendable () async throws -> Void)?
    var shown: [Int64] = []
  }

  private let channel: String
  private let world: ConversationWorld
  private let way: ConversationWorld.Way
  private let state = Mutex(State())

  init(_ channel: String, _ world: ConversationWorld) {
    self.channel = channel
    self.world = world
    way = ConversationWorld.Way(routes: world.sandbox.routes)
  }

  var shown: [Int64] { state.withLock { $0.shown } }
  func forget() { state.withLock { $0.shown = [] } }

  func beforeTheWrite(_ action: @escaping @Sendable () async throws -> Void) {
    state.withLock { $0.action = action }
  }

  func number() async throws -> Int64 {
    let key = Shop.Key(
      channel: Channel(rawValue: channel) ?? .shopee,
      shopID: ConversationWorld.account(channel).externalID)
    return try await world.sandbox.platform.read {
      try $0.listing(key, item: "234234234", variation: "234")?.sellable ?? -1
    }
  }

  func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
    guard isWrite(request) else { return try await way.send(request) }
    let action = state.withLock { state in
      defer { state.action = nil }
      return state.action
    }
    do {
      try await action?()
      let reply = try await way.send(request)
      let number = try await number()
      state.withLock { $0.shown.append(number) }
      return reply
    } catch let error as ChannelError {
      throw error
    } catch {
      throw .unavailable("\(error)")
    }
  }

  private func isWrite(_ request: ChannelRequest) -> Bool {
    switch channel {
    case "shopee": request.url.contains("product/update_stock")
    case "lazada": request.url.contains("stock/sellable/update")
    case "tiktok": request.url.contains("/inventory/update")
    case "shopify": request.text.contains("inventorySetQuantities")
    case "woocommerce": request.method != "GET" && request.url.contains("/products")
    case "square": request.url.contains("changes/batch-create")
    default: request.method == "POST" && request.url.contains("/inventory")
    }
  }
}

/// Where the channel's events wait until they may go to the gateway.
private final class EventGate: EventSender {
  private let run = Mutex<GatewayBench.Run?>(nil)
  private let opening = FeedSignal()

  func lead(to run: GatewayBench.Run) { self.run.withLock { $0 = run } }
  func open() { opening.raise() }

  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer {
    await opening.wait(past: 0)
    guard let run = run.withLock({ $0 }), !Task.isCancelled else { return .none }
    let request = HTTPRequest(
      method: "POST", path: "/hooks",
      headers: event.headers.map { ($0.key.lowercased(), $0.value) },
      body: event.body)
    let suffix = url.split(separator: "/").last.map(String.init) ?? ""
    let response = await GatewayBench.post(run, request, suffix: suffix)
    return HookAnswer(status: response.status, body: response.body)
  }
}
