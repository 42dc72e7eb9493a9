import Dispatch
import Synchronization

/// What a test wants to know of a handler.
final class Probe: Sendable {
  let started = Signal()
  let cancelled = Signal()
  /// A stream's writer was told that nobody reads.
  let torn = Signal()
  /// What a handler waits for that hears of nothing else.
  let released = Signal()
  let attempts = Counter()
  let written = Counter()
}

/// Something that happens once and can be waited for.
final class Signal: Sendable {
  private struct State {
    var happened = false
    var threads: [DispatchSemaphore] = []
    var waiters: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  var hasHappened: Bool { state.withLock { $0.happened } }

  func signal() {
    let (waiters, threads) = state.withLock { state in
      state.happened = true
      defer { (state.waiters, state.threads) = ([], []) }
      return (state.waiters, state.threads)
    }
    for waiter in waiters { waiter.resume() }
    for thread in threads { thread.signal() }
  }

  /// Waits on the calling thread, which must be one that nobody else needs.
  func block() {
    let wake = DispatchSemaphore(value: 0)
    let now = state.withLock { state in
      if !state.happened { state.threads.append(wake) }
      return state.happened
    }
    if !now { wake.wait() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let now = state.withLock { state in
        if !state.happened { state.waiters.append(continuation) }
        return state.happened
      }
      if now { continuation.resume() }
    }
  }
}

final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .sequentiallyConsistent) }

  @discardableResult
  func increment() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }
}
