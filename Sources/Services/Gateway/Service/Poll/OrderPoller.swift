internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Asks one account's channel for what has changed, and stores what nobody had told of.
///
/// The watermark moves when all pages are stored, to when the poll began; until then the next poll begins where this one did,
/// and finds what is stored already by its key. So it may stop between any two steps.
struct OrderPoller: Sendable {
  let store: GatewayStore
  let metrics: GatewayMetrics
  let log: Log

  /// Why a poll did not come to its end, in words.
  struct Failure: Error {
    var text: String
  }

  /// - Parameters:
  ///   - catchUp: what the changes belong to, if to any.
  ///   - found: takes each page's new changes, which are stored by then.
  /// - Returns: orders that are known and doubted.
  func poll(
    _ session: AccountSession, _ adapter: any OrderPolling, catchUp: Int64?,
    found: @Sendable ([PolledChange]) async -> Void
  ) async throws(Failure) -> [IncomingEvent] {
    let accountID = session.accountID
    let begin = store.clock.now()
    let since: Timestamp
    do {
      since = try await start(session, begin)
    } catch {
      throw Failure(text: "the cursor cannot be read")
    }
    do throws(Failure) {
      let doubted = try await walkToRest(
        session, adapter, since: max(.zero, since - adapter.polling.overlap), catchUp, found)
      do {
        try await store.setPolled(accountID, watermark: begin)
      } catch {
        throw Failure(text: "the cursor cannot be kept")
      }
      metrics.polls.increment([accountID.text, "done"])
      return doubted
    } catch {
      metrics.polls.increment([accountID.text, "failed"])
      log.warning("a poll failed", ["account": accountID, "error": error.text])
      // What cannot be kept is of no use to the next poll either.
      try? await store.setPollError(accountID, error.text, since: since)
      throw error
    }
  }

  /// Asks once more for all that has changed since long ago. What is known is left out by what the page says of it, or by its
  /// key, so that it costs the pages and little else. The watermark stays: this is no poll's work.
  ///
  /// - Returns: orders that are known and doubted.
  func sweep(
    _ session: AccountSession, _ adapter: any OrderPolling,
    found: @Sendable ([PolledChange]) async -> Void
  ) async throws(Failure) -> [IncomingEvent] {
    let accountID = session.accountID
    let begin = store.clock.now()
    let traits = adapter.polling
    let connected = await session.connection.connectTime
    let since = max(connected - traits.overlap, begin - traits.sweepReach, .zero)
    do throws(Failure) {
      let doubted = try await walkToRest(session, adapter, since: since, nil, found)
      do {
        try await store.setSwept(accountID, begin)
      } catch {
        throw Failure(text: "the sweep cannot be kept")
      }
      metrics.polls.increment([accountID.text, "swept"])
      return doubted
    } catch {
      metrics.polls.increment([accountID.text, "sweep_failed"])
      throw error
    }
  }

  /// Walks until a walk finds nothing, a few times at most; returns what the last one doubts.
  private func walkToRest(
    _ session: AccountSession, _ adapter: any OrderPolling, since: Timestamp, _ catchUp: Int64?,
    _ found: ([PolledChange]) async -> Void
  ) async throws(Failure) -> [IncomingEvent] {
    var doubted: [IncomingEvent] = []
    for _ in 0..<GatewayLimits.pollWalks {
      let (isLast, doubts) = try await walk(session, adapter, since: since, catchUp, found)
      doubted = doubts
      if isLast { break }
    }
    return doubted
  }

  /// Where the poll begins, without the overlap. What was sold before the account was connected and had left is none of ours.
  private func start(_ session: AccountSession, _ now: Timestamp) async throws -> Timestamp {
    if let row = try await store.poll(session.accountID) { return row.watermark }
    let connected = await session.connection.connectTime
    return max(connected, now - GatewayLimits.firstPollReach)
  }

  /// Walks through all pages. One over several pages that found something is not the last: what changes meanwhile moves
  /// others from a page that is still to come to one that was read.
  ///
  /// - Returns: whether another walk would find nothing, and what is known and doubted.
  private func walk(
    _ session: AccountSession, _ adapter: any OrderPolling, since: Timestamp, _ catchUp: Int64?,
    _ found: ([PolledChange]) async -> Void
  ) async throws(Failure) -> (isLast: Bool, doubted: [IncomingEvent]) {
    var cursor: String?
    var doubted: [IncomingEvent] = []
    var pageCount = 0
    var foundCount = 0
    repeat {
      let page = try await page(session, adapter, since: since, after: cursor)
      let kept = try await keep(page, session.accountID, catchUp)
      let changes = kept.changes
      doubted += kept.doubted.prefix(GatewayLimits.doubtedOrders - doubted.count)
      if !changes.isEmpty { await found(changes) }
      foundCount += changes.count
      metrics.polledChanges.increment([session.accountID.text], by: Double(changes.count))
      pageCount += 1
      guard pageCount <= GatewayLimits.pollPages else {
        throw Failure(text: "the list has more than \(GatewayLimits.pollPages) pages")
      }
      cursor = page.nextCursor
    } while cursor != nil
    return (foundCount == 0 || pageCount <= GatewayLimits.pollPagesAtRest, doubted)
  }

  /// A page that does not come is asked for again a few times before all is given up.
  private func page(
    _ session: AccountSession, _ adapter: any OrderPolling, since: Timestamp, after cursor: String?
  ) async throws(Failure) -> OrderChanges {
    var attempt = 0
    while true {
      do {
        try await session.waitForSpare(orTurnWithin: GatewayLimits.importTurnWait)
        return try await session.callNow { api async throws(ChannelError) in
          try await adapter.changedOrders(since: since, after: cursor, api: api)
        }
      } catch {
        attempt += 1
        guard error.isPassing, attempt < GatewayLimits.pollTries else {
          throw Failure(text: error.text)
        }
        let pause = GatewayLimits.pollBackoff.pause(attempt: attempt)
        guard (try? await Task.sleep(for: pause)) != nil else { throw Failure(text: "stopping") }
      }
    }
  }

  private func keep(
    _ page: OrderChanges, _ accountID: AccountID, _ catchUp: Int64?
  ) async throws(Failure) -> PolledPage {
    // One whose ID nobody can work with holds up no other.
    let incoming = page.events.compactMap { event in
      (try? IncomingEvent.orderID(event, accountID)).map {
        IncomingEvent(accountID: accountID, event: event, orderID: $0)
      }
    }
    guard !incoming.isEmpty else { return PolledPage() }
    do {
      return try await store.receivePolled(
        incoming, states: page.states.mapValues { OrderState($0) }, openCounts: page.openCounts,
        catchUp: catchUp)
    } catch {
      throw Failure(text: "a page cannot be stored")
    }
  }
}

extension OrderState {
  init(_ state: ChannelOrder.State) {
    self =
      switch state {
      case .open: .open
      case .cancelled: .cancelled
      case .shipped: .shipped
      case .foreign: .foreign
      }
  }
}
