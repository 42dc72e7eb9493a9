internal import Dispatch
internal import Primitives
internal import Synchronization

/// Hands jobs from any thread to the threads that do them, in order, within a bound.
package final class JobQueue<Job: Sendable>: Sendable {
  package enum Entry { case taken, full, closed }

  private struct State {
    var jobs: [Job] = []
    var head = 0
    var isClosed = false
    var count: Int { jobs.count - head }
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let capacity: Int
  private let consumers: Int

  package init(capacity: Int, consumers: Int) {
    self.capacity = capacity
    self.consumers = consumers
  }

  package func push(_ job: Job) -> Entry {
    let (entry, mustWake) = state.withLock { state -> (Entry, Bool) in
      guard !state.isClosed else { return (.closed, false) }
      guard state.count < capacity else { return (.full, false) }
      state.jobs.append(job)
      // One consumer takes all that is there, so it is woken once for all; several are woken each.
      return (.taken, consumers > 1 || state.count == 1)
    }
    if mustWake { wake.signal() }
    return entry
  }

  /// Up to `limit` jobs in the order of their arrival, without waiting.
  package func take(_ limit: Int) -> [Job] {
    state.withLock { state in
      let end = min(state.jobs.count, state.head + limit)
      let taken = Array(state.jobs[state.head..<end])
      state.head = end
      if end == state.jobs.count {
        state.jobs.removeAll(keepingCapacity: true)
        state.head = 0
      } else if state.head > 4096 {
        state.jobs.removeFirst(state.head)
        state.head = 0
      }
      return taken
    }
  }

  package var count: Int { state.withLock { $0.count } }
  package var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Returns when something may have changed, or after `span`; may return without a reason.
  package func wait(for span: Duration?) {
    guard let span else { return wake.wait() }
    _ = wake.wait(timeout: .now() + .microseconds(Int(clamping: span.microseconds)))
  }

  /// Makes a consumer look again.
  package func wakeUp() {
    wake.signal()
  }

  /// Takes no more jobs; those that wait are still done.
  package func close() {
    state.withLock { $0.isClosed = true }
    for _ in 0..<consumers { wake.signal() }
  }
}
