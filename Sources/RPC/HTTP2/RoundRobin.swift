internal import Synchronization

/// Takes turns, from any thread.
final class RoundRobin: Sendable {
  private let count = Atomic<UInt>(0)

  func index(below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    return Int(count.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(bound))
  }
}
