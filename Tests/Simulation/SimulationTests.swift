import Foundation
import Primitives
import Testing

/// The pool under every fault that a seed can draw, against the model.
@Suite struct SimulationTests {
  static let steps = 400

  /// ONEPOOL_SEED plays one; else as many new ones as ONEPOOL_SIMULATIONS asks for.
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["ONEPOOL_SEED"].flatMap(UInt64.init) { return [seed] }
    let more = environment["ONEPOOL_SIMULATIONS"].flatMap(Int.init) ?? 0
    return (0..<more).map { _ in UInt64.random(in: 0..<1 << 32) }
  }()

  static let corpus: [UInt64] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "seeds")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { UInt64($0.prefix { $0.isNumber }) }
  }()

  @Test func theCorpusIsThere() {
    #expect(Self.corpus.count >= 20)
  }

  @Test(arguments: seeds) func poolIsTheModel(seed: UInt64) throws {
    _ = try Simulation(seed: seed).run(steps: Self.steps)
  }

  /// Goal: the corpus finds nothing, and meets what is simulated, refusals too: a workload that never comes there
  /// checks nothing.
  @Test func corpusIsTheModelAndMeetsEveryVerb() async throws {
    let met = try await withThrowingTaskGroup(of: [String: Int].self) { group in
      for seed in Self.corpus {
        group.addTask {
          let simulation = Simulation(seed: seed)
          _ = try simulation.run(steps: Self.steps)
          let takeOvers = ["taken over": simulation.candidates[0].takeOverCount]
          return simulation.outcomes.merging(takeOvers, uniquingKeysWith: +)
        }
      }
      return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
    let wanted = [
      "HoldUnits done", "HoldUnits INSUFFICIENT_STOCK", "taken over", "ExtendUnits done",
      "EditUnits done", "EditUnits ETAG_MISMATCH", "EditUnits INSUFFICIENT_STOCK",
      "CommitUnits done", "CommitUnits again", "CommitUnits INSUFFICIENT_STOCK", "SellMany done",
      "Purchase begin done", "Purchase receive done", "Purchase receive OVER_RECEIPT",
      "RECEIPT_EXISTS", "Purchase end UNDER_RECEIPT", "Purchase end done",
      "Move begin done", "Move begin INSUFFICIENT_STOCK", "Move receive done",
      "Move receive NOT_IN_TRANSIT", "Move end done", "SetParts done", "Promote schedule done",
      "PROMOTION_CLASHES", "Promote topUp done", "Promote end done",
      "Promote cancel done", "HoldUnits HOLD_LIMIT", "EditUnits HOLD_LIMIT", "LockUnits done",
      "FeedTill done",
      "ReceiveLot done", "ReceiveLot LOT_EXPIRED",
      "Count open done", "COUNT_OVERLAPS", "Count report done", "Count submit done",
      "COUNT_INCOMPLETE", "Count approve done",
      "Count cancel done",
    ]
    for end in wanted { #expect(met[end, default: 0] > 0, "\(end) was not met") }
  }

  /// Goal: whatever the disk was just doing, the power may go.
  @Test(arguments: 1...80) func everyChangeOfTheDiskMayBeTheLast(change: Int) throws {
    _ = try Simulation(seed: 7).run(steps: 40, powerFailsAt: change)
  }

  /// Goal: a seed is a run, so that what it found can be looked at again.
  @Test(arguments: [3, 17] as [UInt64]) func seedRepeatsItself(seed: UInt64) throws {
    let first = try Simulation(seed: seed).run(steps: Self.steps)
    let second = try Simulation(seed: seed).run(steps: Self.steps)
    #expect(first == second)
    #expect(try Simulation(seed: seed + 1).run(steps: Self.steps) != first)
  }

  /// Goal: the simulation sees what it is there for. Method: a disk that says "synced" and has done nothing.
  @Test(arguments: 1...5 as ClosedRange<UInt64>) func noticesALyingDisk(seed: UInt64) {
    #expect(throws: SimulationFailure.self) {
      try Simulation(seed: seed, mutation: .lyingDisk).run(steps: Self.steps)
    }
  }

  /// The same with answers that go out before they are durable: some seed meets a power cut just then.
  @Test func noticesAnswersBeforeTheCommit() {
    let failed = (1...20 as ClosedRange<UInt64>).contains { seed in
      do {
        _ = try Simulation(seed: seed, mutation: .earlyAnswers).run(steps: Self.steps)
        return false
      } catch { return error is SimulationFailure }
    }
    #expect(failed)
  }
}
