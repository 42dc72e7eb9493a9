import Synchronization

/// Something that happens, once or again, and that any number of tasks wait for.
final class Signal: Sendable {
  private struct State {
    var isRaised = false
    var listeners: [AsyncStream<Void>.Continuation] = []
  }

  private let state = Mutex(State())

  func raise() {
    let listeners = state.withLock { state in
      state.isRaised = true
      return state.listeners
    }
    for listener in listeners { listener.yield() }
  }

  /// Waits until it was raised; a cancelled task waits no longer.
  func wait() async {
    await wait { self.state.withLock { $0.isRaised } }
  }

  /// Looks after each time it is raised, and before, until something is so.
  func wait(until isSo: () -> Bool) async {
    let (stream, listener) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    state.withLock { $0.listeners.append(listener) }
    if isSo() { return }
    for await _ in stream where isSo() { return }
  }
}
