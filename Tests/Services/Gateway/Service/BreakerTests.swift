import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct BreakerTests {
  private static func open(_ run: GatewayBench.Run) async throws -> [String] {
    try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind)
  }

  private static func call(_ run: GatewayBench.Run, _ error: ChannelError?) async {
    let session = await run.gateway.directory.session(AccountID(trusted: "acc"))
    do throws(ChannelError) {
      try await session?.callNow { api async throws(ChannelError) in
        _ = try await api.http.send(ChannelRequest(method: "GET", url: FakeHTTP.url))
        if let error { throw error }
      }
    } catch {
      #expect(error.label != "malformed")
    }
  }

  private static func pauses(_ run: GatewayBench.Run) -> Int {
    let line = run.metrics.exposition().split(separator: "\n").first {
      $0.hasPrefix("onepool_gateway_breaker_pauses_total{")
    }
    return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
  }

  /// Goal: a channel that answers nothing is left alone, and somebody is told once it lasts; any
  /// answer ends both.
  @Test func silentChannelIsLeftAloneAndTold() async throws {
    let bench = try GatewayBench()
    let clock = ManualClock()
    let run = try await bench.start { $0.clock = clock }
    try await bench.connect(run)
    let away = ChannelError.unavailable("no route")
    for _ in 1..<GatewayLimits.failuresUntilPause { await Self.call(run, away) }
    #expect(Self.pauses(run) == 0)
    await Self.call(run, away)
    #expect(Self.pauses(run) == 1)
    #expect(try await Self.open(run).isEmpty, "a moment is no alert")
    clock.advance(by: GatewayLimits.failingUntilAlert)
    await Self.call(run, away)
    await Self.call(run, away)
    #expect(Self.pauses(run) == 3)
    #expect(try await Self.open(run) == ["SYNC_FAILING"])
    await Self.call(run, .refused("no such item"))
    #expect(try await Self.open(run).isEmpty)
    await Self.call(run, away)
    #expect(Self.pauses(run) == 3, "it counts anew")
    await run.stop()
  }

  @Test func pausesGrow() {
    var breaker = CallBreaker()
    var pauses: [Duration] = []
    for second in 0..<200 {
      let verdict = breaker.failed(now: Timestamp(seconds: Int64(second)))
      if let pause = verdict.pause { pauses.append(pause) }
      #expect(verdict.isAlert == (second >= 60))
    }
    #expect(pauses.count == 200 - GatewayLimits.failuresUntilPause + 1)
    #expect(pauses.allSatisfy { $0 <= GatewayLimits.breakerBackoff.longest })
    breaker.answered()
    #expect(breaker.failureCount == 0)
  }

  /// Goal: a token that ends and cannot be refreshed is an alert though the account makes no call,
  /// until new credentials are there.
  @Test func endingTokenIsAnAlertUntilThereIsANewOne() async throws {
    let bench = try GatewayBench(
      others: [EndingTokenAdapter(FakeAdapter(FakeChannel(), id: "ending"))])
    let clock = ManualClock()
    let run = try await bench.start { $0.clock = clock }
    func connect(_ seconds: Int64) async throws {
      let end = clock.now().seconds + seconds
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: "e", channelID: "ending", externalID: "shop-e",
            credentials: [
              "secret": "s3cret-e", ChannelAccount.accessTokenEndName: "\(end)",
            ])))
    }
    try await connect(30 * 86_400)
    await run.gateway.patrol.look()
    #expect(try await Self.open(run).isEmpty)
    clock.advance(by: .seconds(30 * 86_400 - 200))
    await run.gateway.patrol.look()
    // That it ends, which was to be told days ago, and that it could not be refreshed.
    #expect(try await Self.open(run) == ["TOKEN_EXPIRING", "TOKEN_EXPIRING"])
    try await connect(30 * 86_400)
    await run.gateway.patrol.look()
    #expect(try await Self.open(run).isEmpty)
    await run.stop()
  }
}

/// A channel whose tokens cannot be refreshed.
private struct EndingTokenAdapter: ChannelAdapter {
  let base: FakeAdapter

  init(_ base: FakeAdapter) {
    self.base = base
  }

  var channelID: ChannelID { base.channelID }
  var traits: ChannelTraits { base.traits }

  func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    try base.identify(request)
  }
  func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    base.verify(request, account: account, hookURL: hookURL)
  }
  func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent { try base.parse(request, account: account) }
  func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    try await base.fetchOrder(externalID, event: event, api: api)
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
  ) async throws(ChannelError) -> [PushResult] { try await base.pushStock(pushes, api: api) }
  func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] { try await base.readStock(listings, api: api) }
  func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    try await base.markShipped(notice, api: api)
  }
  func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    try await base.answerReturn(answer, api: api)
  }
  func refreshCredentials(api: ChannelAPI) async throws(ChannelError) -> [String: String]? { nil }
  func groupKey(_ listing: ChannelListing) -> String { base.groupKey(listing) }
}
