internal import ChannelAdapter
internal import Kit
internal import Primitives
internal import RPCCore

/// `POST /hooks/<channel>`: verifies an event on its raw bytes, stores it once, answers, and only
/// then has it worked on.
struct HookHandler: Sendable {
  let registry: AdapterRegistry
  let directory: AccountDirectory
  let store: GatewayStore
  let intake: WorkScheduler
  /// Scheme, host and perhaps a path, as channels have it: some sign it.
  let publicURL: String
  let metrics: GatewayMetrics
  let lag: LagBook
  let mirrors: [ChannelID: PromotionMirror]
  let log: Log

  var route: HTTPRoute {
    HTTPRoute("POST", "/hooks/*", maximumBodyBytes: GatewayLimits.hookBytes) { request in
      await answer(request)
    }
  }

  func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let start = monotonicNanoseconds()
    guard let channelID = try? ChannelID(request.pathSuffix), let adapter = registry[channelID]
    else {
      metrics.hooks.increment(["unknown", "channel_unknown"])
      return ErrorAnswer(
        status: 404, code: "CHANNEL_UNKNOWN", message: "There is no channel of that name."
      ).response
    }
    let response: HTTPResponse
    let label: String
    do throws(ErrorAnswer) {
      label = try await take(request, adapter)
      response = adapter.traits.acknowledgement
    } catch {
      label = error.code.lowercased()
      response = error.response
      log.info(
        "an event was refused",
        ["channel": channelID, "code": error.code, "reason": error.message, "peer": request.peer])
    }
    let span = Duration.nanoseconds(monotonicNanoseconds() - start)
    metrics.hooks.increment([channelID.text, label])
    metrics.hookSeconds.observe(span, [channelID.text])
    await lag.addHook(span)
    return response
  }

  /// Returns what became of it, for the count.
  private func take(
    _ request: HTTPRequest, _ adapter: any ChannelAdapter
  ) async throws(ErrorAnswer) -> String {
    guard request.body.count <= GatewayLimits.hookBytes else {
      throw ErrorAnswer(
        status: 413, code: "BODY_TOO_LARGE",
        message: "The body has \(request.body.count) bytes; \(GatewayLimits.hookBytes) are allowed."
      )
    }
    let shop: String
    do throws(EventRefusal) {
      switch try adapter.identify(request) {
      case .test: return "test"
      case .shop(let claimed): shop = claimed
      }
    } catch {
      throw error.answer
    }
    guard let session = await directory.session(adapter.channelID, shop: shop) else {
      throw ErrorAnswer(
        status: 404, code: "ACCOUNT_UNKNOWN", message: "No account of that shop is connected.")
    }
    let account = await session.connection.account
    let hookURL = "\(publicURL)/hooks/\(adapter.channelID)"
    guard adapter.verify(request, account: account, hookURL: hookURL) else {
      await session.forged()
      throw ErrorAnswer(
        status: 401, code: "SIGNATURE_WRONG",
        message: "The signature does not fit the body and the account's secret.")
    }
    let incoming = IncomingEvent.reading(request, by: adapter, of: account)
    let outcome = try await keep(incoming, account.accountID)
    if outcome == "kept" { await tell(incoming[0].event, session) }
    return outcome
  }

  /// An event about no order may be news of the shop itself or of its promotions.
  private func tell(_ event: ChannelEvent, _ session: AccountSession) async {
    if event.kind == .deauthorised { await session.closed() }
    if let mirror = mirrors[session.channelID],
      let change = (session.adapter as? any ReservedStockReading)?.reservedChange(in: event)
    {
      await mirror.heard(change, of: session.accountID)
    }
  }

  /// The event and its companions are stored together or not at all. What became of the event is what counts.
  private func keep(
    _ incoming: [IncomingEvent], _ accountID: AccountID
  ) async throws(ErrorAnswer) -> String {
    let stored: [StoredEvent]
    do {
      stored = try await store.receive(incoming)
    } catch {
      log.error("an event could not be stored", ["account": accountID, "error": "\(error)"])
      throw ErrorAnswer(
        status: 503, code: "STORE_UNAVAILABLE", message: "The event was not stored; send it again.")
    }
    for (one, row) in zip(incoming, stored) where row.isNew && row.state == .waiting {
      await intake.submit(
        WorkScheduler.Job(
          id: row.inboxID, accountID: accountID, key: one.key, stored: InboxRow(one, row)))
    }
    guard let first = stored.first, first.isNew else { return "duplicate" }
    switch first.state {
    case .waiting: return "accepted"
    case .dead: return "unreadable"
    case .done, .retrying, .quarantined: return "kept"
    }
  }
}

extension EventRefusal {
  fileprivate var answer: ErrorAnswer {
    switch self {
    case .malformed(let reason):
      ErrorAnswer(status: 400, code: "EVENT_MALFORMED", message: reason)
    case .contentType(let reason):
      ErrorAnswer(status: 415, code: "CONTENT_TYPE_WRONG", message: reason)
    }
  }
}
