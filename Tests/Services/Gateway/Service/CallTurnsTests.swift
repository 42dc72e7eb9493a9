import ChannelAdapter
import Kit
import Primitives
import Synchronization
import Testing

@testable import GatewayService

/// Each request of an account takes a turn of its rate, and nothing else does.
@Suite struct CallTurnsTests {
  /// A session that may make many calls a second.
  private func session(_ run: GatewayBench.Run, rate: Double = 1000) -> AccountSession {
    let now = run.gateway.store.clock.now()
    return AccountSession(
      ConnectionRow(
        account: ChannelAccount(
          accountID: AccountID(trusted: "fake-1"), channelID: ChannelID(trusted: "fake"),
          externalID: "shop-1", baseURL: "", credentials: [:]), callsPerSecond: rate,
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

  /// Goal: a call of several requests that nobody waits for lets those go first who are waited for. Method: all turns but one are
  /// gone between its first request and its second.
  @Test func furtherRequestsOfASpareCallAreSpareToo() async throws {
    try await GatewayBench().run { run in
      let session = session(run, rate: 4)
      #expect(await session.takeSpare())
      let order = Mutex<[String]>([])
      let isAsking = FeedSignal()
      async let spare: Void = session.callNow(isSpare: true) { api async throws(ChannelError) in
        _ = try await Self.ask(api)
        do { for _ in 0..<2 { try await session.acquire() } } catch {
          throw .unavailable("stopping")
        }
        isAsking.raise()
        _ = try await Self.ask(api)
        order.withLock { $0.append("spare") }
      }
      await isAsking.wait(past: 0)
      try await session.acquire()
      order.withLock { $0.append("push") }
      try await spare
      #expect(order.withLock { $0 } == ["push", "spare"])
    }
  }

  @Test(arguments: [(asks: 0, left: true), (1, false), (2, false)])
  func turnsAreTakenByRequests(asks: Int, left: Bool) {
    let turns = CallTurns()
    let taken = (0..<asks).map { _ in turns.next() }
    #expect(taken == Array([.paid, .later].prefix(asks)))
    #expect(turns.isLeft == left && turns.hasAsked == (asks > 0))
    let spare = CallTurns(isSpare: true)
    #expect((0..<3).map { _ in spare.next() } == [.paid, .laterSpare, .laterSpare])
    let late = CallTurns(within: .seconds(1))
    #expect((0..<2).map { _ in late.next() } == [.first(within: .seconds(1)), .later])
  }
}
