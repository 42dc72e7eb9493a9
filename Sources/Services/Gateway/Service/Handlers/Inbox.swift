internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func listInboxEvents(
    _ request: ListInboxEventsRequest, context: ServerContext
  ) async throws -> ListInboxEventsResponse {
    var check = RequestCheck()
    let state = Self.state(request.state, &check)
    try check.finish()
    let scope = "ListInboxEvents \(request.accountID) \(state?.rawValue ?? "")"
    let size = try PageSize.clamped(request.pageSize)
    let token = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let before = token.flatMap { Int64($0.parts[0]) } ?? .max
    let found = try await store.events(
      account: request.accountID, state: state, before: before, limit: size + 1)
    let page = Page(found.map { InboxEvent($0) }, size: size, scope: scope) {
      PageToken("\($0.inboxID)")
    }
    return ListInboxEventsResponse(events: page.items, nextPageToken: page.nextToken)
  }

  private static func state(
    _ state: InboxEvent.State, _ check: inout RequestCheck
  ) -> InboxState? {
    switch state {
    case .unspecified: return nil
    case .waiting: return .waiting
    case .done: return .done
    case .retrying: return .retrying
    case .quarantined: return .quarantined
    case .dead: return .dead
    case .unrecognized(let number):
      check.refuse("state", "There is no state \(number).")
      return nil
    }
  }

  func replayInboxEvent(
    _ request: ReplayInboxEventRequest, context: ServerContext
  ) async throws -> ReplayInboxEventResponse {
    var check = RequestCheck()
    check.integer(request.inboxID, "inbox_id", in: 1...Int64.max)
    check.requestID(request.requestID)
    try check.finish()
    let inboxID = request.inboxID
    let isReopened = try await store.write { try $0.reopen(inboxID) }
    guard let row = try await store.event(inboxID) else {
      throw GatewayError.eventUnknown(inboxID)
    }
    if isReopened {
      await gateway.alerts.resolve(.eventDead, about: row.event.key, account: row.accountID)
      await gateway.intake.submit(
        WorkScheduler.Job(
          id: inboxID, accountID: row.accountID,
          key: IncomingEvent(accountID: row.accountID, event: row.event, orderID: row.orderID).key))
    }
    return ReplayInboxEventResponse(event: InboxEvent(row))
  }
}

extension InboxEvent {
  init(_ row: InboxRow) {
    let state: InboxEvent.State =
      switch row.state {
      case .waiting: .waiting
      case .done: .done
      case .retrying: .retrying
      case .quarantined: .quarantined
      case .dead: .dead
      }
    self.init(
      inboxID: row.inboxID, accountID: row.accountID.text, eventKey: row.event.key,
      kind: row.event.kind.rawValue, orderID: row.orderID, state: state,
      receiveTime: row.receiveTime, finishTime: row.finishTime,
      attemptCount: Int32(clamping: row.attemptCount), lastError: row.lastError)
  }
}
