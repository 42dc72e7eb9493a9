import Synchronization

/// Nanoseconds that pass when a test says so.
final class ManualTicks: Sendable {
  private let state = Mutex<Int64>(0)

  var now: Int64 { state.withLock { $0 } }

  func advance(by nanoseconds: Int64) { state.withLock { $0 += nanoseconds } }
}
