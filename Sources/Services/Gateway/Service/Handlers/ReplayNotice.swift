internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

extension GatewayHandler {
  func replayNotice(
    _ request: ReplayNoticeRequest, context: ServerContext
  ) async throws -> ReplayNoticeResponse {
    var check = RequestCheck()
    let accountID = check.identifier(AccountID.self, request.accountID, "account_id")
    check.text(request.subject, "subject", atMost: 300)
    check.requestID(request.requestID)
    try check.finish()
    let subject = request.subject
    let now = store.clock.now()
    let answer = try await store.database.write(until: context.deadline) { transaction in
      try transaction.once(request.requestID, request, now: now) {
        let count = try transaction.reopenNotices(about: subject, account: accountID)
        try transaction.resolve(.noticeDead, about: subject, account: accountID, now: now)
        return ReplayNoticeResponse(replayCount: Int64(count))
      }
    }
    await gateway.notices.load()
    return answer
  }
}

extension Transaction {
  /// Takes what was given up about something up again; returns how much that is.
  fileprivate func reopenNotices(about subject: String, account: AccountID) throws -> Int {
    let values: [SQLValue] = [.text(subject), .id(account)]
    guard
      try exists("SELECT 1 FROM notice WHERE subject = ? AND account_id = ? LIMIT 1", values)
    else { throw GatewayError.noticeUnknown(accountID: account.text, subject: subject) }
    return try execute(
      """
      UPDATE notice SET state = 'waiting', attempt_count = 0, finish_time = NULL
      WHERE subject = ? AND account_id = ? AND state = 'dead'
      """, values)
  }
}
