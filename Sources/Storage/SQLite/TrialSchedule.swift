public import Primitives
internal import StorageCore

/// When a store that takes no writes is tried again.
///
/// Each pause is twice the one before, up to a bound. They begin anew only when the store has been well for a while:
/// where a trial works and the next write fails, over and over, the pauses must grow all the same.
public struct TrialSchedule: Sendable {
  /// The next trial; `never` while the store is well.
  public private(set) var next = Deadline.never
  private let first: Duration
  private let longest: Duration
  private var pause: Duration
  /// When the store became well again, in nanoseconds of the monotonic clock.
  private var recovery: Int64?

  public init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
    pause = first
  }

  /// Plans the next trial after a write or a trial has failed.
  public mutating func failed(at now: Int64 = monotonicNanoseconds()) {
    if let recovery, .nanoseconds(now - recovery) >= StorageLimits.steadyHealth { pause = first }
    recovery = nil
    next = Deadline(nanoseconds: now + pause.microseconds * 1_000)
    pause = min(pause * 2, longest)
  }

  /// Plans nothing more: a trial has worked.
  public mutating func recovered(at now: Int64 = monotonicNanoseconds()) {
    recovery = now
    next = .never
  }
}
