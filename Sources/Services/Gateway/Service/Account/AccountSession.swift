internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// The way to one account's channel: its secrets, its rate, and its token, refreshed once for all
/// who wait for it.
actor AccountSession {
  nonisolated let accountID: AccountID
  nonisolated let adapter: any ChannelAdapter
  /// Rung when events of the account were lost, so that its orders are asked for at once.
  nonisolated let pollBell = FeedSignal()
  let surroundings: Surroundings
  private(set) var connection: ConnectionRow
  var bucket: TokenBucket
  var rate: LearntRate
  /// Until when the channel takes no stock: a quota of that call alone.
  private var pushesPausedUntil: Deadline?
  private var refreshing: Task<Result<Void, ChannelError>, Never>?
  private var isRefused = false
  /// What the channel has said when it refused the account, and until when it is left alone for that.
  private var refusal: (error: ChannelError, until: Deadline)?
  /// Since when the channel has closed the shop to us.
  private var suspendedSince: Int64?
  /// Somebody was told that the merchant must authorise us again.
  private var isEndTold = false
  private var breaker = CallBreaker()
  private var isFailing = false
  private var lastForgedAlert: Deadline?
  /// The store did not take the connection as it is.
  private var isUnsaved = false
  /// After a refresh ahead of time has failed.
  private var nextRefreshAhead: Deadline?

  /// What all sessions share.
  struct Surroundings: Sendable {
    var http: any ChannelHTTP
    var store: GatewayStore
    var keys: KeyRing
    var alerts: AlertBook
    var metrics: GatewayMetrics
    var log: Log
    var background: BackgroundTasks
    /// Whether anybody wants to know where orders go.
    var wantsAddresses: Bool
  }

  init(_ connection: ConnectionRow, adapter: any ChannelAdapter, _ surroundings: Surroundings) {
    accountID = connection.account.accountID
    self.adapter = adapter
    self.connection = connection
    self.surroundings = surroundings
    let rate = Self.rate(connection, adapter)
    self.rate = rate
    bucket = Self.bucket(rate.current)
    surroundings.metrics.callRate.set(rate.current, [accountID.text])
  }

  nonisolated var channelID: ChannelID { adapter.channelID }

  /// How coarse the channel's times are where that may hide a change.
  nonisolated var tick: Duration { (adapter as? any OrderPolling)?.polling.tick ?? .zero }

  /// Takes what was asked for over what is known: tokens may have been refreshed since the asker
  /// looked.
  func update(_ wanted: ConnectionRow) async {
    if wanted.callsPerSecond != connection.callsPerSecond || isRefused || suspendedSince != nil {
      rate = Self.rate(wanted, adapter)
      bucket = Self.bucket(rate.current)
      showRate()
    }
    connection = connection.merged(with: wanted)
    isRefused = false
    suspendedSince = nil
    refusal = nil
    isEndTold = false
    pushesPausedUntil = nil
    nextRefreshAhead = nil
    await endOldAlerts()
    await save()
  }

  /// Waits for the account's turn to push stock.
  func acquirePush() async throws(CancellationError) {
    while let pause = pushesPausedUntil, !pause.isPast { try await sleep(pause.remaining) }
    try await acquire()
  }

  /// Waits for the account's turn to make a call.
  func acquire() async throws(CancellationError) {
    try await use(bucket.reserve(now: monotonicNanoseconds()))
  }

  /// Takes a turn that comes within `span`; otherwise says how long it would have been.
  func acquire(within span: Duration) async throws(ChannelError) {
    // Only a pause makes it longer than the line: nobody starves behind the others.
    let line = Duration.seconds(Double(GatewayLimits.callersInLine) / bucket.rate)
    let (isTaken, wait) = bucket.reserve(
      within: max(span, line).microseconds * 1000, now: monotonicNanoseconds())
    guard isTaken else { throw .rateLimited(after: .nanoseconds(wait)) }
    do { try await use(wait) } catch { throw .unavailable("stopping") }
  }

  /// Waits until a turn that was taken comes.
  private func use(_ wait: Int64) async throws(CancellationError) {
    guard wait > 0 else { return }
    do {
      try await sleep(.nanoseconds(wait))
    } catch {
      bucket.refund(now: monotonicNanoseconds())
      throw error
    }
  }

  private func sleep(_ span: Duration) async throws(CancellationError) {
    do { try await Task.sleep(for: span) } catch { throw CancellationError() }
  }

  /// Takes a turn that nobody else would miss: half of what may be saved up is there.
  func takeSpare() -> Bool { bucket.takeSpare(now: monotonicNanoseconds()) }

  /// Waits for such a turn as long as it takes; false when all ends.
  func waitForSpare() async -> Bool {
    while !Task.isCancelled {
      if takeSpare() { return true }
      do { try await sleep(sparePause) } catch { return false }
    }
    return false
  }

  /// Until one is there, when nobody else takes a turn meanwhile.
  private var sparePause: Duration {
    let wait = Duration.nanoseconds(bucket.spareWait(now: monotonicNanoseconds()))
    return min(max(wait, .milliseconds(1)), GatewayLimits.sparePause)
  }

  /// Waits for such a turn; where there is none for long, takes an ordinary one that comes within `span`, so that what
  /// must go on does so with an account that is never at rest, too.
  func waitForSpare(orTurnWithin span: Duration) async throws(ChannelError) {
    for _ in 1...GatewayLimits.spareTries {
      if takeSpare() { return }
      do { try await sleep(GatewayLimits.sparePause) } catch { throw .unavailable("stopping") }
    }
    try await acquire(within: span)
  }

  /// Gives a turn back that was not used.
  func giveBack() { bucket.refund(now: monotonicNanoseconds()) }

  /// Makes a call whose requests wait for their turns; one whose first turn is farther off than `span` is to be made
  /// later, so that whoever makes it does other work until then.
  nonisolated func call<T: Sendable>(
    turnWithin span: Duration = GatewayLimits.turnWait,
    _ body: @Sendable (ChannelAPI) async throws(ChannelError) -> T
  ) async throws(ChannelError) -> T {
    try await make(CallTurns(within: span), isPush: false, body)
  }

  /// Makes a call for somebody who waits for its answer: as long as the channel's refusal leaves the account alone, that is
  /// the answer, since to wait for another try would say the same later.
  nonisolated func callForOperator<T: Sendable>(
    _ body: @Sendable (ChannelAPI) async throws(ChannelError) -> T
  ) async throws(ChannelError) -> T {
    if let refusal = await refusal, !refusal.until.isPast { throw refusal.error }
    return try await call(turnWithin: GatewayLimits.importTurnWait, body)
  }

  /// Makes a call whose first turn was waited for.
  ///
  /// - Parameter isSpare: the turn was one that nobody else misses, and so are further ones.
  nonisolated func callNow<T: Sendable>(
    isPush: Bool = false, isSpare: Bool = false,
    _ body: @Sendable (ChannelAPI) async throws(ChannelError) -> T
  ) async throws(ChannelError) -> T {
    let turns = CallTurns(isSpare: isSpare)
    do throws(ChannelError) {
      let answer = try await make(turns, isPush: isPush, body)
      if turns.isLeft { await giveBack() }
      return answer
    } catch {
      if turns.isLeft { await giveBack() }
      throw error
    }
  }

  /// A token that is over, or soon will be, is refreshed first, and once more when the channel says so.
  private nonisolated func make<T: Sendable>(
    _ turns: CallTurns, isPush: Bool,
    _ body: @Sendable (ChannelAPI) async throws(ChannelError) -> T
  ) async throws(ChannelError) -> T {
    await refreshAhead()
    let ear = RoomEar()
    let api = await api(turns, ear)
    do {
      return try await counted(body, api, turns, ear, isPush)
    } catch {
      guard case .tokenExpired = error else { throw error }
    }
    do {
      try await refresh(insteadOf: api.account.credentials)
    } catch {
      if case .unauthorised(let text) = error { await refused(text) }
      if case .suspended(let text) = error { await suspended(text) }
      throw error
    }
    return try await counted(body, await self.api(turns, ear), turns, ear, isPush)
  }

  private func api(_ turns: CallTurns? = nil, _ ear: RoomEar = RoomEar()) -> ChannelAPI {
    ChannelAPI(
      account: connection.account,
      http: AccountHTTP(http: surroundings.http, session: self, turns: turns, ear: ear),
      clock: surroundings.store.clock, wantsAddress: surroundings.wantsAddresses,
      tellRoom: { ear.hear($0) })
  }

  private nonisolated func counted<T: Sendable>(
    _ body: @Sendable (ChannelAPI) async throws(ChannelError) -> T, _ api: ChannelAPI,
    _ turns: CallTurns, _ ear: RoomEar, _ isPush: Bool
  ) async throws(ChannelError) -> T {
    let start = monotonicNanoseconds()
    do {
      let answer = try await body(api)
      guard turns.hasAsked else { return answer }
      surroundings.metrics.channelCalls.increment([accountID.text, "ok"])
      await accepted(ear.take(), since: start)
      return answer
    } catch let plain {
      // It was not the channel that refused it.
      if turns.isPutOff { throw plain }
      let error = plain.hiding(api.account.credentials)
      surroundings.metrics.channelCalls.increment([accountID.text, error.label])
      switch error {
      case .rateLimited(let span): await tooMany(span ?? .seconds(1), isPush)
      case .unauthorised(let text): await refused(text)
      case .suspended(let text): await suspended(text)
      case .unavailable(let text): await unanswered(text)
      case .tokenExpired, .notFound, .refused, .malformed: break
      }
      if error.isAnswer, turns.hasAsked { await answered() }
      throw error
    }
  }

  /// A short pause is the account's rate; a long one is a quota of the call that was made, and
  /// nothing else waits for it.
  private func tooMany(_ span: Duration, _ isPush: Bool) {
    if span <= GatewayLimits.longestRatePause {
      callWasTooMuch()
      pause(span)
    } else if isPush {
      pushesPausedUntil = .after(span)
    }
  }

  private func pause(_ span: Duration) {
    let now = monotonicNanoseconds()
    bucket.pause(until: Deadline.after(span).nanoseconds, now: now)
  }

  private func refused(_ text: String) async {
    pause(GatewayLimits.unauthorisedPause)
    refusal = (.unauthorised(text), .after(GatewayLimits.unauthorisedPause))
    guard !isRefused else { return }
    isRefused = true
    await surroundings.alerts.raise(
      .tokenRefused, about: accountID.text, account: accountID,
      "The channel refuses the credentials of \(accountID): \(text)")
  }

  static let deauthorised = "it says that we are not authorised any more"

  /// The channel has closed the shop to us, as an event tells whose alert is stored with it. Until a call works again, one is
  /// tried now and then.
  func closed() {
    pause(GatewayLimits.suspendedPause)
    refusal = (.suspended(Self.deauthorised), .after(GatewayLimits.suspendedPause))
    suspendedSince = monotonicNanoseconds()
  }

  /// The same, as the channel answers.
  func suspended(_ text: String) async {
    let isKnown = suspendedSince != nil
    closed()
    refusal = (.suspended(text), .after(GatewayLimits.suspendedPause))
    guard !isKnown else { return }
    await surroundings.alerts.raise(
      .accountSuspended, about: accountID.text, account: accountID,
      Self.suspension(of: accountID, text))
  }

  static func suspension(of accountID: AccountID, _ text: String) -> String {
    "The channel has closed \(accountID) to us: \(text)"
  }

  /// The channel was not reached, or is out of order.
  private func unanswered(_ text: String) async {
    let verdict = breaker.failed(now: surroundings.store.clock.now())
    guard let pause = verdict.pause else { return }
    surroundings.metrics.breakerPauses.increment([accountID.text])
    self.pause(pause)
    guard verdict.isAlert, !isFailing else { return }
    isFailing = true
    await surroundings.alerts.raise(
      .syncFailing, about: accountID.text, account: accountID,
      "The channel does not answer \(accountID): \(text)")
  }

  private func answered() async {
    breaker.answered()
    guard isFailing else { return }
    isFailing = false
    await surroundings.alerts.resolve(.syncFailing, about: accountID.text, account: accountID)
  }

  /// Looks, for an account that makes no calls too, whether its token ends soon, or what only the merchant can renew.
  func lookAtToken() async {
    await refreshAhead()
    await lookAtAuthorisation()
  }

  /// Ends what an earlier run of the gateway has raised of the account; what still holds is raised again.
  func endOldAlerts() async {
    for kind in [AlertKind.syncFailing, .tokenExpiring, .tokenRefused, .accountSuspended] {
      await surroundings.alerts.resolve(kind, about: accountID.text, account: accountID)
    }
    await surroundings.alerts.resolve(
      .tokenExpiring, about: authorisationSubject, account: accountID)
  }

  /// A call that began at `start` worked. It says nothing of what has happened since.
  private func accepted(_ room: CallRoom?, since start: Int64) async {
    callWasTaken(room)
    await answered()
    if let since = suspendedSince, since < start {
      suspendedSince = nil
      refusal = nil
      await surroundings.alerts.resolve(
        .accountSuspended, about: accountID.text, account: accountID)
    }
    guard isRefused else { return }
    isRefused = false
    refusal = nil
    await surroundings.alerts.resolve(.tokenRefused, about: accountID.text, account: accountID)
  }

  /// An event came whose signature is wrong: an alert, but not one for each.
  func forged() async {
    if let last = lastForgedAlert, !last.isPast { return }
    lastForgedAlert = .after(GatewayLimits.forgedAlertEvery)
    await surroundings.alerts.raise(
      .signatureRefused, about: accountID.text, account: accountID,
      "Events for \(accountID) came with a wrong signature: forged, or the secret differs.")
  }
}

extension AccountSession {
  private var authorisationSubject: String { "\(accountID)/authorisation" }

  /// When the merchant must authorise us again: at the end of the authorisation, or of a token that nothing refreshes.
  private var authorisationEnd: Timestamp? {
    let credentials = connection.account.credentials
    let isRefreshable = credentials[ChannelAccount.refreshTokenName]?.isEmpty == false
    let name =
      isRefreshable ? ChannelAccount.authorisationEndName : ChannelAccount.accessTokenEndName
    return credentials[name].flatMap { Int64($0) }.map { Timestamp(seconds: $0) }
  }

  /// Tells days ahead that the merchant must authorise us again.
  private func lookAtAuthorisation() async {
    guard let end = authorisationEnd else { return }
    let isEnding = end - surroundings.store.clock.now() < GatewayLimits.authorisationAhead
    guard isEnding != isEndTold else { return }
    isEndTold = isEnding
    guard isEnding else {
      return await surroundings.alerts.resolve(
        .tokenExpiring, about: authorisationSubject, account: accountID)
    }
    await surroundings.alerts.raise(
      .tokenExpiring, about: authorisationSubject, account: accountID,
      "What the merchant has authorised \(accountID) for ends at \(end.rfc3339).")
  }

  /// Refreshes a token that ends soon. It still works for a while, so a failure is no failure of
  /// the call.
  private func refreshAhead() async {
    guard let text = connection.account.credentials[ChannelAccount.accessTokenEndName],
      let end = Int64(text),
      Timestamp(seconds: end) - surroundings.store.clock.now() < GatewayLimits.refreshAhead,
      nextRefreshAhead?.isPast ?? true
    else { return }
    do {
      try await refresh(insteadOf: connection.account.credentials)
    } catch {
      nextRefreshAhead = .after(GatewayLimits.refreshAgain)
      await surroundings.alerts.raise(
        .tokenExpiring, about: accountID.text, account: accountID,
        "The token of \(accountID) ends at \(Timestamp(seconds: end).rfc3339) and cannot be refreshed: \(error.text)"
      )
      surroundings.log.warning(
        "a token could not be refreshed ahead of its end",
        ["account": accountID, "error": error.text])
    }
  }

  /// Gets new tokens unless somebody has since `old` was read; all who ask meanwhile wait for the
  /// one refresh.
  func refresh(insteadOf old: [String: String]) async throws(ChannelError) {
    guard connection.account.credentials == old else { return }
    let task: Task<Result<Void, ChannelError>, Never>
    if let refreshing {
      task = refreshing
    } else {
      task = Task { await self.refreshNow() }
      refreshing = task
    }
    let result = await task.value
    if refreshing == task { refreshing = nil }
    return try result.get()
  }

  /// New tokens are durable before they are used: the old refresh token may be good only once.
  private func refreshNow() async -> Result<Void, ChannelError> {
    let old = connection.account.credentials
    do throws(ChannelError) {
      guard let changed = try await adapter.refreshCredentials(api: api()) else {
        throw .unauthorised("the access token is over and there is no way to refresh it")
      }
      // The merchant may have authorised us anew meanwhile: what came with that is newer.
      for (name, value) in changed where connection.account.credentials[name] == old[name] {
        connection.account.credentials[name] = value
      }
    } catch {
      return .failure(error.hiding(connection.account.credentials))
    }
    await surroundings.alerts.resolve(.tokenExpiring, about: accountID.text, account: accountID)
    await save()
    return .success(())
  }

  /// Makes the connection durable. When the store does not take it, the new tokens are used all the
  /// same, since the old ones are over; it is tried until it works.
  private func save() async {
    let now = surroundings.store.clock.now()
    connection.updateTime = max(now, connection.updateTime + .microseconds(1))
    guard await !isSaved(), !isUnsaved else { return }
    isUnsaved = true
    await surroundings.background.start("save \(accountID)") { await self.saveUntilItWorks() }
    await surroundings.alerts.raise(
      .tokensUnsaved, about: accountID.text, account: accountID,
      "New tokens of \(accountID) cannot be stored: do not stop the gateway before they are.")
  }

  private func isSaved() async -> Bool {
    do {
      try await surroundings.store.save(connection, surroundings.keys)
      return true
    } catch {
      surroundings.log.error(
        "a connection could not be stored", ["account": accountID, "error": "\(error)"])
      return false
    }
  }

  private func saveUntilItWorks() async {
    var attempt = 0
    while await !isSaved() {
      attempt += 1
      do {
        try await Task.sleep(for: GatewayLimits.peerBackoff.pause(attempt: attempt))
      } catch {
        return
      }
    }
    isUnsaved = false
    await surroundings.alerts.resolve(.tokensUnsaved, about: accountID.text, account: accountID)
  }
}
