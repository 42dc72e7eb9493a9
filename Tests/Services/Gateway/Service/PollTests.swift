import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// Orders that no event told of are asked for.
@Suite struct PollTests {
  @Test func lostOrderIsFoundAndASecondPollDoublesNothing() async throws {
    let bench = try PollBench()
    try await bench.run { run in
      try await bench.connect(run)
      try await bench.polled(run)
      bench.buy("o1", 2)
      bench.buy("o2", 1, at: 1)
      await bench.ring(run)
      try await eventually("both are taken in") { bench.bench.pool.net.count == 2 }
      let count = bench.polls().count
      await bench.ring(run)
      try await eventually("another poll") { bench.polls().count > count }
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net == ["acc/o1 1 TEE": 2, "acc/o2 1 TEE": 1])
      #expect(try await bench.events(run).count == 2)
    }
  }

  /// Goal: a sale that a webhook told of stays one, whether the page says how the order stands or not.
  @Test(arguments: [true, false])
  func webhookAndPollOfOneOrderAreOneSale(_ tellsStates: Bool) async throws {
    let bench = try PollBench()
    bench.script.with { $0.tellsStates = tellsStates }
    try await bench.run { run in
      try await bench.connect(run)
      try await bench.polled(run)
      bench.buy("o1", 2)
      #expect(try await bench.tell(run, "e1", "o1").status == 202)
      try await GatewayBench.settled(run)
      let count = bench.polls().count
      await bench.ring(run)
      try await eventually("another poll") { bench.polls().count > count }
      let events = tellsStates ? 1 : 2
      try await eventually("the poll is stored") { try await bench.events(run).count == events }
      #expect(try await bench.tell(run, "e1", "o1").status == 202)
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net == ["acc/o1 1 TEE": 2])
      #expect(bench.bench.fulfilment.net("acc/o1") == ["1": 2])
    }
  }

  /// Goal: of one second, a cancellation that no event told of is not taken for the order that is known.
  @Test func cancellationWithinTheSameSecondIsFound() async throws {
    let bench = try PollBench()
    try await bench.run { run in
      try await bench.connect(run)
      try await bench.polled(run)
      bench.buy("o1", 2)
      _ = try await bench.tell(run, "e1", "o1")
      try await GatewayBench.settled(run)
      bench.buy("o1", 2, state: .cancelled)
      await bench.ring(run)
      try await eventually("the units are back") { bench.bench.pool.net.isEmpty }
    }
  }

  @Test func firstPollBeginsBeforeTheConnectionAndLaterOnesWhereItBegan() async throws {
    let bench = try PollBench()
    try await bench.run { run in
      let before = SystemClock().now()
      try await bench.connect(run)
      try await bench.polled(run)
      let overlap = bench.fake.polling.overlap
      let first = try #require(bench.polls().first)
      #expect(first >= before - overlap && first <= SystemClock().now() - overlap)
      let row = try #require(try await run.gateway.store.poll(AccountID(trusted: "acc")))
      await bench.ring(run)
      try await eventually("another poll") { bench.polls().count > 1 }
      #expect(bench.polls()[1] == row.watermark - overlap)
    }
  }

  /// Goal: the watermark stays until all pages are stored; what was stored before is neither lost nor doubled.
  /// Method: the poll fails at each of its pages, the gateway is stopped, another one goes on.
  @Test(arguments: 0...3)
  func pollThatIsCutOffAtAnyPageEndsTheSame(_ page: Int) async throws {
    let bench = try PollBench()
    for number in 0..<6 { bench.buy("o\(number)", 1, at: Int64(number)) }
    bench.script.with { state in
      state.pageSize = 2
      state.errors["acc-shop"] = Array(repeating: nil, count: page) + [.refused("cut off")]
    }
    try await bench.run { run in
      try await bench.connect(run)
      try await eventually("it failed, or came through") {
        let row = try await run.gateway.store.poll(AccountID(trusted: "acc"))
        return row?.pollTime != nil || row?.lastError.isEmpty == false
      }
    }
    try await bench.run { run in
      try await eventually("all are taken in") { bench.bench.pool.net.count == 6 }
      try await GatewayBench.settled(run)
      #expect(bench.bench.pool.net.values.allSatisfy { $0 == 1 })
      #expect(try await bench.events(run).count == 6)
      try await eventually("the poll came through") {
        let row = try await run.gateway.store.poll(AccountID(trusted: "acc"))
        return row?.pollTime != nil && row?.lastError == ""
      }
    }
  }

  /// Goal: while an order changes, the others move a place; a poll over many pages is walked once more.
  @Test func pollOverManyPagesIsWalkedUntilItFindsNothing() async throws {
    let bench = try PollBench()
    for number in 0..<6 { bench.buy("o\(number)", 1, at: Int64(number)) }
    bench.script.with { $0.pageSize = 1 }
    try await bench.run { run in
      try await bench.connect(run)
      try await eventually("all are taken in") { bench.bench.pool.net.count == 6 }
      try await eventually("a second walk") { bench.polls().count == 12 }
    }
  }

  @Test func accountThatCannotBePolledIsAnAlertUntilItCan() async throws {
    let bench = try PollBench()
    bench.script.with { $0.errors["acc-shop"] = Array(repeating: .refused("no scope"), count: 200) }
    let often: (inout GatewayConfiguration) -> Void = { $0.pollInterval = .milliseconds(20) }
    try await bench.run(often) { run in
      try await bench.connect(run)
      func alerts() async throws -> [Alert] {
        try await run.client.listAlerts(ListAlertsRequest(kind: "POLL_LAGGING")).alerts
      }
      try await eventually("the alert") { try await !alerts().isEmpty }
      let alert = try #require(try await alerts().first)
      #expect(alert.subject == "acc" && alert.message.contains("no scope"))
      #expect(alert.severity == .warning && !alert.advice.isEmpty)
      bench.script.with { $0.errors = [:] }
      try await eventually("it has ended") { try await alerts().isEmpty }
    }
  }

  /// Goal: an order that has an ID which nobody can work with holds up no other.
  @Test func orderWithoutAUsableIDHoldsUpNoOther() async throws {
    let bench = try PollBench()
    bench.buy(String(repeating: "x", count: 600), 1)
    bench.buy("o1", 1, at: 1)
    try await bench.run { run in
      try await bench.connect(run)
      try await eventually("it is taken in") { bench.bench.pool.net == ["acc/o1 1 TEE": 1] }
    }
  }
}
