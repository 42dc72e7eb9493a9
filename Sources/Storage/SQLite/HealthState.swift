internal import StorageCore
internal import Synchronization

/// The store's health, shared by its threads and its callers.
final class HealthState: Sendable {
  private let path: String
  private let observer: (any StorageObserver)?
  private let state = Mutex(StorageHealth.healthy)

  init(path: String, observer: (any StorageObserver)?) {
    self.path = path
    self.observer = observer
  }

  var current: StorageHealth { state.withLock { $0 } }

  func set(_ health: StorageHealth) {
    let before = state.withLock { state in
      let before = state
      state = health
      return before
    }
    if before != health { observer?.healthChanged(to: health, path: path) }
  }
}
