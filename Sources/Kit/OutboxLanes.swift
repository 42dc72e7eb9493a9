internal import Synchronization

/// One lane a key: who enters a lane that is taken waits until it is his turn.
final class OutboxLanes: Sendable {
  private struct Waiter {
    var number: Int
    var continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var nextWaiter = 0
    /// A key that is here is taken; in the order in which they came.
    var waiters: [String: [Waiter]] = [:]
    var cancelled: Set<Int> = []
  }

  private let state = Mutex(State())

  /// Returns true when the lane is the caller's, who must leave it; false when the task was cancelled.
  func enter(_ key: String) async -> Bool {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let entered = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          if state.cancelled.contains(number) { return false }
          guard state.waiters[key] != nil else {
            state.waiters[key] = []
            return true
          }
          state.waiters[key]?.append(Waiter(number: number, continuation: continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiting = state.withLock { state -> Waiter? in
        state.cancelled.insert(number)
        guard let index = state.waiters[key]?.firstIndex(where: { $0.number == number }) else {
          return nil
        }
        return state.waiters[key]?.remove(at: index)
      }
      waiting?.continuation.resume(returning: false)
    }
    state.withLock { _ = $0.cancelled.remove(number) }
    return entered
  }

  /// Hands the lane to whoever waits longest.
  func leave(_ key: String) {
    let next = state.withLock { state -> Waiter? in
      guard let waiters = state.waiters[key] else { return nil }
      guard !waiters.isEmpty else {
        state.waiters[key] = nil
        return nil
      }
      return state.waiters[key]?.removeFirst()
    }
    next?.continuation.resume(returning: true)
  }
}
