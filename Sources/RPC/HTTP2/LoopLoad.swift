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
