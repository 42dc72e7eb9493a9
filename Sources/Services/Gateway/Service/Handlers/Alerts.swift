internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

extension GatewayHandler {
  func listAlerts(
    _ request: ListAlertsRequest, context: ServerContext
  ) async throws -> ListAlertsResponse {
    var check = RequestCheck()
    let filter = Self.filter(request, &check)
    try check.finish()
    let kinds = filter.kinds?.joined(separator: ",") ?? "all"
    let scope = "ListAlerts \(request.includeResolved) \(kinds) \(filter.accountID)"
    let size = try PageSize.clamped(request.pageSize)
    let token = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let found = try await store.alerts(
      filter, before: token.flatMap { Int64($0.parts[0]) } ?? .max, limit: size + 1)
    let page = Page(found.map { Alert($0) }, size: size, scope: scope) {
      PageToken("\($0.alertID)")
    }
    return ListAlertsResponse(alerts: page.items, nextPageToken: page.nextToken)
  }

  private static func filter(
    _ request: ListAlertsRequest, _ check: inout RequestCheck
  ) -> AlertFilter {
    var filter = AlertFilter(
      includeResolved: request.includeResolved, accountID: request.accountID)
    let least: AlertSeverity?
    switch request.leastSeverity {
    case .unspecified: least = nil
    case .info: least = .info
    case .warning: least = .warning
    case .critical: least = .critical
    case .unrecognized(let number):
      check.refuse("least_severity", "There is no severity \(number).")
      least = nil
    }
    if let least {
      filter.kinds = AlertKind.allCases.filter { $0.severity >= least }.map(\.rawValue)
    }
    if !request.kind.isEmpty {
      guard AlertKind(rawValue: request.kind) != nil else {
        check.refuse("kind", "There is no kind of that name.")
        return filter
      }
      filter.kinds = (filter.kinds ?? [request.kind]).filter { $0 == request.kind }
    }
    return filter
  }

  func resolveAlert(
    _ request: ResolveAlertRequest, context: ServerContext
  ) async throws -> ResolveAlertResponse {
    var check = RequestCheck()
    check.integer(request.alertID, "alert_id", in: 1...Int64.max)
    check.requestID(request.requestID)
    try check.finish()
    let now = store.clock.now()
    return try await store.database.write(until: context.deadline) { transaction in
      try transaction.once(request.requestID, request, now: now) {
        try transaction.execute(
          "UPDATE alert SET resolve_time = ? WHERE alert_id = ? AND resolve_time IS NULL",
          [.time(now), .integer(request.alertID)])
        guard let row = try transaction.alert(request.alertID) else {
          throw GatewayError.alertUnknown(request.alertID)
        }
        return ResolveAlertResponse(alert: Alert(row))
      }
    }
  }
}

extension Alert {
  init(_ row: AlertRow) {
    // A kind that a newer version has raised is one that this one has no words for.
    let kind = AlertKind(rawValue: row.kind)
    self.init(
      kind: row.kind, subject: row.subject, accountID: row.accountID, message: row.message,
      raiseCount: row.raiseCount, createTime: row.createTime, updateTime: row.updateTime,
      alertID: row.alertID, resolveTime: row.resolveTime,
      severity: Severity(kind?.severity ?? .warning), advice: kind?.advice ?? "",
      tellTime: row.tellTime)
  }
}

extension Alert.Severity {
  init(_ severity: AlertSeverity) {
    self =
      switch severity {
      case .info: .info
      case .warning: .warning
      case .critical: .critical
      }
  }
}
