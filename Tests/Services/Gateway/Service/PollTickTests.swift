import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

/// A channel's clock ticks in seconds: of one second two changes of an order look the same.
@Suite struct PollTickTests {
  /// A bench whose clock stands still, at the second in which its orders change.
  private struct World {
    let bench: PollBench
    let clock: ManualClock

    init() throws {
      bench = try PollBench(tick: .seconds(1))
      clock = ManualClock(Timestamp(seconds: bench.start))
    }

    /// Runs with a gateway that goes by this clock.
    func start(_ body: (GatewayBench.Run) async throws -> Void) async throws {
      let set: (inout GatewayConfiguration) -> Void = { $0.clock = clock }
      try await bench.run(set, body)
    }

    /// Account `acc` is connected, and order `o1` of two units taken in by a webhook of this key.
    func run(
      _ key: String, _ body: (GatewayBench.Run) async throws -> Void
    ) async throws {
      try await start { run in
        try await bench.connect(run)
        try await bench.polled(run)
        bench.buy("o1", 2)
        #expect(try await bench.tell(run, key, "o1").status == 202)
        try await rest(run)
        #expect(net == 2 && fetches == 1)
        try await body(run)
      }
    }

    var net: Int64? { bench.bench.pool.net["acc/o1 1 TEE"] }
    var fetches: Int { bench.bench.channel.with { $0.wantedAddresses.count } }
    /// As the page has the order's event.
    var pageKey: String { "o1:open:\(bench.start)" }

    /// Runs with an order `o1` on a channel where an order's time moves with its state only, of which nobody has told yet.
    func runCounting(
      _ quantity: Int64, _ body: (GatewayBench.Run) async throws -> Void
    ) async throws {
      bench.script.with { $0.tellsCounts = true }
      try await start { run in
        try await bench.connect(run)
        try await bench.polled(run)
        bench.buy("o1", quantity)
        try await body(run)
      }
    }

    /// So many of the units are cancelled, and the order's time stays that of its placing.
    func cancel(_ count: Quantity, of quantity: Quantity) {
      bench.bench.order(
        "o1", [("1", "i1", quantity, count)], time: bench.start,
        saleTime: Timestamp(seconds: bench.start))
    }

    /// It was read when nothing could be hidden any more.
    func isKnown(_ run: GatewayBench.Run) async throws -> Bool {
      let order = try await run.gateway.store.order("acc/o1")
      return order.map { $0.record.settleTime == nil } ?? false
    }

    /// Every event has been worked on. (Pushes wait for the clock: the fake channel gives nothing back to itself.)
    func rest(_ run: GatewayBench.Run) async throws {
      try await eventually("no event waits") {
        try await run.client.getBacklog(GetBacklogRequest()).inboxCount == 0
      }
    }

    func poll(_ run: GatewayBench.Run) async throws {
      let polled = clock.now()
      clock.advance(by: .milliseconds(1))
      await bench.ring(run)
      try await eventually("another poll") {
        try await (run.gateway.store.poll(AccountID(trusted: "acc"))?.pollTime ?? .zero) > polled
      }
      try await rest(run)
    }
  }

  /// Goal: what no event tells of an order, that its customer comes for it, the reading after its tick does.
  @Test func pickupThatNoEventTellsIsFound() async throws {
    let world = try World()
    let bench = world.bench.bench
    try await world.run("e1") { run in
      #expect(bench.fulfilment.order("acc/o1")?.pickup == nil)
      bench.channel.with { $0.orders["o1"]?.isPickup = true }
      world.clock.advance(by: .seconds(1))
      try await world.poll(run)
      try await eventually("the order is for pickup") {
        bench.fulfilment.order("acc/o1")?.pickup?.locationID == "MAIN"
      }
      try await world.rest(run)
      #expect(world.net == 2 && world.fetches == 2)
    }
  }

  /// Goal: what was cancelled in the second in which the order was read is found by a poll after it, whether the page says
  /// how the order stands or not, under the webhook's key or another; and then the order is known.
  @Test(arguments: [true, false], [true, false])
  func partCancellationWithinTheSecondOfTheReadingIsFound(
    _ tellsStates: Bool, _ isPageKey: Bool
  ) async throws {
    let world = try World()
    world.bench.script.with { $0.tellsStates = tellsStates }
    try await world.run(isPageKey ? world.pageKey : "e1") { run in
      world.cancel(1, of: 2)
      world.clock.advance(by: .seconds(1))
      try await world.poll(run)
      try await eventually("the unit is back") { world.net == 1 }
      try await eventually("the order is known") { try await world.isKnown(run) }
      #expect(world.bench.bench.fulfilment.net("acc/o1") == ["1": 1])
      let fetches = world.fetches
      for _ in 0..<3 { try await world.poll(run) }
      #expect(world.fetches == fetches, "it was read after its second")
      #expect(try await world.bench.events(run).count == (isPageKey ? 1 : 2))
    }
  }

  /// Goal: units that were cancelled long after, of which every event is lost and which move no time of the order, are found by
  /// a poll, once; also when an event has told a later moment than the page.
  @Test(arguments: [0, 30] as [Int64], [0, 1, 2] as [Quantity])
  func lostPartCancellationIsFound(_ later: Int64, _ cancelled: Quantity) async throws {
    let world = try World()
    let bench = world.bench
    try await world.runCounting(2) { run in
      #expect(try await bench.tell(run, "e1", "o1", at: later).status == 202)
      try await world.rest(run)
      world.clock.advance(by: .seconds(later + 2))
      for _ in 0..<2 { try await world.poll(run) }
      let fetches = world.fetches
      world.cancel(cancelled, of: 2)
      try await world.poll(run)
      try await eventually("the units are back") { world.net ?? 0 == 2 - cancelled }
      #expect(bench.bench.fulfilment.net("acc/o1")["1"] ?? 0 == 2 - cancelled)
      let read = world.fetches
      #expect(cancelled == 0 ? read == fetches : read > fetches)
      for _ in 0..<3 { try await world.poll(run) }
      #expect(world.fetches == read && world.net ?? 0 == 2 - cancelled)
    }
  }

  /// Goal: of two changes of one moment the second is not lost where the channel tells an earlier time for the order.
  @Test func secondChangeOfAnEventsMomentCounts() async throws {
    let world = try World()
    try await world.runCounting(3) { run in
      for (count, key) in ["e1", "e2", "e3"].enumerated() {
        world.cancel(Quantity(count), of: 3)
        #expect(try await world.bench.tell(run, key, "o1", at: 30).status == 202)
        try await world.rest(run)
      }
      try await eventually("two of three are back") { world.net == 1 }
    }
  }

  /// Goal: an order that nothing has changed is read once more, and not while its second lasts.
  @Test func orderIsKnownOnceItWasReadAfterItsSecond() async throws {
    let world = try World()
    try await world.run(world.pageKey) { run in
      for _ in 0..<3 { try await world.poll(run) }
      #expect(world.fetches == 1)
      #expect(try await !world.isKnown(run))
      world.clock.advance(by: .seconds(1))
      try await world.poll(run)
      try await eventually("the order is known") { try await world.isKnown(run) }
      for _ in 0..<3 { try await world.poll(run) }
      #expect(world.fetches == 2 && world.net == 2)
    }
  }

  /// Goal: an order that was read long after its change is known at once, and so is one of a channel whose clock is ahead.
  @Test(arguments: [(-120, 1), (-1, 2), (3600, 2)])
  func clocksMayDiffer(_ offset: Int64, _ fetches: Int) async throws {
    let world = try World()
    try await world.start { run in
      try await world.bench.connect(run)
      try await world.bench.polled(run)
      world.bench.buy("o1", 2, at: offset)
      try await world.poll(run)
      #expect(try await world.isKnown(run) == (fetches == 1))
      world.clock.advance(by: .seconds(1))
      try await world.poll(run)
      try await eventually("the order is known") { try await world.isKnown(run) }
      #expect(world.fetches == fetches && world.net == 2)
    }
  }

  /// Goal: a second webhook of the second is not taken for the first, though they are the same; a redelivery after it is.
  @Test func secondWebhookOfTheSecondIsHeard() async throws {
    let world = try World()
    try await world.run(world.pageKey) { run in
      world.cancel(1, of: 2)
      #expect(try await world.bench.tell(run, world.pageKey, "o1").status == 202)
      try await world.rest(run)
      #expect(world.net == 1)
      let fetches = world.fetches
      world.clock.advance(by: .seconds(1))
      for _ in 0..<3 {
        _ = try await world.bench.tell(run, world.pageKey, "o1")
        try await world.rest(run)
      }
      #expect(world.net == 1 && world.fetches == fetches + 1)
      #expect(try await world.bench.events(run).count == 1)
    }
  }

  /// Goal: the same when the second webhook comes while the order is being read for the first.
  @Test func secondWebhookDuringTheReadingIsHeard() async throws {
    let world = try World()
    try await world.start { run in
      try await world.bench.connect(run)
      try await world.bench.polled(run)
      world.bench.buy("o1", 2)
      let channel = world.bench.bench.channel
      channel.with { $0.keepsOrdersBack = true }
      _ = try await world.bench.tell(run, world.pageKey, "o1")
      await channel.wait { $0.wantedAddresses.count == 1 }
      world.cancel(1, of: 2)
      _ = try await world.bench.tell(run, world.pageKey, "o1")
      channel.with { $0.keepsOrdersBack = false }
      try await eventually("the second reading") { world.net == 1 }
    }
  }

  /// Goal: what is doubted is still doubted after a stop.
  @Test func doubtOutlivesAStop() async throws {
    let world = try World()
    try await world.run(world.pageKey) { _ in world.cancel(1, of: 2) }
    world.clock.advance(by: .seconds(1))
    try await world.start { run in
      try await eventually("the unit is back") { world.net == 1 }
      try await world.rest(run)
    }
  }
}
