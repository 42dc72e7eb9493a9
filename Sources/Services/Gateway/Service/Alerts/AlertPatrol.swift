internal import GatewayDomain
internal import Kit
internal import Primitives

/// Looks now and then for what no single event tells of, and forgets old alerts.
struct AlertPatrol: Sendable {
  let store: GatewayStore
  let alerts: AlertBook
  /// Events that may wait before somebody is told.
  let inboxCount: Int
  let lag: LagWatch
  let directory: AccountDirectory
  let log: Log

  func run() async {
    while !Task.isCancelled {
      await look()
      do { try await Task.sleep(for: GatewayLimits.patrolEvery) } catch { return }
    }
  }

  func look() async {
    await lag.look()
    for session in await directory.all() { await session.lookAtToken() }
    do {
      try await lookAtInbox()
      try await store.pruneHistory(before: store.clock.now() - GatewayLimits.historyKept)
      try await store.pruneDrifts(endedBefore: store.clock.now() - GatewayLimits.driftsKept)
      try await store.pruneAlerts(endedBefore: store.clock.now() - GatewayLimits.alertsKept)
    } catch {
      log.warning("what to alert of could not be read", ["error": "\(error)"])
    }
  }

  /// Ends only well below the bound: not every event that is done is worth a notice.
  private func lookAtInbox() async throws {
    let count = try await store.counts().waiting
    if count > inboxCount {
      await alerts.raise(
        .inboxGrowing, about: "inbox", account: nil,
        "\(count) events wait in the inbox; \(inboxCount) are usual.")
    } else if count <= inboxCount / 2 {
      await alerts.resolve(.inboxGrowing, about: "inbox", account: nil)
    }
  }
}
