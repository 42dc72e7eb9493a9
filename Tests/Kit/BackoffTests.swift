import Primitives
import Testing

@testable import Kit

@Suite struct BackoffTests {
  let backoff = Backoff(
    first: .milliseconds(100), longest: .seconds(5), shortest: .milliseconds(10))

  @Test func boundDoublesUpToTheLongest() {
    let bounds = (1...8).map { backoff.bound(attempt: $0) }
    #expect(bounds == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
    #expect(backoff.bound(attempt: .max) == .seconds(5))
    #expect(backoff.bound(attempt: 0) == .milliseconds(100))
  }

  /// Goal: pauses stay in their bounds and fill them. Method: 10,000 of each attempt from a printed seed.
  @Test func pausesFillTheirBounds() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    for attempt in 1...10 {
      let bound = backoff.bound(attempt: attempt)
      let pauses = (0..<10_000).map { _ in backoff.pause(attempt: attempt, using: &random) }
      #expect(pauses.allSatisfy { $0 >= backoff.shortest && $0 <= bound })
      #expect((pauses.max() ?? .zero) > bound * 0.9)
      #expect((pauses.min() ?? .zero) < max(bound * 0.1, backoff.shortest * 2))
    }
  }
}
