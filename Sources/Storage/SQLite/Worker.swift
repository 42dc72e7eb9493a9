internal import Glibc
internal import Synchronization

/// A thread that can be awaited.
package final class Worker: Sendable {
  private struct State {
    var hasEnded = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let body: @Sendable () -> Void

  private init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
  }

  package static func start(_ body: @escaping @Sendable () -> Void) -> Worker {
    let worker = Worker(body)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(worker).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        Unmanaged<Worker>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, context)
    precondition(code == 0, "pthread_create failed: \(systemMessage(code))")
    pthread_detach(thread)
    return worker
  }

  /// Returns once the thread's work has ended.
  package func ended() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.waiters.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }

  private func run() {
    body()
    let waiters = state.withLock { state in
      state.hasEnded = true
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
