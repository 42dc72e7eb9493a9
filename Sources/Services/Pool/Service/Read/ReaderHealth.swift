internal import RPCCore
internal import StorageCore
internal import Synchronization

/// What those who read the store beside the writer have found: where they meet damage, nothing more is to be written.
///
/// Their database examines the store and says here when it is well again.
final class ReaderHealth: StorageObserver {
  private let state = Mutex(StorageHealth.healthy)
  /// What a proof has found, or a reader of a row; it stays until the next start.
  private let damage = Mutex<String?>(nil)
  private let changed: @Sendable () -> Void

  /// - Parameter changed: called after each change, on a thread of the store's.
  init(changed: @escaping @Sendable () -> Void) {
    self.changed = changed
  }

  var current: StorageHealth {
    damage.withLock { $0 }.map { .unhealthy(reason: $0) } ?? state.withLock { $0 }
  }

  /// What is wrong, and what to do about it, for those whose commands are refused.
  var refusal: StoreDamaged? { damage.withLock { $0 }.map { StoreDamaged(problem: $0) } }

  /// The ledger disagrees with itself or with what was counted from it, or a row is not what was written.
  func found(_ difference: String) {
    damage.withLock { $0 = difference }
    changed()
  }

  /// The pool's writer has a connection of its own and counts its commits itself.
  func committed(writes: Int, in span: Duration) {}

  func healthChanged(to health: StorageHealth, path: String) {
    state.withLock { $0 = health }
    changed()
  }
}

/// Why commands are refused until an operator has put the store right.
struct StoreDamaged: Error, RPCErrorConvertible {
  var problem: String

  var rpcError: RPCError {
    RPCError(
      .unavailable, "STORE_UNAVAILABLE", "The store takes no writes: \(problem).",
      retryAfter: ServiceLimits.storeRetryAfter)
  }
}
