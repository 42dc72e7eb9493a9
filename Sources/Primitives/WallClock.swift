internal import Glibc
internal import Synchronization

/// Where a service reads the time: the system's clock, or a test's own.
public protocol WallClock: Sendable {
  func now() -> Timestamp
}

/// The machine's clock (`CLOCK_REALTIME`): it may jump, so it never measures a span.
public struct SystemClock: WallClock {
  public init() {}

  public func now() -> Timestamp {
    var time = timespec()
    let result = clock_gettime(CLOCK_REALTIME, &time)
    precondition(result == 0, "CLOCK_REALTIME is always there (clock_gettime(2))")
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }
}

/// A clock that stands still until it is told to move: for tests and simulation.
public final class ManualClock: WallClock {
  private let lock = Mutex<Timestamp>(.zero)

  public init(_ start: Timestamp = Timestamp(seconds: 1_767_600_000)) {
    lock.withLock { $0 = start }
  }

  public func now() -> Timestamp { lock.withLock { $0 } }

  public func advance(by span: Duration) {
    lock.withLock { $0 = $0 + span }
  }

  public func set(_ moment: Timestamp) {
    lock.withLock { $0 = moment }
  }
}

/// Nanoseconds of `CLOCK_MONOTONIC`: for deadlines and spans, never shown or stored.
public func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  let result = clock_gettime(CLOCK_MONOTONIC, &time)
  precondition(result == 0, "CLOCK_MONOTONIC is always there (clock_gettime(2))")
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
