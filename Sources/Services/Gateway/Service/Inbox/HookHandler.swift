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
    let claim: EventClaim
    do throws(EventRefusal) {
      claim = try adapter.identify(request)
    } catch {
      throw error.answer
    }
    guard let claimed = await sessions(claim, adapter) else { return "test" }
    guard !claimed.isEmpty else {
      throw ErrorAnswer(
        status: 404, code: "ACCOUNT_UNKNOWN", message: "No account of that shop is connected.")
    }
    let hookURL = "\(publicURL)/hooks/\(adapter.channelID)"
    var takers: [AccountSession] = []
    for session in claimed {
      let account = await session.connection.account
      if adapter.verify(request, account: account, hookURL: hookURL) {
        takers.append(session)
      } else {
        await session.forged()
      }
    }
    guard !takers.isEmpty else {
      throw ErrorAnswer(
        status: 401, code: "SIGNATURE_WRONG",
        message: "The signature does not fit the body and the account's secret.")
    }
    return try await keep(request, of: takers)
  }

  /// Takes an event that the channel has kept for us: the call that has brought it proves that it is genuine.
  ///
  /// - Returns: what became of it.
  func take(
    kept body: [UInt8], _ adapter: any ChannelAdapter
  ) async throws(ErrorAnswer) -> String {
    let request = HTTPRequest(
      method: "POST", path: "/hooks/\(adapter.channelID)",
      headers: [("content-type", "application/json")], body: body)
    guard let claim = try? adapter.identify(request) else { return "event_malformed" }
    guard let takers = await sessions(claim, adapter) else { return "test" }
    guard !takers.isEmpty else { return "account_unknown" }
    return try await keep(request, of: takers)
  }

  /// Whose event it claims to be; nil when it is nobody's and nothing is to be done.
  private func sessions(
    _ claim: EventClaim, _ adapter: any ChannelAdapter
  ) async -> [AccountSession]? {
    switch claim {
    case .test: return nil
    case .shop(let shop):
      return await directory.session(adapter.channelID, shop: shop).map { [$0] } ?? []
    case .shops(let shops):
      var found: [AccountSession] = []
      for shop in shops {
        if let session = await directory.session(adapter.channelID, shop: shop) {
          found.append(session)
        }
      }
      return found
    case .owner(let owner):
      var found: [AccountSession] = []
      for session in await directory.sessions(of: adapter.channelID)
      where adapter.owner(of: await session.connection.account) == owner {
        found.append(session)
      }
      return found.isEmpty ? nil : found
    }
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

  /// What an event brings for each account is stored together or not at all. What became of the first is what counts.
  private func keep(
    _ request: HTTPRequest, of takers: [AccountSession]
  ) async throws(ErrorAnswer) -> String {
    var incoming: [IncomingEvent] = []
    /// Where each account's own begin.
    var firsts: [(place: Int, session: AccountSession)] = []
    for session in takers {
      firsts.append((incoming.count, session))
      let account = await session.connection.account
      incoming += IncomingEvent.reading(request, by: session.adapter, of: account).map {
        var event = $0
        event.tick = session.tick
        return event
      }
    }
    let stored: [StoredEvent]
    do {
      stored = try await store.receive(incoming)
    } catch {
      log.error(
        "an event could not be stored",
        ["account": takers[0].accountID, "error": "\(error)"])
      throw ErrorAnswer(
        status: 503, code: "STORE_UNAVAILABLE", message: "The event was not stored; send it again.")
    }
    for (one, row) in zip(incoming, stored) where row.isNew && row.state == .waiting {
      await intake.submit(
        WorkScheduler.Job(
          id: row.inboxID, accountID: one.accountID, key: one.key, stored: InboxRow(one, row)))
    }
    for (one, row) in zip(incoming, stored) where row.isDoubted {
      await intake.submit(
        WorkScheduler.Job(
          id: row.inboxID, accountID: one.accountID, key: one.key, readsAgain: true))
    }
    for (place, session) in firsts where stored[place].isNew && stored[place].state == .done {
      await tell(incoming[place].event, session)
    }
    return Self.label(stored.first(where: \.isNew))
  }

  private static func label(_ stored: StoredEvent?) -> String {
    switch stored?.state {
    case nil: "duplicate"
    case .waiting: "accepted"
    case .dead: "unreadable"
    case .done, .retrying, .quarantined: "kept"
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
