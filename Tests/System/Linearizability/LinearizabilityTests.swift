import Foundation
import PoolAPI
import Primitives
import RPCCore
import Testing

extension SystemTests {
  /// Whatever clients do at the same time, and whenever the pool is killed, it answers as if they had come one after
  /// another.
  @Suite struct LinearizabilityTests {
    static let environment = ProcessInfo.processInfo.environment
    static let seed =
      environment["ONEPOOL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
    /// One a run; ONEPOOL_HISTORIES asks for more.
    static let histories = environment["ONEPOOL_HISTORIES"].flatMap(Int.init) ?? 1
    static let units: Quantity = 12

    /// Goal: each SKU is linearizable. Method: eight clients over sockets, kill -9 and a new start three times in a
    /// history, and a search for an order that explains every answer.
    @Test(.timeLimit(.minutes(60))) func everySKUIsLinearizable() async throws {
      print("seed: \(Self.seed) (ONEPOOL_SEED=\(Self.seed) repeats it)")
      var random = SeededRandom(seed: Self.seed)
      try await Cluster.with(["pool"]) { cluster in
        for number in 0..<Self.histories {
          let recorder = try HistoryRecorder(
            "history-\(number)", skuCount: 4, address: cluster.addresses["pool"] ?? "")
          try await recorder.stock(Self.units)
          try await play(recorder, cluster, &random)
          check(recorder)
          #expect(try await cluster.pool.verifyLedger(VerifyLedgerRequest()).proved)
        }
      }
    }

    private func play(
      _ recorder: HistoryRecorder, _ cluster: Cluster, _ random: inout SeededRandom
    ) async throws {
      let seeds = (0..<8).map { _ in random.next() }
      let pauses = (0..<4).map { _ in Int.random(in: 100...500, using: &random) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (client, seed) in seeds.enumerated() {
          group.addTask { await recorder.run(client: client, seed: seed) }
        }
        defer { recorder.stop() }
        for (number, pause) in pauses.enumerated() {
          // The moment is what is tested.
          try await Task.sleep(for: .milliseconds(pause))
          guard number < pauses.count - 1 else { break }
          try await cluster.kill(["pool"])
          try await cluster.start(["pool"])
        }
        recorder.stop()
        try await group.waitForAll()
      }
    }

    private func check(_ recorder: HistoryRecorder) {
      #expect(recorder.unexpected.isEmpty)
      let bySKU = Dictionary(grouping: recorder.calls, by: \.sku)
      #expect(bySKU.count == recorder.skus.count)
      for (sku, calls) in bySKU {
        let verdict = LinearizabilityChecker.check(calls, from: Shelf(onHand: Self.units))
        guard case .violated(let latest) = verdict else {
          #expect(verdict == .linearizable, "\(sku): \(calls.count) calls")
          continue
        }
        let near = calls.filter { call in
          call.begin <= calls[latest].end ?? .max && call.end ?? .max >= calls[latest].begin
        }
        let lines = near.map { "\($0)" }.joined(separator: "\n")
        Issue.record("\(sku): no order explains \(calls[latest]); at the same time were\n\(lines)")
      }
      let open = recorder.calls.count { $0.end == nil }
      print("\(recorder.calls.count) calls, \(open) of them without an answer")
    }
  }
}
