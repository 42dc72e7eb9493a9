import PoolDomain
import Primitives
import StorageSQLite
import Synchronization
import Testing

@testable import PoolService

/// How readers and the writer keep out of each other's way.
@Suite struct TwinsTests {
  /// Goal: nobody waits. Method: one thread reads, writes meanwhile, and reads within that: whoever waited would wait for ever.
  @Test func neitherWaitsForTheOther() {
    let twins = Twins(0)
    let seen = twins.read { old in
      let meanwhile = twins.write { value, _ in
        value = 1
        return twins.read { $0 }
      }
      return [old, meanwhile, twins.read { $0 }]
    }
    #expect(seen == [0, 0, 1])
    let before = twins.write { value, shown in
      defer { value = 2 }
      return [value, shown]
    }
    #expect(before == [0, 1], "the copy lacks the last change")
    #expect(twins.read { $0 } == 2)
  }

  /// What readers found wrong, and how far they have come.
  private struct Findings {
    var problems: [String] = []
    var readers = 0
  }

  /// Goal: while the writer publishes batches, each reader sees whole batches, with the sequence that belongs to them, and
  /// never an older one than before. Method: each sale takes a unit of two SKUs, so stock, sequence and SKUs tell each other.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func readersSeeWholeBatches(seed: UInt64) async throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let script = try Script(onHand: 1_000_000)
    let pool = script.pool
    _ = try script.run(["receive", "1000000:CAP"])
    _ = pool.takeChanges()
    let view = ReadModel()
    view.reset(to: pool, SaleNumbers(), hasUnloadedSales: false)
    let start = pool.sequence
    let findings = Mutex(Findings())
    let isOver = Atomic(false)

    @Sendable func look(after last: Int64) -> (sequence: Int64, problem: String?) {
      view.read { state in
        let left = 1_000_000 - (state.sequence - start) / 2
        let units = [0, 1].map { state.available(SKUIndex($0)) }
        let newest = state.skus.count - 1
        guard units == [left, left], state.sequence >= last,
          state.stocks.count == newest + 1,
          newest < 2 || state.skuIndices[SKU(trusted: "S-\(newest)")] == SKUIndex(newest)
        else { return (state.sequence, "\(state.sequence) after \(last): \(units), \(newest)") }
        return (state.sequence, nil)
      }
    }
    let workers = (0..<3).map { _ in
      Worker.start {
        var last = start
        findings.withLock { $0.readers += 1 }
        while !isOver.load(ordering: .relaxed) {
          let (sequence, problem) = look(after: last)
          if let problem { findings.withLock { $0.problems.append(problem) } }
          last = sequence
        }
      }
    }
    while findings.withLock({ $0.readers < 3 }) { await Task.yield() }
    for batch in 0..<500 {
      for sale in 0..<Int.random(in: 1...4, using: &random) {
        _ = try script.run(["sell", "o-\(batch)-\(sale)", "1", "1:CAP"])
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        _ = try pool.apply(.setSKU(SetSKU(sku: SKU(trusted: "S-\(pool.skuCount)"))))
      }
      _ = view.publish(pool.takeChanges(), pool)
      #expect(view.sequence == pool.sequence && look(after: pool.sequence).problem == nil)
      // Other tests run on the same few threads.
      await Task.yield()
    }
    isOver.store(true, ordering: .relaxed)
    for worker in workers { await worker.ended() }
    #expect(findings.withLock(\.problems) == [])
  }
}
