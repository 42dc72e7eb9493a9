import ChannelAdapter
import Kit
import Primitives
import Testing

@testable import GatewayService

/// Each request of an account takes a turn of its rate, and nothing else does.
@Suite struct CallTurnsTests {
  /// A session that may make many calls a second.
  private func session(_ run: GatewayBench.Run) -> AccountSession {
    let now = run.gateway.store.clock.now()
    return AccountSession(
      ConnectionRow(
        account: ChannelAccount(
          accountID: AccountID(trusted: "fake-1"), channelID: ChannelID(trusted: "fake"),
          externalID: "shop-1", baseURL: "", credentials: [:]), callsPerSecond: 1000,
        locationID: "", updateTime: now, connectTime: now), adapter: FakeAdapter(FakeChannel()),
      AccountSession.Surroundings(
        http: FakeHTTP(), store: run.gateway.store, keys: run.gateway.keys,
        alerts: run.gateway.alerts, metrics: GatewayMetrics(Metrics()), log: .silent,
        background: run.background, wantsAddresses: false))
  }

  private static func ask(_ api: ChannelAPI) async throws(ChannelError) -> Int {
    try await api.http.send(ChannelRequest(method: "GET", url: FakeHTTP.url)).status
  }

  @Test func whatAsksNothingWaitsForNoTurn() async throws {
    try await GatewayBench().run { run in
      let session = session(run)
      await session.suspended("away")
      let answer = try await session.call { _ async throws(ChannelError) in 7 }
      #expect(answer == 7)
    }
  }

  @Test func firstRequestOutOfTurnIsPutOffAndNobodyIsBlamed() async throws {
    try await GatewayBench().run { run in
      let session = session(run)
      let asked = try await session.call { api async throws(ChannelError) in
        try await Self.ask(api)
      }
      #expect(asked == 204)
      await session.suspended("away")
      let error = await #expect(throws: ChannelError.self) {
        _ = try await session.call { api async throws(ChannelError) in try await Self.ask(api) }
      }
      guard case .rateLimited(let span?) = error else {
        Issue.record("another error: \(String(describing: error))")
        return
      }
      #expect(span > .seconds(30))
      #expect(await session.callsPerSecond == 1000, "the channel has refused nothing")
    }
  }

  @Test(arguments: [(asks: 0, left: true), (1, false), (2, false)])
  func turnsAreTakenByRequests(asks: Int, left: Bool) {
    let turns = CallTurns()
    let taken = (0..<asks).map { _ in turns.next() }
    #expect(taken == Array([.paid, .later].prefix(asks)))
    #expect(turns.isLeft == left && turns.hasAsked == (asks > 0))
    let late = CallTurns(within: .seconds(1))
    #expect((0..<2).map { _ in late.next() } == [.first(within: .seconds(1)), .later])
  }
}
