internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Orders that nobody came for: fulfilment has put their units back on sale.
extension NoticeWorker {
  /// The channel lets nobody cancel from here: somebody is to do it there, unless it was done meanwhile.
  func askToCancel(_ notice: NoticeRow, _ now: Timestamp) async throws {
    try await store.write { transaction in
      try transaction.setNotice(notice.noticeID, state: "done", error: "", now: now)
      let known = try transaction.order(notice.subject)
      guard known.map({ $0.record.state == .open }) ?? true else { return }
      try transaction.raise(
        .pickupUncollected, about: notice.subject, account: notice.accountID,
        "Nobody came for order \(notice.subject) in time; it is still open where it was sold.",
        now: now)
    }
  }

  /// The order of a channel that has cancelled it, whether the channel tells of it or not.
  func readAgain(_ externalID: String, _ notice: NoticeRow) async throws {
    let event = IncomingEvent.cancelled(externalID, notice.accountID, now: store.clock.now())
    for row in try await store.receive([event]) {
      await intake.submit(
        WorkScheduler.Job(id: row.inboxID, accountID: event.accountID, key: event.key))
    }
  }
}

extension IncomingEvent {
  /// An order that was cancelled from here, to be read again.
  static func cancelled(
    _ externalID: String, _ accountID: AccountID, now: Timestamp
  ) -> IncomingEvent {
    IncomingEvent(
      accountID: accountID,
      event: ChannelEvent(
        key: "cancelled:\(UUIDText.random())", kind: .order, subject: externalID,
        updateTime: now, body: [], topic: "cancelled"), orderID: "\(accountID)/\(externalID)")
  }
}
