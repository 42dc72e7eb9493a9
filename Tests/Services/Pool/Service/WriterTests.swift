import Foundation
import Kit
import PoolAPI
import Primitives
import RPCCore
import Synchronization
import Testing

@testable import PoolDomain
@testable import PoolService

/// The writer's queue, with a job in front that keeps it busy for as long as the test wants.
@Suite struct WriterTests {
  private final class Nothing: WriterJob {
    func decide(_ live: LivePool) {}
    func answer(_ failure: PoolError?) {}
  }

  @Test func readsDoNotWaitForTheWriter() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      _ = try await bench.hold("h-1", 2)
      try await bench.sell("o-1", 1)
      let block = Block()
      block.begin(on: bench)
      defer { block.end() }
      let client = bench.client
      #expect(try await bench.available() == 6)
      #expect(try await client.getStock(.init(sku: "TEE")).total?.heldCount == 2)
      #expect(try await client.getHold(.init(holdID: "h-1")).hold?.state == .held)
      #expect(try await client.getSale(.init(orderID: "o-1")).lines.count == 1)
      #expect(try await client.listMovements(.init()).movements.count == 3)
      #expect(try await client.listSkus(.init()).skus.count == 1)
      #expect(try await client.listBalances(.init()).balances.count == 1)
      #expect(try await client.verifyLedger(.init()).proved)
      let why = try await client.explainAvailability(.init(sku: "TEE", channelID: "c"))
      #expect(why.availableToSellCount == 6)
    }
  }

  /// Goal: callers who come together share commits, each with its own answer. Method: 600 sales of 500 units wait
  /// behind a writer that stands still. What stood in its way was decided slowly and written fast, so that the first
  /// commit takes as few as one ever does; the second takes the rest.
  @Test func manyCallersShareCommits() async throws {
    try await withBench { bench in
      let commits = CommitCounter()
      try await bench.restart(observer: commits)
      try await bench.stock(["TEE": 500])
      let block = Block()
      block.begin(on: bench)
      defer { block.end() }
      let before = commits.writes.withLock { $0.count }
      let queue = bench.server.writer.queue
      let (queued, note) = AsyncStream.makeStream(of: Void.self)
      let oversold = try await withThrowingTaskGroup(of: Int64.self) { group in
        for number in 0..<600 {
          group.addTask {
            let response = try await Answer<RecordSaleResponse>.wait { answer in
              let decision = Decision(
                Self.sale(number), nil, until: .never,
                respond: { reply, _ in
                  guard case .sale(_, let oversold) = reply else { return RecordSaleResponse() }
                  return RecordSaleResponse(oversoldCount: oversold)
                }, for: .init(answer: answer, view: bench.server.view))
              #expect(queue.push(CommandJob(decision)) == .taken)
              note.yield()
            }
            return response.oversoldCount
          }
        }
        var waiting = queued.makeAsyncIterator()
        for _ in 0..<600 { await waiting.next() }
        block.end()
        return try await group.reduce(0, +)
      }
      #expect(oversold == 100)
      #expect(try await bench.available() == -100)
      // The job in front wrote nothing, in a commit of its own.
      let first = ServiceLimits.commandsInBatch.lowerBound
      #expect(commits.writes.withLock { Array($0[before...]) } == [0, first, 600 - first])
      let movements = try await bench.client.listMovements(.init(pageSize: 1000)).movements
      #expect(movements.map(\.sequence) == Array(1...601))
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  /// Goal: a slow disk gets large batches, a fast one batches that keep the callers' threads busy.
  @Test(
    arguments: [
      (count: 400, decided: 1_000, committed: 250, next: 320),
      (count: 400, decided: 1_000, committed: 500, next: 400),
      (count: 400, decided: 1_000, committed: 1_000, next: 800),
      (count: 800, decided: 2_000, committed: 10_000, next: 2_048),
      (count: 1, decided: 0, committed: Int64.max, next: 2_048),
      (count: 1_000, decided: Int64.max, committed: 0, next: 320),
      (count: 0, decided: 10, committed: 10, next: 320),
    ] as [(count: Int, decided: Int64, committed: Int64, next: Int)])
  func batchIsAsLongAsTwoCommits(
    _ last: (count: Int, decided: Int64, committed: Int64, next: Int)
  ) {
    let limit = ServiceLimits.batchLimit(
      after: last.count, decidedIn: last.decided, committedIn: last.committed)
    #expect(limit == last.next)
  }

  private static func sale(_ number: Int) -> Command {
    let line = DemandLine(lineID: "1", sku: SKU(trusted: "TEE"), quantity: 1)
    return .recordSale(
      RecordSale(
        orderID: OrderID(trusted: "o-\(number)"), channelID: ChannelID(trusted: "c"),
        lines: [line]))
  }

  @Test func fullQueueSaysWhenToComeBack() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      let block = Block()
      block.begin(on: bench)
      defer { block.end() }
      while bench.server.writer.queue.push(Nothing()) == .taken {}
      #expect(bench.server.writer.queue.count == ServiceLimits.queuedCommands)
      let context = ServerContext(method: PoolServiceMethods.recordSale)
      let line = PoolAPI.SaleLine(lineID: "1", sku: "TEE", quantity: 1)
      let sale = RecordSaleRequest(orderID: "o", channelID: "c", lines: [line])
      do {
        _ = try await bench.server.recordSale(sale, context: context)
        Issue.record("the queue is full")
      } catch let error as PoolError {
        #expect(error == .queueFull && error.rpcError.code == .resourceExhausted)
        #expect(error.rpcError.retryAfter == ServiceLimits.retryAfter)
      }
      block.end()
      #expect(try await bench.available() == 9)
      try await bench.sell("o", 1)
    }
  }

  @Test func commandThatComesTooLateIsNotDone() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      let context = ServerContext(
        method: PoolServiceMethods.recordSale, deadline: .after(.zero))
      let line = PoolAPI.SaleLine(lineID: "1", sku: "TEE", quantity: 1)
      await #expect(throws: PoolError.deadlinePassed) {
        _ = try await bench.server.recordSale(
          RecordSaleRequest(orderID: "o", channelID: "c", lines: [line]), context: context)
      }
      #expect(try await bench.available() == 9)
    }
  }

  /// Goal: whoever set a wrong clock right is told what the pool does until it has caught up.
  @Test func clockBehindTheLedgerIsTold() async throws {
    try await withBench { bench in
      let lines = Mutex<[String]>([])
      let log = Log(level: .info, format: .logfmt, clock: bench.clock) { bytes in
        lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
      }
      func told(_ words: String) -> Int {
        lines.withLock { $0.filter { $0.contains(words) }.count }
      }
      try await bench.restart(log: log)
      try await bench.stock(["TEE": 9])
      bench.clock.advance(by: .seconds(3_600))
      try await bench.sell("o-1", 1)
      bench.clock.advance(by: .seconds(-5))
      try await bench.sell("o-2", 1)
      #expect(await bench.server.clockCheck.problem() == nil)
      bench.clock.advance(by: .seconds(-95))
      for round in 1...2 {
        try await bench.sell("o-\(round)", 1)
        #expect(
          await bench.server.clockCheck.problem() == "the clock is behind the ledger by 100 s")
        #expect(told("level=warning message=\"the clock is behind the ledger\"") == round)
        await expectError(.invalidArgument, "INVALID_REQUEST") {
          _ = try await bench.hold("h-\(round)", 1, seconds: 100)
        }
        _ = try await bench.hold("g-\(round)", 1, seconds: 101)
        if round == 1 { try await bench.restart(log: log) }
      }
      bench.clock.advance(by: .seconds(100))
      #expect(await bench.server.clockCheck.problem() == nil)
      await bench.server.tick()
      try await bench.sell("o-4", 1)
      #expect(told("the clock has caught up") == 1)
    }
  }

  @Test func closedServiceIsUnavailable() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      let server = bench.server
      await server.close()
      let context = ServerContext(method: PoolServiceMethods.releaseHold)
      await #expect(throws: PoolError.storeUnavailable) {
        _ = try await server.releaseHold(.init(holdID: "h"), context: context)
      }
      try await bench.restart()
    }
  }

  /// Goal: by the machine's clock, a hold ends without anybody asking.
  @Test func holdEndsOnItsOwn() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("onepool-pool-\(UUID().uuidString)")
    let server = try PoolServer(
      path: folder.appendingPathComponent("pool.db").path, salesInMemory: 1_000,
      metrics: Metrics(), log: .silent, observer: SilentStorage())
    let client = Bench.client(server)
    _ = try await client.setLocation(.init(location: .init(locationID: "A")))
    _ = try await client.setSku(.init(sku: .init(sku: "TEE")))
    _ = try await client.receiveStock(
      .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 3)]))
    _ = try await client.createHold(
      .init(
        holdID: "h", owner: "o", lines: [.init(sku: "TEE", quantity: 2)],
        expireTime: SystemClock().now() + .seconds(5)))
    let stream = client.watchAvailability(.init(channelIDs: ["c"], afterSequence: 2))
      .makeAsyncIterator()
    #expect(try await stream.next()?.availableCount == 3)
    #expect(try await client.getHold(.init(holdID: "h")).hold?.state == .expired)
    await server.close()
    try FileManager.default.removeItem(at: folder)
  }
}
