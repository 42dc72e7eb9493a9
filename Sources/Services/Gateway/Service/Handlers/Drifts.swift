internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func listDrifts(
    _ request: ListDriftsRequest, context: ServerContext
  ) async throws -> ListDriftsResponse {
    let scope = "ListDrifts \(request.accountID) \(request.includeEnded)"
    let size = try PageSize.clamped(request.pageSize)
    let token = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let found = try await store.drifts(
      of: request.accountID, includeEnded: request.includeEnded,
      before: token.flatMap { Int64($0.parts[0]) } ?? .max, limit: size + 1)
    let page = Page(found.map { Drift($0) }, size: size, scope: scope) {
      PageToken("\($0.driftID)")
    }
    return ListDriftsResponse(drifts: page.items, nextPageToken: page.nextToken)
  }

  func reconcileAccount(
    _ request: ReconcileAccountRequest, context: ServerContext
  ) async throws -> ReconcileAccountResponse {
    var check = RequestCheck()
    let accountID = check.identifier(AccountID.self, request.accountID, "account_id")
    check.requestID(request.requestID)
    try check.finish()
    guard let worker = await gateway.reconciler.worker(accountID) else {
      throw GatewayError.accountUnknown(accountID.text)
    }
    guard worker.readsStock else { throw GatewayError.stockUnreadable(accountID.text) }
    if let first: ReconcileAccountResponse = try await firstAnswer(request.requestID, request) {
      return first
    }
    if !request.progressOnly {
      guard await worker.start() else { throw GatewayError.stockUnknown(accountID.text) }
    }
    let answer = ReconcileAccountResponse(
      pass: GatewayAPI.ReconcilePass(await worker.progress(), accountID))
    let now = store.clock.now()
    return try await store.write { transaction in
      try transaction.once(request.requestID, request, now: now) { answer }
    }
  }
}

extension Drift {
  init(_ row: DriftRow) {
    self.init(
      driftID: row.driftID, accountID: row.accountID.text, listingID: row.listingID.text,
      shouldShowCount: row.should, shownCount: row.shown ?? -1,
      sizeCount: max(0, row.shown ?? 0) - row.should, likelyCause: row.cause,
      firstSeenTime: row.firstTime, lastSeenTime: row.lastTime,
      correctionCount: Int32(clamping: row.correctionCount), endTime: row.endTime)
  }
}

extension GatewayAPI.ReconcilePass {
  init(_ progress: AccountReconciler.Progress, _ accountID: AccountID) {
    self.init(
      accountID: accountID.text, startTime: progress.pass?.startTime,
      finishTime: progress.pass?.finishTime,
      listingCount: Int64(progress.pass?.listingCount ?? 0),
      doneCount: Int64(progress.pass?.doneCount ?? 0),
      driftCount: Int64(progress.pass?.driftCount ?? 0), openDriftCount: Int64(progress.openCount),
      oldestReadTime: progress.oldest, asked: progress.pass?.isAsked ?? false)
  }
}
