import GatewayDomain
import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct LagReportTests {
  private let shopee = ChannelID(trusted: "shopee")
  private let lazada = ChannelID(trusted: "lazada")

  private func add(
    _ book: LagBook, _ account: String, _ channel: ChannelID, _ spans: [Duration]
  ) async {
    for span in spans {
      await book.addPush(span, account: AccountID(trusted: account), channel: channel)
    }
  }

  private func seconds(_ book: LagBook) async -> [String: Double] {
    let lags = await book.channelLags().map { ($0.key.text, $0.value.inSeconds.rounded()) }
    return Dictionary(uniqueKeysWithValues: lags)
  }

  /// Goal: a channel's figure is what 95 of 100 late pushes of its slowest account did not exceed.
  @Test func figureIsThatOfTheSlowestAccountOfLate() async {
    let book = LagBook(
      goal: .init(target: .seconds(1), objective: 0.99), clock: ManualClock())
    #expect(await seconds(book).isEmpty)
    await add(book, "a", shopee, Array(repeating: .seconds(10), count: 19))
    #expect(await seconds(book).isEmpty, "too few make no figure")
    await add(book, "a", shopee, [.seconds(500)])
    #expect(await seconds(book) == ["shopee": 10])
    await add(book, "b", shopee, Array(repeating: .seconds(40), count: 20))
    await add(book, "l", lazada, Array(repeating: .seconds(3), count: 25))
    #expect(await seconds(book) == ["shopee": 40, "lazada": 3])
    #expect(await seconds(book) == ["shopee": 40, "lazada": 3], "what is known stays")
    // Of late it is faster: what was before does not count any more.
    await add(book, "b", shopee, Array(repeating: .seconds(5), count: 20))
    #expect(await seconds(book) == ["shopee": 10, "lazada": 3])
    // The whole time is told as ever.
    let all = await book.all().accounts
    let counts = Dictionary(
      uniqueKeysWithValues: all.map { ($0.key.text, $0.value.acknowledged.count) })
    #expect(counts == ["a": 20, "b": 40, "l": 25])
  }

  /// Goal: what pushes take is what the pool hears, each channel once, within what it takes.
  @Test func poolHearsOfIt() async throws {
    let bench = try IntakeTests.bench()
    try await bench.run { run in
      let reporter = LagReporter(
        pool: run.gateway.peers.pool, lag: run.gateway.lag, log: .silent)
      await reporter.report()
      #expect(bench.pool.state.withLock { $0.lags.isEmpty }, "nothing was measured")
      await add(
        run.gateway.lag, "z", ChannelID(trusted: "slow"),
        Array(repeating: .seconds(200_000), count: 20))
      await add(
        run.gateway.lag, "y", ChannelID(trusted: "fast"), Array(repeating: .zero, count: 20))
      await reporter.report()
      let told = try #require(bench.pool.state.withLock { $0.lags.last })
      #expect(
        told == [
          .init(channelID: "fast", lag: .milliseconds(1)),
          .init(channelID: "slow", lag: .seconds(86_400)),
        ])
      // A pool that is away hears of it the next time.
      bench.faults.setDown(true)
      await reporter.report()
      bench.faults.mend()
      await reporter.report()
      #expect(bench.pool.state.withLock { $0.lags.count } == 2)
    }
  }

  /// Goal: the pushes of an account are counted under its channel.
  @Test func pushesAreMeasured() async throws {
    let bench = try IntakeTests.bench()
    try await bench.run { run in
      try await GatewayBench.settled(run)
      for _ in 1...GatewayLimits.lagPushes {
        bench.pool.receive("TEE", 1)
        try await GatewayBench.settled(run)
      }
      let lags = await run.gateway.lag.channelLags()
      #expect(lags.keys.map(\.text) == ["fake"])
      #expect(lags.values.allSatisfy { $0 > .zero })
    }
  }
}
