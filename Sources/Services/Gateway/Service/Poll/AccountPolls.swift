internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Polls one account on its schedule: at once after a start, and as soon as somebody rings.
struct AccountPolls: Sendable {
  let session: AccountSession
  let adapter: any OrderPolling
  /// The account was known when the gateway started: nobody listened to its channel meanwhile.
  let wasAway: Bool
  /// Instead of what the channel advises.
  let interval: Duration?
  let poller: OrderPoller
  let catchUps: CatchUps
  let intake: WorkScheduler
  let alerts: AlertBook

  private var accountID: AccountID { session.accountID }
  private var every: Duration { interval ?? adapter.polling.interval }

  func run() async {
    var isBehind = wasAway
    var attempt = 0
    // Rings when events were lost.
    let bell = session.pollBell
    while !Task.isCancelled {
      let seen = bell.latest
      let doubted = await poll(isBehind: isBehind)
      let isDone = doubted != nil
      attempt = isDone ? 0 : attempt + 1
      let pause =
        isDone ? every : min(every, GatewayLimits.failedPollBackoff.pause(attempt: attempt))
      let next = Deadline.after(pause)
      let orders = DoubtedOrders(session: session, store: poller.store, intake: intake)
      await orders.read(doubted ?? []) { !next.isPast && bell.latest == seen }
      await bell.wait(past: seen, atMost: next.remaining)
      isBehind = bell.latest > seen || (isBehind && !isDone)
    }
  }

  /// Polls once.
  ///
  /// - Parameter isBehind: events were surely missed.
  /// - Returns: orders that are known and doubted; nil when it failed.
  func poll(isBehind: Bool) async -> [IncomingEvent]? {
    let now = poller.store.clock.now()
    let lastTime: Timestamp
    do {
      let known = try await poller.store.poll(accountID)?.pollTime
      let connected = await session.connection.connectTime
      lastTime = known ?? max(connected, now - GatewayLimits.firstPollReach)
    } catch {
      return nil
    }
    let isLate = now - lastTime > every * GatewayLimits.lateIntervals
    var catchUp: Int64?
    if isBehind || isLate {
      guard let id = await catchUps.join(accountID, wellTime: lastTime) else { return nil }
      catchUp = id
    }
    let doubted: [IncomingEvent]
    do {
      doubted = try await poller.poll(session, adapter, catchUp: catchUp) { [catchUp] changes in
        if catchUp != nil {
          await catchUps.add(changes)
        } else {
          for change in changes { await intake.submit(change.job) }
        }
      }
    } catch {
      // Who is stopping has nothing to say against the channel.
      if isLate, !Task.isCancelled { await raise(error, lastTime) }
      if catchUp != nil { await catchUps.arrived(accountID, isComplete: false) }
      return nil
    }
    if catchUp != nil { await catchUps.arrived(accountID, isComplete: true) }
    await alerts.resolve(.pollLagging, about: accountID.text, account: accountID)
    return doubted
  }

  private func raise(_ failure: OrderPoller.Failure, _ lastTime: Timestamp) async {
    await alerts.raise(
      .pollLagging, about: accountID.text, account: accountID,
      "The orders of \(accountID) were last asked for at \(lastTime.rfc3339): \(failure.text)")
  }
}
