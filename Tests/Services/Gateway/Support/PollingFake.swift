import ChannelAdapter
import Foundation
import GatewayAPI
import Kit
import MappingAPI
import Primitives
import RPCCore
import Synchronization

@testable import GatewayService

/// A fake channel that can be asked for its changed orders, and that lets sellers cancel.
struct PollingFake: OrderPolling, OrderCancelling {
  /// What polls are answered, and what they asked for.
  final class Script: Sendable {
    struct State {
      /// Which shop an order is of.
      var shops: [String: String] = [:]
      var pageSize = 50
      /// Answers to the next polls, by shop, first come first served; nil for none against it.
      var errors: [String: [ChannelError?]] = [:]
      var sinces: [(shop: String, since: Timestamp)] = []
      /// Polls are not answered.
      var isHeld = false
      /// The page says how the order stands.
      var tellsStates = true
      /// As on TikTok Shop: an order's time moves with its state only, so its page says how many units are not cancelled, and
      /// what is fetched after an event is as new as that.
      var tellsCounts = false
      var cancellations: [OrderCancellation] = []
    }
    let state = Mutex(State())
    let signal = FeedSignal()

    func with<T: Sendable>(_ body: (inout sending State) -> sending T) -> T {
      let value = state.withLock(body)
      signal.raise()
      return value
    }
  }

  let base: FakeAdapter
  let script = Script()

  let polling: PollTraits

  init(_ channel: FakeChannel, tick: Duration) {
    base = FakeAdapter(channel, id: "poll")
    polling = PollTraits(interval: .seconds(3600), overlap: .seconds(600), tick: tick)
  }

  var channelID: ChannelID { base.channelID }
  var traits: ChannelTraits { base.traits }

  static func key(_ order: ChannelOrder) -> String {
    "\(order.externalID):\(order.state):\(order.updateTime.seconds)"
  }

  func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    let shop = api.account.externalID
    while !Task.isCancelled {
      let seen = script.signal.latest
      if script.state.withLock({ !$0.isHeld }) { break }
      await script.signal.wait(past: seen)
    }
    let (error, shops, size, tells, counts) = script.with { state in
      state.sinces.append((shop, since))
      var errors = state.errors[shop] ?? []
      let error = errors.isEmpty ? nil : errors.removeFirst()
      state.errors[shop] = errors
      return (error, state.shops, state.pageSize, state.tellsStates, state.tellsCounts)
    }
    if let error { throw error }
    let all = base.channel.with { state in
      state.orders.values.filter { shops[$0.externalID] == shop && $0.updateTime >= since }
        .sorted { ($0.updateTime, $0.externalID) < ($1.updateTime, $1.externalID) }
    }
    let start = Int(cursor ?? "0") ?? 0
    let page = all.dropFirst(start).prefix(size)
    return OrderChanges(
      events: page.map {
        ChannelEvent(
          key: Self.key($0), kind: .order, subject: $0.externalID, updateTime: $0.updateTime,
          body: counts ? Array("as the channel would have told it".utf8) : [])
      }, nextCursor: start + size < all.count ? "\(start + size)" : nil,
      states: tells
        ? Dictionary(uniqueKeysWithValues: page.map { (Self.key($0), $0.state) }) : [:],
      openCounts: counts
        ? Dictionary(uniqueKeysWithValues: page.map { (Self.key($0), Self.openCount($0)) }) : [:])
  }

  private static func openCount(_ order: ChannelOrder) -> Quantity {
    order.state == .cancelled ? 0 : order.lines.reduce(0) { $0 + $1.quantity - $1.cancelledCount }
  }

  func cancelOrder(
    _ cancellation: OrderCancellation, api: ChannelAPI
  ) async throws(ChannelError) {
    script.with { $0.cancellations.append(cancellation) }
    base.channel.with { state in
      guard var order = state.orders[cancellation.orderExternalID] else { return }
      for index in order.lines.indices {
        order.lines[index].cancelledCount = order.lines[index].quantity
      }
      order.state = .cancelled
      order.updateTime = order.updateTime + .seconds(1)
      state.orders[order.externalID] = order
    }
  }

  func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    try base.identify(request)
  }
  func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    base.verify(request, account: account, hookURL: hookURL)
  }
  func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    try base.parse(request, account: account)
  }
  func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    var order = try await base.fetchOrder(externalID, event: event, api: api)
    if let event, script.with({ $0.tellsCounts }) {
      order.updateTime = max(order.updateTime, event.updateTime)
    }
    return order
  }
  func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    try await base.fetchReturn(externalID, event: event, api: api)
  }
  func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    try await base.fetchListings(after: cursor, api: api)
  }
  func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    try await base.pushStock(pushes, api: api)
  }
  func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    try await base.readStock(listings, api: api)
  }
  func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    try await base.markShipped(notice, api: api)
  }
  func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    try await base.answerReturn(answer, api: api)
  }
  func refreshCredentials(api: ChannelAPI) async throws(ChannelError) -> [String: String]? {
    try await base.refreshCredentials(api: api)
  }
  func groupKey(_ listing: ChannelListing) -> String { base.groupKey(listing) }
}

/// A bench whose accounts can be polled.
struct PollBench {
  let bench: GatewayBench
  let fake: PollingFake
  var script: PollingFake.Script { fake.script }
  /// Seconds; orders' times count from here.
  let start = SystemClock().now().seconds

  /// - Parameter tick: how coarse the channel's times are where that hides changes.
  init(tick: Duration = .zero) throws {
    let channel = FakeChannel()
    fake = PollingFake(channel, tick: tick)
    bench = try GatewayBench(FakeAdapter(channel), others: [fake])
    bench.pool.receive("TEE", 10)
    for account in ["acc", "bcc"] {
      bench.mapping.state.withLock {
        $0.accounts[account] = MappingAPI.Account(accountID: account, channelID: "poll")
      }
      bench.mapping.set(account, item: "i1", takes: [("TEE", 1)])
    }
  }

  /// Account `acc` is shop `acc-shop`, and so on.
  func connect(_ run: GatewayBench.Run, _ account: String = "acc") async throws {
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: account, channelID: "poll", externalID: "\(account)-shop",
          baseURL: "https://api.example.com",
          credentials: ["secret": "s3cret-\(account)", "token": "token-1"], locationID: "MAIN")))
  }

  /// An order that no event tells of.
  func buy(
    _ id: String, _ count: Quantity, at seconds: Int64 = 0, of account: String = "acc",
    state: ChannelOrder.State = .open
  ) {
    script.with { $0.shops[id] = "\(account)-shop" }
    bench.order(
      id, [("1", "i1", count, 0)], time: start + seconds, state: state,
      saleTime: Timestamp(seconds: start + seconds))
  }

  /// The webhook of an order or a return, under a key of its own.
  func tell(
    _ run: GatewayBench.Run, _ key: String, _ id: String, at seconds: Int64 = 0,
    account: String = "acc", kind: String = "order"
  ) async throws -> HTTPResponse {
    let body = [UInt8](
      try JSONEncoder().encode(
        FakeAdapter.Body(
          shop: "\(account)-shop", key: key, kind: kind, subject: id, time: start + seconds)))
    let code = HMAC.sha256(
      key: Array("s3cret-\(account)".utf8), Array("\(GatewayBench.hookURL)/hooks/poll".utf8) + body)
    let request = HTTPRequest(
      method: "POST", path: "/hooks/poll",
      headers: [("content-type", "application/json"), ("x-signature", Hex.encode(code))],
      body: body)
    return await GatewayBench.post(run, request, suffix: "poll")
  }

  /// Has an account polled at once.
  func ring(_ run: GatewayBench.Run, _ account: String = "acc") async {
    await run.gateway.directory.session(AccountID(trusted: account))?.pollBell.raise()
  }

  /// Polls of a shop, pages among them.
  func polls(_ account: String = "acc") -> [Timestamp] {
    script.with { $0.sinces.filter { $0.shop == "\(account)-shop" }.map(\.since) }
  }

  /// Waits until a poll has come to its end.
  func polled(_ run: GatewayBench.Run, _ account: String = "acc") async throws {
    try await eventually("\(account) is polled") {
      try await run.gateway.store.poll(AccountID(trusted: account))?.pollTime != nil
    }
  }

  func events(_ run: GatewayBench.Run) async throws -> [InboxEvent] {
    try await run.client.listInboxEvents(ListInboxEventsRequest(pageSize: 1000)).events
  }

  /// Runs with a gateway over the bench's store, and stops it whatever happens.
  func run(
    _ adjust: (inout GatewayConfiguration) -> Void = { _ in },
    _ body: (GatewayBench.Run) async throws -> Void
  ) async throws {
    let run = try await bench.start(adjust)
    do {
      try await body(run)
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  /// Waits until a verdict was given.
  func verdict(_ run: GatewayBench.Run) async throws -> CatchUp {
    var found: CatchUp?
    try await eventually("a verdict") {
      found = try await run.client.listCatchUps(ListCatchUpsRequest()).catchUps.first
      return found != nil
    }
    return found ?? CatchUp()
  }
}
