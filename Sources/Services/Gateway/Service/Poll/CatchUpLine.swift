internal import GatewayDomain
internal import Kit
internal import Primitives

/// Changes that were missed, in the order of their channels' clocks. Several are fetched at once; none takes effect before those
/// in front of it, as far as these come to an end in a bounded time.
actor CatchUpLine {
  /// The earliest last, so that taking it is cheap.
  private var waiting: [PolledChange] = []
  /// Taken and not over, in their order.
  private var taken: [Int64] = []
  private let signal = FeedSignal()

  var isEmpty: Bool { waiting.isEmpty && taken.isEmpty }

  func add(_ changes: [PolledChange]) {
    waiting += changes
    waiting.sort { ($0.updateTime, $0.job.id) > ($1.updateTime, $1.job.id) }
  }

  /// The earliest that waits; its place is kept until `leave`.
  func take() -> PolledChange? {
    guard let next = waiting.popLast() else { return nil }
    taken.append(next.job.id)
    return next
  }

  func leave(_ id: Int64) {
    taken.removeAll { $0 == id }
    signal.raise()
  }

  /// Returns once nothing that was taken before is still under way, or `span` is over; at once for what is not in here.
  func turn(_ id: Int64, atMost span: Duration) async {
    guard !taken.isEmpty else { return }
    let end = Deadline.after(span)
    while !Task.isCancelled, !end.isPast, let place = taken.firstIndex(of: id), place > 0 {
      let seen = signal.latest
      await signal.wait(past: seen, atMost: end.remaining)
    }
  }
}
