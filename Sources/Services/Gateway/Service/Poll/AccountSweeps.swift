internal import ChannelAdapter
internal import Kit
internal import Primitives

/// Asks once a day for an account's orders as far back as its channel recommends, beside the polls: for what no search has shown
/// while a poll looked for it. With it each return is looked at whose goods are still waited for: that it was given up is no change
/// of its order everywhere. A sweep that fails is tried again an hour later.
struct AccountSweeps: Sendable {
  let session: AccountSession
  let adapter: any OrderPolling
  let poller: OrderPoller
  /// Closed while the account catches up, which goes first.
  let gate: RaiseGate
  let intake: WorkScheduler

  func run() async {
    while !Task.isCancelled {
      let pause = await sweepIfDue()
      do { try await Task.sleep(for: pause) } catch { return }
    }
  }

  /// - Returns: the time until the next look.
  func sweepIfDue() async -> Duration {
    let accountID = session.accountID
    let longest = GatewayLimits.sweepLook
    // Before the first poll there is nothing to go beyond.
    guard let row = try? await poller.store.poll(accountID), row.pollTime != nil else {
      return longest
    }
    let connected = await session.connection.connectTime
    let due = (row.sweepTime ?? connected) + GatewayLimits.sweepEvery
    let now = poller.store.clock.now()
    guard due <= now else { return min(due - now, longest) }
    await gate.wait(accountID)
    do {
      try await lookAtReturns(now)
      let doubted = try await poller.sweep(session, adapter) { changes in
        for change in changes { await intake.submit(change.job) }
      }
      let orders = DoubtedOrders(session: session, store: poller.store, intake: intake)
      await orders.read(doubted) { true }
    } catch let failure as OrderPoller.Failure {
      poller.log.warning("a sweep failed", ["account": accountID, "error": failure.text])
    } catch {
      poller.log.warning("a sweep failed", ["account": accountID, "error": "\(error)"])
    }
    return longest
  }

  /// Has returns read again that wait for their goods, page by page. What is looked at twice on a day is looked at once.
  private func lookAtReturns(_ now: Timestamp) async throws {
    var last = ""
    repeat {
      let page = try await poller.store.lookAtReturns(
        of: session.accountID, changedSince: now - GatewayLimits.returnsLookedAt, after: last,
        day: now.seconds / 86_400)
      for job in page.jobs { await intake.submit(job) }
      last = page.last
    } while !last.isEmpty && !Task.isCancelled
  }
}
