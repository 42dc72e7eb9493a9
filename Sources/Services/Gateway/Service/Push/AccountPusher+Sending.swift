internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

extension AccountPusher {
  /// Waits for a turn, chooses what is most urgent then, and pushes it with its newest number.
  func send() async {
    let hasTurn = (try? await session.acquirePush()) != nil
    choosingCount -= 1
    let (batch, raises) = hasTurn ? takeBatch() : ([], false)
    if batch.isEmpty {
      if hasTurn { await session.giveBack() }
    } else {
      if raises { raiserCount += 1 }
      await push(batch, raises: raises)
      if raises { raiserCount -= 1 }
      let now = now
      for id in batch {
        entries[id]?.isHeld = false
        file(id, now)
      }
    }
    senderCount -= 1
    wake()
  }

  /// Takes listings that go in one call: those that lower first, and of these the smallest numbers.
  private func takeBatch() -> (batch: [ListingID], raises: Bool) {
    let now = now
    let batch = fill(from: .lower, now)
    guard batch.isEmpty else { return (batch, false) }
    guard raiserCount < GatewayLimits.raisesAtOnce else { return ([], false) }
    return (fill(from: .cleared, now), true)
  }

  private func fill(from lane: Lane, _ now: Timestamp) -> [ListingID] {
    var batch: [ListingID] = []
    var others: [NumberQueue<ListingID>.Place] = []
    let room = session.adapter.traits.pushBatch
    while batch.count < room, others.count < GatewayLimits.batchSearch,
      let place = lane == .lower ? lower.popFirst() : cleared.popFirst()
    {
      let id = place.element
      guard let entry = entries[id], entry.lane == lane, !entry.isHeld else { continue }
      guard need(entry, now) == (lane == .cleared ? .raise : .lower) else {
        entry.lane = nil
        file(id, now)
        continue
      }
      guard fits(entry, batch) else {
        others.append(place)
        continue
      }
      entry.lane = nil
      entry.isHeld = true
      batch.append(id)
      if entry.isAlone { break }
    }
    for place in others { lane == .lower ? lower.putBack(place) : cleared.putBack(place) }
    return batch
  }

  private func fits(_ entry: Entry, _ batch: [ListingID]) -> Bool {
    guard let first = batch.first, let other = entries[first] else { return true }
    let adapter = session.adapter
    return !entry.isAlone && !other.isAlone
      && adapter.groupKey(entry.listing) == adapter.groupKey(other.listing)
  }

  private typealias Push = (id: ListingID, push: StockPush)

  private func push(_ batch: [ListingID], raises: Bool) async {
    guard let readings = await readings(batch, raises: raises) else { return }
    // A reading, and the way to the scheduler, take time: what has changed meanwhile is left out
    // and comes again.
    let isWaiting = batch.contains { entries[$0]?.state.isKeptDown ?? false }
    let hasOpenEvents = isWaiting ? await !surroundings.intake.isFinished(accountID) : false
    let now = now
    var pushes: [Push] = []
    var risen: [ListingID] = []
    for id in batch {
      guard let entry = entries[id] else { continue }
      let need = need(entry, now)
      guard need == .lower || (need == .raise && raises) else { continue }
      let reading = readings[id]
      if let reading, reading.intakeCount != entry.state.intakeCount { continue }
      switch entry.state.decide(shown: reading?.shown, hasOpenEvents: hasOpenEvents, now: now) {
      case .settled:
        entry.serial &+= 1
        entry.isAlone = false
        dirty.insert(id)
        await endAlert(id)
      case .push(let quantity, let expected):
        if entry.state.isRaised(by: quantity) { risen.append(id) }
        entry.state.begin(quantity, at: now)
        let key = key(id, entry, quantity, expected)
        let push = StockPush(
          listing: entry.listing, quantity: quantity, expected: expected, idempotencyKey: key)
        pushes.append((id, push))
      }
    }
    guard !pushes.isEmpty else { return await session.giveBack() }
    if await keep(risen, of: pushes) { await make(pushes) }
  }

  /// What a listing shows, and how many sales had been taken in when it was asked for.
  private struct Reading {
    var shown: Quantity?
    var intakeCount: Int
  }

  /// Reads what must be read and waits for the next turn; nil when there is nothing to go on with.
  private func readings(
    _ batch: [ListingID], raises: Bool
  ) async -> [ListingID: Reading]? {
    let traits = session.adapter.traits
    guard traits.readsStock else { return [:] }
    let toRead = batch.filter {
      entries[$0]?.state.wantsReading(raises: raises, comparesStock: traits.comparesStock) ?? false
    }
    guard !toRead.isEmpty else { return [:] }
    let intakeCounts = toRead.map { entries[$0]?.state.intakeCount ?? 0 }
    guard let found = await read(toRead) else { return nil }
    for id in toRead {
      remember(id, shown: found[id], now)
      await seen(id, found[id], now)
    }
    guard (try? await session.acquirePush()) != nil else { return nil }
    var readings: [ListingID: Reading] = [:]
    for (id, count) in zip(toRead, intakeCounts) {
      readings[id] = Reading(shown: found[id], intakeCount: count)
    }
    return readings
  }

  /// Makes it durable how much the channel may show, before it does: after a restart a raise whose
  /// answer nobody heard must not be unknown. Lowering pushes do not wait for it.
  private func keep(_ risen: [ListingID], of pushes: [Push]) async -> Bool {
    if risen.isEmpty { return true }
    if await isKept(risen) { return true }
    await session.giveBack()
    let now = now
    for push in pushes {
      let pause = GatewayLimits.pushBackoff.pause(attempt: attempt(push.id))
      await finish(
        push.id, .retry("the store takes nothing", after: pause, mayHaveArrived: false), now)
    }
    return false
  }

  private func key(
    _ id: ListingID, _ entry: Entry, _ quantity: Quantity, _ expected: Quantity?
  ) -> String {
    let version = entry.state.wantedVersion
    let shown = expected.map { "\($0)" } ?? "-"
    return UUIDText.derived(
      from: "\(nonce) \(id) \(version.pool) \(version.mapping) \(entry.serial) \(quantity) \(shown)"
    )
  }

  /// What listings show; nil when the channel did not answer, which puts the raises off.
  private func read(_ ids: [ListingID]) async -> [ListingID: Quantity]? {
    let listings = ids.compactMap { entries[$0]?.listing }
    let session = session
    do throws(ChannelError) {
      let found = try await session.callNow { api async throws(ChannelError) in
        try await session.adapter.readStock(listings, api: api)
      }
      guard found.count == ids.count else {
        throw .malformed("\(found.count) numbers for \(ids.count) listings")
      }
      var shown: [ListingID: Quantity] = [:]
      for (id, number) in zip(ids, found) { shown[id] = number }
      return shown
    } catch {
      switch error {
      case .notFound, .refused:
        // It cannot be read, so it cannot be subtracted either; the push will tell more.
        return [:]
      case .unavailable, .rateLimited, .tokenExpired, .unauthorised, .suspended, .malformed:
        let now = now
        for id in ids {
          // Outside of the change below: both look at the entries.
          let pause = GatewayLimits.pushBackoff.pause(attempt: attempt(id))
          entries[id]?.state.putOff(error.text, until: now + pause)
          await alertIfStuck(id, error.text)
        }
        return nil
      }
    }
  }

  private func attempt(_ id: ListingID) -> Int { (entries[id]?.state.attemptCount ?? 0) + 1 }

  private func make(_ pushes: [Push]) async {
    let session = session
    let values = pushes.map(\.push)
    let outcomes: [PushState.Outcome]
    do throws(ChannelError) {
      let results = try await session.callNow(isPush: true) { api async throws(ChannelError) in
        try await session.adapter.pushStock(values, api: api)
      }
      guard results.count == pushes.count else {
        throw .malformed("\(results.count) results for \(pushes.count) pushes")
      }
      let credentials = await session.connection.account.credentials
      outcomes = zip(pushes, results.map { $0.hiding(credentials) }).map {
        outcome($1, attempt($0.id))
      }
    } catch {
      outcomes = pushes.map { outcome(error, $0.id, of: pushes.count) }
    }
    let now = now
    for (push, outcome) in zip(pushes, outcomes) { await finish(push.id, outcome, now) }
  }

  private func outcome(_ result: PushResult, _ attempt: Int) -> PushState.Outcome {
    switch result {
    case .acknowledged: .acknowledged
    case .stale(let shown): .stale(shown: shown)
    case .retry(let text, let after):
      .retry(
        text, after: max(after ?? .zero, GatewayLimits.pushBackoff.pause(attempt: attempt)),
        mayHaveArrived: false)
    case .locked(let text): .locked(text)
    case .refused(let text): .refused(text)
    }
  }

  private func outcome(
    _ error: ChannelError, _ id: ListingID, of count: Int
  ) -> PushState.Outcome {
    let pause = GatewayLimits.pushBackoff.pause(attempt: attempt(id))
    switch error {
    case .unavailable, .malformed:
      return .retry(error.text, after: pause, mayHaveArrived: true)
    case .rateLimited(let after):
      return .retry(error.text, after: after ?? pause, mayHaveArrived: false)
    case .tokenExpired:
      return .retry(error.text, after: pause, mayHaveArrived: false)
    case .unauthorised:
      return .retry(error.text, after: GatewayLimits.unauthorisedPause, mayHaveArrived: false)
    case .suspended:
      return .retry(error.text, after: GatewayLimits.suspendedPause, mayHaveArrived: false)
    case .notFound, .refused:
      guard count > 1 else { return .refused(error.text) }
      // One of them is wrong; each is tried alone to find out which.
      entries[id]?.isAlone = true
      return .retry(error.text, after: .zero, mayHaveArrived: false)
    }
  }

  private func finish(_ id: ListingID, _ outcome: PushState.Outcome, _ now: Timestamp) async {
    guard let entry = entries[id] else { return }
    remember(id, outcome, entry.state, now)
    let span = entry.state.finish(outcome, now: now)
    switch outcome {
    case .retry(_, _, let mayHaveArrived):
      // A try of a push that may have arrived has the same idempotency key.
      if !mayHaveArrived { entry.serial &+= 1 }
    case .acknowledged:
      entry.serial &+= 1
      entry.isAlone = false
      entry.isSeen = false
      touch(id)
    case .refused, .stale, .locked:
      entry.serial &+= 1
    }
    dirty.insert(id)
    surroundings.metrics.pushes.increment([accountID.text, outcome.label])
    if let span {
      surroundings.metrics.lagSeconds.observe(span, [accountID.text])
      acknowledged(id, after: span, now)
      await surroundings.lag.addPush(span, account: accountID, channel: session.channelID)
    }
    switch outcome {
    case .acknowledged: await endAlert(id)
    case .refused(let text): await alert(id, text)
    case .retry(let text, _, _): await alertIfStuck(id, text)
    case .locked(let text): await locked(id, text)
    case .stale: await alertIfStuck(id, "the channel's number keeps changing")
    }
  }

  /// Whatever the reason: an operator must know of a listing whose number is not set for long.
  private func alertIfStuck(_ id: ListingID, _ text: String) async {
    guard let entry = entries[id], !entry.isAlerted,
      entry.state.attemptCount >= GatewayLimits.pushAttemptsUntilAlert
    else { return }
    await alert(id, text)
  }

  private func alert(_ id: ListingID, _ text: String) async {
    // Of one that was unlinked while the channel was asked nobody needs to know.
    guard let entry = entries[id], entry.state.wanted != nil else { return }
    entry.isAlerted = true
    await surroundings.alerts.raise(
      .pushFailed, about: id.text, account: accountID,
      "The stock of listing \(id) cannot be set: \(text)")
  }

  func endAlert(_ id: ListingID) async {
    guard let entry = entries[id] else { return }
    if entry.isAlerted {
      entry.isAlerted = false
      await surroundings.alerts.resolve(.pushFailed, about: id.text, account: accountID)
    }
    if entry.isLockAlerted {
      entry.isLockAlerted = false
      await surroundings.alerts.resolve(.promotionLock, about: id.text, account: accountID)
    }
  }
}

extension PushState.Outcome {
  fileprivate var label: String {
    switch self {
    case .acknowledged: "acknowledged"
    case .stale: "stale"
    case .retry: "retry"
    case .locked: "locked"
    case .refused: "refused"
    }
  }
}
