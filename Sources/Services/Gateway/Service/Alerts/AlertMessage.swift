internal import Foundation
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Alerts as the webhook gets them: in the form of Alertmanager's own webhooks, version 4, which chat, mail and paging
/// tools take.
///
/// - Note: Source: prometheus.io/docs/alerting/latest/configuration, `webhook_config`.
struct AlertMessage: Encodable {
  struct Item: Encodable {
    var status: String
    var labels: [String: String]
    var annotations: [String: String]
    var startsAt: String
    var endsAt: String
    var generatorURL: String
    var fingerprint: String
  }

  var version = "4"
  var groupKey = "onepool"
  var truncatedAlerts = 0
  var status: String
  var receiver = "onepool"
  var groupLabels: [String: String] = [:]
  var commonLabels: [String: String] = [:]
  var commonAnnotations: [String: String] = [:]
  var externalURL: String
  var alerts: [Item]

  init(_ rows: [AlertRow], publicURL: String) {
    externalURL = publicURL
    alerts = rows.map { Item($0, publicURL: publicURL) }
    status = alerts.allSatisfy { $0.status == "resolved" } ? "resolved" : "firing"
  }

  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(self))
  }
}

extension AlertMessage.Item {
  /// What Alertmanager writes where there is no time yet.
  private static let never = "0001-01-01T00:00:00Z"

  init(_ row: AlertRow, publicURL: String) {
    let kind = AlertKind(rawValue: row.kind)
    status = row.resolveTime == nil ? "firing" : "resolved"
    labels = [
      "alertname": row.kind, "severity": (kind?.severity ?? .warning).rawValue,
      "service": "onepool-gateway", "account": row.accountID, "subject": row.subject,
    ]
    annotations = [
      "summary": row.message, "description": kind?.advice ?? "",
      "count": "\(row.raiseCount)", "last_seen": row.updateTime.rfc3339,
    ]
    startsAt = row.createTime.rfc3339
    endsAt = row.resolveTime?.rfc3339 ?? Self.never
    generatorURL = publicURL
    fingerprint = "\(row.alertID)"
  }
}
