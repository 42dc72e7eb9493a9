internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func listListingPushes(
    _ request: ListListingPushesRequest, context: ServerContext
  ) async throws -> ListListingPushesResponse {
    let scope =
      "ListListingPushes \(request.accountID) \(request.pendingOnly) \(request.listingID) \(request.deadOnly)"
    let size = try PageSize.clamped(request.pageSize)
    let after =
      try PageToken.decode(request.pageToken, scope: scope, partCount: 1)?.parts[0] ?? ""
    if !request.listingID.isEmpty { return try await listPush(of: request) }
    var found: [ListingPush] = []
    for pusher in await gateway.planner.allPushers
    where request.accountID.isEmpty || pusher.accountID.text == request.accountID {
      for (id, state) in await pusher.page(
        after: after, limit: size + 1, where: { Self.isAsked(request, $0) })
      {
        found.append(ListingPush(id, pusher.accountID, state, lags: await pusher.lags(id)))
      }
    }
    found.sort { $0.listingID < $1.listingID }
    let page = Page(found, size: size, scope: scope) { PageToken($0.listingID) }
    return ListListingPushesResponse(pushes: page.items, nextPageToken: page.nextToken)
  }

  private static func isAsked(_ request: ListListingPushesRequest, _ state: PushState) -> Bool {
    (!request.pendingOnly || state.isPending) && (!request.deadOnly || state.isDead)
  }

  private func listPush(
    of request: ListListingPushesRequest
  ) async throws -> ListListingPushesResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    try check.finish()
    guard let pusher = await gateway.planner.pusher(of: id),
      request.accountID.isEmpty || pusher.accountID.text == request.accountID,
      let state = await pusher.state(id), Self.isAsked(request, state)
    else { return ListListingPushesResponse() }
    let push = ListingPush(id, pusher.accountID, state, lags: await pusher.lags(id))
    return ListListingPushesResponse(pushes: [push])
  }

  func repushListing(
    _ request: RepushListingRequest, context: ServerContext
  ) async throws -> RepushListingResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    check.requestID(request.requestID)
    try check.finish()
    guard let pusher = await gateway.planner.pusher(of: id), let state = await pusher.repush(id)
    else { throw GatewayError.listingUnknown(id.text) }
    for kind in [AlertKind.pushFailed, .promotionLock] {
      await gateway.alerts.resolve(kind, about: id.text, account: pusher.accountID)
    }
    let lags = await pusher.lags(id)
    return RepushListingResponse(push: ListingPush(id, pusher.accountID, state, lags: lags))
  }
}

extension ListingPush {
  init(
    _ id: ListingID, _ accountID: AccountID, _ state: PushState,
    lags: (acknowledged: RecentSpans, readBack: RecentSpans)
  ) {
    self.init(
      listingID: id.text, accountID: accountID.text, wantedCount: state.wanted ?? 0,
      sentCount: state.sent ?? -1, acknowledgedCount: state.acknowledged ?? -1,
      wantedVersion: state.wantedVersion.pool,
      acknowledgedVersion: state.acknowledgedVersion.pool,
      acknowledgeTime: state.acknowledgeTime, lag: state.lag,
      attemptCount: Int32(clamping: state.attemptCount), lastError: state.lastError.kept,
      dead: state.isDead, recentLag: LagSummary(lags.acknowledged, account: accountID.text),
      recentReadBack: LagSummary(lags.readBack, account: accountID.text))
  }
}
