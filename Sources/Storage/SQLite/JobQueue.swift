internal import Dispatch
internal import Primitives
internal import Synchronization

/// Hands jobs from any thread to the threads that do them, in order, within a bound on what they weigh together.
package final class JobQueue<Job: Sendable>: Sendable {
  package enum Entry { case taken, full, closed }

  private struct State {
    var jobs: [Job] = []
    /// Of the jobs that wait.
    var weight = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let capacity: Int
  private let consumers: Int
  private let weight: @Sendable (Job) -> Int

  package init(
    capacity: Int, consumers: Int, weight: @escaping @Sendable (Job) -> Int = { _ in 1 }
  ) {
    self.capacity = capacity
    self.consumers = consumers
    self.weight = weight
  }

  package func push(_ job: Job) -> Entry {
    let weight = weight(job)
    let (entry, mustWake) = state.withLock { state -> (Entry, Bool) in
      guard !state.isClosed else { return (.closed, false) }
      guard state.weight < capacity else { return (.full, false) }
      state.jobs.append(job)
      state.weight += weight
      // One consumer takes all that is there, so it is woken once for all; several are woken each.
      return (.taken, consumers > 1 || state.jobs.count == 1)
    }
    if mustWake { wake.signal() }
    return entry
  }

  /// Jobs in the order of their arrival until they weigh `limit`, without waiting.
  package func take(_ limit: Int) -> [Job] {
    state.withLock { state in
      var end = 0
      var taking = 0
      while end < state.jobs.count, taking < limit {
        taking += weight(state.jobs[end])
        end += 1
      }
      state.weight -= taking
      if end == state.jobs.count {
        let taken = state.jobs
        state.jobs = []
        return taken
      }
      // What is taken leaves the queue here: it would end under the lock later, with all that it holds.
      let taken = Array(state.jobs[..<end])
      state.jobs.removeFirst(end)
      return taken
    }
  }

  package var count: Int { state.withLock { $0.jobs.count } }
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
