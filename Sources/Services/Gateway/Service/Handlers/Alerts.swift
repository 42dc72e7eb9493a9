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
    let scope = "ListAlerts \(request.includeResolved)"
    let size = try PageSize.clamped(request.pageSize)
    let token = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let found = try await store.alerts(
      includeResolved: request.includeResolved,
      before: token.flatMap { Int64($0.parts[0]) } ?? .max, limit: size + 1)
    let page = Page(found.map { Alert($0) }, size: size, scope: scope) {
      PageToken("\($0.alertID)")
    }
    return ListAlertsResponse(alerts: page.items, nextPageToken: page.nextToken)
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
    self.init(
      kind: row.kind, subject: row.subject, accountID: row.accountID, message: row.message,
      raiseCount: row.raiseCount, createTime: row.createTime, updateTime: row.updateTime,
      alertID: row.alertID, resolveTime: row.resolveTime)
  }
}
