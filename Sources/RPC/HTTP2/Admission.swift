internal import RPCCore
internal import Synchronization

/// Bounds the handlers that run in a server at once. All loops share it; it costs a call two relaxed atomics.
final class Admission: Sendable {
  private let limit: Int
  private let retryAfter: Duration
  private let running = Atomic<Int>(0)

  init(_ limits: TransportLimits) {
    limit = limits.callsInFlight
    retryAfter = .milliseconds(limits.admissionRetryMilliseconds)
  }

  /// Whether one more may run; `leave` when it has.
  func enter(isOverloaded: Bool) -> Bool {
    if !isOverloaded, running.add(1, ordering: .relaxed).newValue <= limit { return true }
    if !isOverloaded { leave() }
    return false
  }

  func leave() { running.subtract(1, ordering: .relaxed) }

  /// What a call that may not run is told, before its handler has seen it.
  var refusal: RPCError {
    RPCError(
      .resourceExhausted, "SERVER_BUSY",
      "The server has as many calls as it can answer in time; try again later.",
      retryAfter: retryAfter)
  }
}

/// How late a loop is: a call that comes during a turn waits for the next one.
///
/// One long turn is a hiccup. A loop whose every turn was too long for `queueDelayPatience` gets further behind with each
/// call that it takes.
struct LoopLoad {
  private let delayNanoseconds: Int64
  private let patienceNanoseconds: Int64
  private var lateSince: Int64?
  private(set) var isOverloaded = false

  /// Never late.
  init() {
    delayNanoseconds = .max
    patienceNanoseconds = .max
  }

  init(_ limits: TransportLimits) {
    delayNanoseconds = Int64(limits.queueDelayMilliseconds) * 1_000_000
    patienceNanoseconds = Int64(limits.queueDelayPatienceMilliseconds) * 1_000_000
  }

  /// A turn of the loop is over, without the time that it waited. Monotonic nanoseconds.
  mutating func turn(from start: Int64, to end: Int64) {
    guard end - start > delayNanoseconds else {
      lateSince = nil
      isOverloaded = false
      return
    }
    let since = lateSince ?? start
    lateSince = since
    isOverloaded = end - since > patienceNanoseconds
  }
}
