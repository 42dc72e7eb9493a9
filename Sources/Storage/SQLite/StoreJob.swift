internal import Primitives
internal import StorageCore

/// One caller's closure on its way through a thread of the store's, and the caller who waits.
protocol StoreJob: AnyObject, Sendable {
  var deadline: Deadline { get }
  /// Runs the closure; true when it did not throw. The caller is not answered yet.
  func run(_ transaction: SQLiteTransaction) -> Bool
  /// Answers the caller: with `failure`, or else with what the closure returned or threw.
  func answer(_ failure: StorageError?)
}

/// `@unchecked Sendable`: made by the caller, then used by the one thread that took it off the queue,
/// which the queue's lock orders.
final class TypedStoreJob<T: Sendable>: StoreJob, @unchecked Sendable {
  let deadline: Deadline
  private let body: (SQLiteTransaction) throws -> T
  private let continuation: CheckedContinuation<T, any Error>
  private var outcome: Result<T, any Error>?

  init(
    deadline: Deadline, continuation: CheckedContinuation<T, any Error>,
    body: @escaping @Sendable (SQLiteTransaction) throws -> T
  ) {
    self.deadline = deadline
    self.continuation = continuation
    self.body = body
  }

  func run(_ transaction: SQLiteTransaction) -> Bool {
    do {
      outcome = .success(try body(transaction))
      return true
    } catch {
      outcome = .failure(error)
      return false
    }
  }

  func answer(_ failure: StorageError?) {
    if case .failure(let own) = outcome {
      continuation.resume(throwing: own)
    } else if let failure {
      continuation.resume(throwing: failure)
    } else if let outcome {
      continuation.resume(with: outcome)
    } else {
      preconditionFailure("a job is run before it is answered without a failure")
    }
  }
}
