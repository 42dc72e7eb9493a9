import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// Goal: when a channel closes a shop to us, or the merchant's authorisation nears its end, somebody is told in time.
@Suite(.timeLimit(.minutes(5))) struct SuspensionTests {
  private static func open(_ run: GatewayBench.Run) async throws -> [String] {
    try await run.client.listAlerts(ListAlertsRequest()).alerts.map { "\($0.kind) \($0.subject)" }
  }

  private static func session(_ run: GatewayBench.Run) async throws -> AccountSession {
    try #require(await run.gateway.directory.session(AccountID(trusted: "acc")))
  }

  private static func read(_ session: AccountSession) async throws {
    _ = try await session.callNow { api async throws(ChannelError) in
      try await session.adapter.readStock([], api: api)
    }
  }

  @Test func closedShopIsAnAlertUntilACallWorks() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let session = try await Self.session(run)
      bench.channel.with { $0.readErrors = [.suspended("banned"), .suspended("banned")] }
      for _ in 1...2 {
        await #expect(throws: ChannelError.self) { try await Self.read(session) }
      }
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["ACCOUNT_SUSPENDED"])
      #expect(alerts.first?.severity == .critical && alerts.first?.raiseCount == 1)
      try await Self.read(session)
      #expect(try await Self.open(run).isEmpty)
    }
  }

  /// A shop that is closed gets no new token either.
  @Test func closedShopIsSeenAtARefreshToo() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let session = try await Self.session(run)
      bench.channel.with {
        $0.readErrors = [.tokenExpired("over")]
        $0.refreshErrors = [.suspended("uninstalled")]
      }
      await #expect(throws: ChannelError.self) { try await Self.read(session) }
      #expect(try await Self.open(run) == ["ACCOUNT_SUSPENDED acc"])
    }
  }

  /// Pushes wait for the next look at the shop, which is far off.
  @Test func closedShopIsLeftAlone() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let session = try await Self.session(run)
      await session.suspended("uninstalled")
      let error = await failure { () async throws(ChannelError) in
        try await session.call { api async throws(ChannelError) in
          try await session.adapter.readStock([], api: api)
        }
      }
      guard case .rateLimited(let pause?) = error else {
        Issue.record("it is called: \(String(describing: error))")
        return
      }
      #expect(pause > .seconds(30) && pause <= GatewayLimits.suspendedPause)
      // Who authorises again does not wait for it.
      try await bench.connect(run)
      _ = try await session.call { api async throws(ChannelError) in
        try await session.adapter.readStock([], api: api)
      }
      #expect(try await Self.open(run).isEmpty)
    }
  }

  /// Goal: whoever asks for listings is not kept waiting for a pause that leads to the same answer.
  @Test(arguments: [
    (ChannelError.unauthorised("key revoked"), "credentials refused: key revoked"),
    (.suspended("banned"), "shop closed to us: banned"),
  ])
  func operatorHearsARefusalAtOnce(error: ChannelError, reason: String) async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let session = try await Self.session(run)
      bench.channel.with { $0.readErrors = [error] }
      await #expect(throws: ChannelError.self) { try await Self.read(session) }
      let start = ContinuousClock.now
      let heard = await #expect(throws: RPCError.self) {
        _ = try await run.client.importListings(ImportListingsRequest(accountID: "acc"))
      }
      #expect(heard?.reason == "CHANNEL_REFUSED")
      #expect(heard?.metadata["reason"] == reason)
      #expect(ContinuousClock.now - start < GatewayLimits.unauthorisedPause / 2)
      // Who brings other credentials does not wait either.
      try await bench.connect(run)
      _ = try await run.client.importListings(ImportListingsRequest(accountID: "acc"))
    }
  }

  /// What was asked before the shop was closed says nothing of now.
  @Test func answerFromBeforeDoesNotOpenTheShop() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let session = try await Self.session(run)
      _ = try await session.callNow { _ async throws(ChannelError) in
        await session.suspended("uninstalled")
        return 1
      }
      #expect(try await Self.open(run) == ["ACCOUNT_SUSPENDED acc"])
    }
  }

  private static func connected(
    _ credentials: [String: String], _ body: (GatewayBench.Run, ManualClock) async throws -> Void
  ) async throws {
    let bench = try GatewayBench()
    let clock = ManualClock()
    let run = try await bench.start { $0.clock = clock }
    var all = ["secret": "s3cret-acc", "token": "token-1"]
    all.merge(credentials) { $1 }
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: "acc", channelID: "fake", externalID: "shop-1",
          baseURL: "https://api.example.com", credentials: all)))
    try await body(run, clock)
    await run.stop()
  }

  @Test func endOfAnAuthorisationIsToldDaysAhead() async throws {
    let start = ManualClock().now().seconds
    let end = start + 10 * 86_400
    try await Self.connected([
      "refresh_token": "r", "authorisation_expires_at": String(end),
    ]) { run, clock in
      await run.gateway.patrol.look()
      #expect(try await Self.open(run).isEmpty)
      clock.advance(by: .seconds(3 * 86_400 + 1))
      await run.gateway.patrol.look()
      await run.gateway.patrol.look()
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.subject) == ["acc/authorisation"])
      #expect(alerts.first?.kind == "TOKEN_EXPIRING" && alerts.first?.raiseCount == 1)
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: "acc", channelID: "fake", externalID: "shop-1",
            credentials: ["authorisation_expires_at": String(end + 365 * 86_400)])))
      await run.gateway.patrol.look()
      #expect(try await Self.open(run).isEmpty)
    }
  }

  /// A token that nothing refreshes ends like an authorisation.
  @Test func endOfATokenWithoutRefreshIsToldDaysAhead() async throws {
    let end = ManualClock().now().seconds + 5 * 86_400
    try await Self.connected(["access_token_expires_at": String(end)]) { run, _ in
      await run.gateway.patrol.look()
      let open = try await Self.open(run)
      #expect(open == ["TOKEN_EXPIRING acc/authorisation"])
    }
    try await Self.connected([
      "access_token_expires_at": String(end), "refresh_token": "r",
    ]) { run, _ in
      await run.gateway.patrol.look()
      let open = try await Self.open(run)
      #expect(open.isEmpty)
    }
  }
}
