internal import GatewayDomain
internal import Kit
internal import Primitives

/// Reads back what each account's listings show: one worker an account.
actor Reconciler {
  /// How it is done, for all accounts.
  struct Plan: Sendable {
    /// Within what all listings of an account are read once; nil for only when somebody asks.
    var span: Duration?
    var policies = DriftPolicies()

    /// How soon a listing is read again whose number moves, or is nearly nothing.
    var soon: Duration? { span.map { max(DriftWatch.secondLook, $0 / 12) } }
  }

  private var workers: [AccountID: AccountReconciler] = [:]

  func add(_ worker: AccountReconciler) { workers[worker.accountID] = worker }

  func worker(_ accountID: AccountID) -> AccountReconciler? { workers[accountID] }
}
