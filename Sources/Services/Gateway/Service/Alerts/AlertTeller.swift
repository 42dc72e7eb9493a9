internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Tells of alerts: how many are open on /metrics and, where there is a webhook, what is new and what has ended.
///
/// What was told stands with the alert, so a restart neither forgets nor repeats. Alerts of the same second go in one
/// message; one that ends before it was told is not told.
actor AlertTeller {
  private let store: GatewayStore
  private let webhook: AlertWebhook?
  private let publicURL: String
  private let openAlerts: Gauge
  private let deliveries: Counter
  private let log: Log
  /// Series that were shown, so that they fall to zero.
  private var shown: Set<[String]> = []
  private var failureCount = 0
  private var notBefore: Deadline?

  init(
    store: GatewayStore, webhook: AlertWebhook?, publicURL: String, metrics: Metrics, log: Log
  ) {
    self.store = store
    self.webhook = webhook
    self.publicURL = publicURL
    self.log = log
    openAlerts = metrics.gauge(
      "onepool_gateway_alerts", "Alerts that are open.", labels: ["kind", "severity", "account"])
    deliveries = metrics.counter(
      "onepool_gateway_alert_deliveries_total", "Messages to the alert webhook, by how they ended.",
      labels: ["result"])
  }

  func run() async {
    while !Task.isCancelled {
      await look()
      do { try await Task.sleep(for: GatewayLimits.alertsEvery) } catch { return }
    }
  }

  /// Shows what is open, and sends what is to be told unless the webhook has failed just now.
  func look() async {
    do {
      try await show()
      try await tell()
    } catch {
      log.warning("alerts could not be read or kept", ["error": "\(error)"])
    }
  }

  private func show() async throws {
    var series: Set<[String]> = []
    for (kind, accountID, count) in try await store.openAlertCounts() {
      let severity = AlertKind(rawValue: kind)?.severity ?? .warning
      let labels = [kind, severity.rawValue, accountID]
      openAlerts.set(Double(count), labels)
      series.insert(labels)
    }
    for labels in shown.subtracting(series) { openAlerts.set(0, labels) }
    shown.formUnion(series)
  }

  private func tell() async throws {
    guard let webhook, notBefore?.isPast ?? true else { return }
    let now = store.clock.now()
    let alerts = try await store.alertsToTell(
      before: now - webhook.repeatAfter, limit: GatewayLimits.alertsInMessage)
    guard !alerts.isEmpty else { return }
    let body = try AlertMessage(alerts, publicURL: publicURL).encoded()
    do throws(ChannelError) {
      try await webhook.send(body, delivery: Self.deliveryID(alerts), now: now)
    } catch {
      deliveries.increment(["failed"])
      failureCount += 1
      notBefore = .after(GatewayLimits.alertBackoff.pause(attempt: failureCount))
      log.warning(
        "alerts could not be told",
        ["count": alerts.count, "tries": failureCount, "error": error.text]
      )
      return
    }
    deliveries.increment(["ok"])
    failureCount = 0
    notBefore = nil
    try await store.setTold(alerts, now: now)
  }

  private static func deliveryID(_ alerts: [AlertRow]) -> String {
    let states = alerts.map {
      "\($0.alertID) \($0.resolveTime?.microseconds ?? 0) \($0.tellTime?.microseconds ?? 0)"
    }
    return UUIDText.derived(from: states.joined(separator: "\n"))
  }
}
