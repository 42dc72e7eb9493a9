internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Tells channels of parcels, of orders that wait for their customers or were not collected, and of returns: each notice until
/// the channel has taken it, or a bound is reached.
struct NoticeWorker: Sendable {
  let store: GatewayStore
  let directory: AccountDirectory
  let scheduler: WorkScheduler
  /// Where orders are read again that were cancelled.
  let intake: WorkScheduler
  let alerts: AlertBook
  let log: Log

  func run() async {
    await load()
    await scheduler.run(work) { await load() }
  }

  /// Takes up what waits in the store; what is taken up already stays as it is.
  func load() async {
    do {
      var after: Int64 = 0
      while true {
        let page = try await store.waitingNotices(after: after, limit: GatewayLimits.storePage)
        for notice in page {
          await scheduler.submit(
            WorkScheduler.Job(
              id: notice.noticeID, accountID: notice.accountID,
              key: "\(notice.kind) \(notice.subject)"))
        }
        guard let last = page.last, page.count == GatewayLimits.storePage else { return }
        after = last.noticeID
      }
    } catch {
      log.error("notices could not be read", ["error": "\(error)"])
    }
  }

  private func work(_ job: WorkScheduler.Job) async -> WorkOutcome {
    do {
      let page = try await store.waitingNotices(after: job.id - 1, limit: 1)
      guard let notice = page.first, notice.noticeID == job.id else {
        return .done(oversoldCount: 0)
      }
      return try await tell(notice, job)
    } catch {
      return .later(GatewayLimits.peerBackoff.pause(attempt: job.attemptCount + 1))
    }
  }

  private func tell(
    _ notice: NoticeRow, _ job: WorkScheduler.Job
  ) async throws -> WorkOutcome {
    let now = store.clock.now()
    do {
      guard let session = await directory.session(notice.accountID) else {
        throw ChannelError.unavailable("the account is not connected")
      }
      switch notice.kind {
      case .shipped:
        let value = try ShippedNotice(encoded: notice.body)
        try await session.call { api async throws(ChannelError) in
          try await session.adapter.markShipped(value, api: api)
        }
      case .ready:
        // The others have nobody to tell.
        guard let adapter = session.adapter as? any PickupTelling else { break }
        let value = ReadyNotice(orderExternalID: try PickupBody(encoded: notice.body).order)
        try await session.call { api async throws(ChannelError) in
          try await adapter.markReady(value, api: api)
        }
      case .uncollected:
        let value = OrderCancellation(
          orderExternalID: try PickupBody(encoded: notice.body).order, cause: .notCollected)
        guard let adapter = session.adapter as? any OrderCancelling else {
          try await askToCancel(notice, now)
          return .done(oversoldCount: 0)
        }
        try await session.call { api async throws(ChannelError) in
          try await adapter.cancelOrder(value, api: api)
        }
        try await readAgain(value.orderExternalID, notice)
      case .returned:
        let value = try ReturnAnswer(encoded: notice.body)
        try await session.call { api async throws(ChannelError) in
          try await session.adapter.answerReturn(value, api: api)
        }
      }
    } catch ChannelError.rateLimited(let after) {
      return .later(
        (after ?? GatewayLimits.turnWait)
          + GatewayLimits.noticeBackoff.pause(attempt: job.attemptCount + 1))
    } catch let error as ChannelError {
      return try await settle(error, notice, now)
    }
    try await store.write { transaction in
      try transaction.setNotice(notice.noticeID, state: "done", error: "", now: now)
      try transaction.resolve(
        .noticeDead, about: notice.subject, account: notice.accountID, now: now)
    }
    return .done(oversoldCount: 0)
  }

  private func settle(
    _ error: ChannelError, _ notice: NoticeRow, _ now: Timestamp
  ) async throws -> WorkOutcome {
    let attempt = notice.attemptCount + 1
    let bound =
      switch error {
      case .refused: 1
      case .notFound, .malformed: GatewayLimits.noticeAttempts
      case .unavailable, .rateLimited, .tokenExpired, .unauthorised, .suspended:
        GatewayLimits.eventAttemptsAway
      }
    let isOver = attempt >= bound
    try await store.write { transaction in
      try transaction.setNotice(
        notice.noticeID, state: isOver ? "dead" : "waiting", error: error.text, now: now)
      guard isOver else { return }
      try transaction.raise(
        .noticeDead, about: notice.subject, account: notice.accountID,
        "The channel could not be told of \(notice.subject) (\(notice.kind.rawValue)): \(error.text)",
        now: now)
    }
    return isOver
      ? .dead(code: "NOTICE_DEAD", error.text)
      : .later(GatewayLimits.noticeBackoff.pause(attempt: attempt))
  }
}
