internal import Synchronization

/// A number that only rises, and those who wait for it to rise: the wake-up behind feeds and outboxes.
///
/// It carries no data. Who is woken reads the store, so a wake-up too many is harmless, and one that
/// came before the wait began is not lost: the number tells.
public final class FeedSignal: Sendable {
  private struct State {
    var latest: Int64
    var nextWaiter = 0
    var waiters: [Int: (past: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
    /// Waiters whose task was cancelled before they had begun to wait.
    var cancelled: Set<Int> = []
  }

  private let state: Mutex<State>

  public init(_ latest: Int64 = 0) {
    state = Mutex(State(latest: latest))
  }

  public var latest: Int64 { state.withLock { $0.latest } }

  /// Raises the number to `value` and wakes whoever waited for that; a smaller one changes nothing.
  public func raise(to value: Int64) {
    wake { $0.latest = max($0.latest, value) }
  }

  /// Raises the number by one.
  public func raise() {
    wake { $0.latest += 1 }
  }

  /// Returns once the number is above `past`, `span` is over, or the task was cancelled.
  public func wait(past: Int64, atMost span: Duration) async {
    guard latest <= past, span > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(past: past) }
      // A sleep ends early by cancellation only, which is what this wait ends by, too.
      group.addTask { try? await Task.sleep(for: span) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Returns once the number is above `past`, or the task was cancelled.
  public func wait(past: Int64) async {
    let waiter = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state in
          guard state.latest <= past, !state.cancelled.contains(waiter) else { return true }
          state.waiters[waiter] = (past, continuation)
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.cancelled.insert(waiter)
        return state.waiters.removeValue(forKey: waiter)
      }
      waiting?.continuation.resume()
    }
    state.withLock { _ = $0.cancelled.remove(waiter) }
  }

  private func wake(_ change: (inout State) -> Void) {
    let ready = state.withLock { state in
      change(&state)
      let ready = state.waiters.filter { $0.value.past < state.latest }
      for waiter in ready.keys { state.waiters.removeValue(forKey: waiter) }
      return ready.values.map(\.continuation)
    }
    for continuation in ready { continuation.resume() }
  }
}
