internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

/// Works on one event: a sequence of steps each of which may be made again, so that it may be
/// stopped between any two.
struct IntakeWorker: Sendable {
  let store: GatewayStore
  let directory: AccountDirectory
  let peers: Peers
  let planner: StockPlanner
  let intake: WorkScheduler
  let alerts: AlertBook
  let metrics: GatewayMetrics
  let zones: ZoneMap
  /// Where what was missed takes its turn.
  let line: CatchUpLine
  let log: Log

  var now: Timestamp { store.clock.now() }

  func work(_ job: WorkScheduler.Job) async -> WorkOutcome {
    var row: InboxRow?
    let outcome: WorkOutcome
    do {
      row = if let stored = job.stored { stored } else { try await store.event(job.id) }
      guard let row else { return .done(oversoldCount: 0) }
      switch row.state {
      case .waiting, .retrying: break
      case .done where job.readsAgain: break
      case .done: return .done(oversoldCount: 0)
      case .quarantined: return .quarantined
      case .dead: return IntakeFailure.outcome(of: row)
      }
      guard let session = await directory.session(row.accountID) else {
        throw IntakeFailure(
          kind: .channelAway, code: "ACCOUNT_UNKNOWN",
          message: "The account \(row.accountID) is not connected.")
      }
      outcome = try await take(row, session)
    } catch {
      outcome = await settle(IntakeFailure(error), job, row)
    }
    metrics.events.increment([row?.accountID.text ?? "", outcome.label])
    return outcome
  }

  private func take(_ row: InboxRow, _ session: AccountSession) async throws -> WorkOutcome {
    if session.channelID == TillChannel.id { return try await takeTill(row, session) }
    switch row.event.kind {
    case .order:
      let event = row.event.body.isEmpty ? nil : row.event
      let (snapshot, reading) = try await readOrder(of: row, event, session)
      return try await takeOrder(row, snapshot, reading, session)
    case .return:
      let event = row.event
      let found = try await session.call { api async throws(ChannelError) in
        try await session.adapter.fetchReturn(event.subject, event: event, api: api)
      }
      return try await takeReturn(row, IncomingReturn(found), session)
    case .other, .unknown, .deauthorised:
      try await finish(row, .done)
      return .done(oversoldCount: 0)
    case .unreadable:
      throw IntakeFailure(
        kind: .final, code: "EVENT_MALFORMED",
        message: "It cannot be read, however often it is replayed.")
    }
  }

  func finish(_ row: InboxRow, _ state: InboxState, error: String = "") async throws {
    let now = now
    try await store.write {
      try $0.setEvent(row.inboxID, state, error: error, now: now)
    }
  }

  /// Decides whether and when an event is tried again.
  private func settle(
    _ failure: IntakeFailure, _ job: WorkScheduler.Job, _ row: InboxRow?
  ) async -> WorkOutcome {
    if case .notYet(let pause) = failure.kind {
      // Not all at the same moment, and the longer a job has waited the rarer.
      return .later(pause + GatewayLimits.eventBackoff.pause(attempt: job.attemptCount + 1))
    }
    guard failure.kind != .peerAway, let row else {
      return .later(GatewayLimits.peerBackoff.pause(attempt: job.attemptCount + 1))
    }
    let attempt = row.attemptCount + 1
    let bound: Int
    switch failure.kind {
    case .peerAway, .notYet, .final: bound = 0
    case .channel: bound = GatewayLimits.eventAttempts
    case .channelAway: bound = GatewayLimits.eventAttemptsAway
    }
    let isOver = attempt >= bound
    let now = now
    do {
      try await store.write { transaction in
        try transaction.setEvent(
          row.inboxID, isOver ? .dead : .retrying, error: failure.kept, now: now)
        guard isOver else { return }
        try transaction.raise(
          .eventDead, about: row.event.key, account: row.accountID,
          "Event \(row.inboxID) (\(row.event.kind.rawValue) \(row.event.subject)) was given up "
            + "after \(attempt) tries: \(failure.message)", now: now)
      }
    } catch {
      return .later(GatewayLimits.peerBackoff.pause(attempt: job.attemptCount + 1))
    }
    guard isOver else { return .later(GatewayLimits.eventBackoff.pause(attempt: attempt)) }
    log.warning(
      "an event was given up",
      ["event": row.inboxID, "account": row.accountID, "error": failure.message])
    return .dead(code: failure.code, failure.message)
  }
}

extension WorkOutcome {
  fileprivate var label: String {
    switch self {
    case .done: "done"
    case .quarantined: "quarantined"
    case .later: "later"
    case .dead: "dead"
    }
  }
}

extension OrderSnapshot {
  init(_ order: ChannelOrder, _ zones: ZoneMap) {
    let state: OrderState =
      switch order.state {
      case .open: .open
      case .cancelled: .cancelled
      case .shipped: .shipped
      case .foreign: .foreign
      }
    self.init(
      state: state, updateTime: order.updateTime, saleTime: order.saleTime,
      // What has neither an ID nor a code is no ware of ours: a gift wrap, a tip.
      lines: order.lines.filter { !$0.itemID.isEmpty || !$0.sellerSKU.isEmpty }.map {
        Line(
          lineID: $0.lineID, itemID: $0.itemID,
          variationID: $0.itemID.isEmpty ? "" : $0.variationID, sellerSKU: $0.sellerSKU,
          title: $0.title,
          quantity: $0.quantity, cancelledCount: $0.cancelledCount)
      },
      zone: order.address.flatMap {
        zones.zone(country: $0.country, regions: $0.regions, postalCode: $0.postalCode)
      }, isPickup: order.isPickup)
  }
}
