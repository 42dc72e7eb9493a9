internal import GatewayDomain
internal import Kit
internal import Primitives

/// Raises and ends alerts outside of a transaction. One that cannot be stored is logged, so it is
/// told either way.
struct AlertBook: Sendable {
  let store: GatewayStore
  let log: Log

  func raise(_ kind: AlertKind, about subject: String, account: AccountID?, _ message: String) async
  {
    log.warning(
      "alert",
      [
        "kind": kind.rawValue, "subject": subject, "account": account?.text ?? "",
        "text": message,
      ])
    let now = store.clock.now()
    do {
      try await store.write {
        try $0.raise(kind, about: subject, account: account, message, now: now)
      }
    } catch {
      log.error("an alert could not be stored", ["kind": kind.rawValue, "error": "\(error)"])
    }
  }

  /// What the open alerts of a kind are about.
  func open(_ kind: AlertKind) async throws -> [String] {
    try await store.alerts(AlertFilter(kinds: [kind.rawValue]), before: .max, limit: .max)
      .map(\.subject)
  }

  /// Ends all open alerts of a kind.
  func resolveAll(_ kind: AlertKind) async throws {
    let open = try await store.alerts(
      AlertFilter(kinds: [kind.rawValue]), before: .max, limit: .max)
    let now = store.clock.now()
    guard !open.isEmpty else { return }
    try await store.write { transaction in
      for alert in open {
        try transaction.resolve(
          kind, about: alert.subject,
          account: alert.accountID.isEmpty ? nil : AccountID(trusted: alert.accountID), now: now)
      }
    }
  }

  func resolve(_ kind: AlertKind, about subject: String, account: AccountID?) async {
    let now = store.clock.now()
    do {
      try await store.write { try $0.resolve(kind, about: subject, account: account, now: now) }
    } catch {
      log.error("an alert could not be ended", ["kind": kind.rawValue, "error": "\(error)"])
    }
  }
}
