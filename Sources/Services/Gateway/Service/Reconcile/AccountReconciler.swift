internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Reads back what one account's listings show, on a schedule and when somebody asks, with calls that nobody else misses; finds
/// out which of them drift, and has them set right.
actor AccountReconciler {
  nonisolated let accountID: AccountID
  nonisolated let surroundings: Surroundings
  /// Listings that showed another number than they should, and when they are read again.
  var watches: [ListingID: DriftWatch] = [:]
  var looks = NumberQueue<ListingID>()
  /// The drifts that are open.
  var drifts: [ListingID: DriftRow] = [:]
  /// Listings whose number moves or is nearly nothing, and when they are read again.
  private var soon = NumberQueue<ListingID>()
  var row: ReconcilePassRow?
  /// What the pass reads, and how far it is with that.
  private var order: [ListingID] = []
  private var places = PassPlaces(count: 0)
  /// What an earlier run has read of it.
  private var doneBefore = 0
  /// Listings that are being read.
  private var underWay: Set<ListingID> = []
  /// Which pass it is: a call of an earlier one does nothing for it.
  private var passNumber = 0
  private var isLoaded = false
  private var isResumed = false
  private var isAtWork = false
  private var savedTime = Timestamp.zero
  private var shownTime = Timestamp.zero
  /// After a reading that failed.
  private var pausedUntil = Timestamp.zero
  private let wakeUp = WakeUp()

  struct Surroundings: Sendable {
    var pusher: AccountPusher
    var store: GatewayStore
    var intake: WorkScheduler
    var plan: Reconciler.Plan
    var metrics: ReconcileMetrics
    var log: Log
    /// Whether everything is known that numbers are worked out from.
    var isReady: @Sendable () async -> Bool
  }

  init(_ surroundings: Surroundings) {
    accountID = surroundings.pusher.accountID
    self.surroundings = surroundings
  }

  nonisolated var readsStock: Bool { surroundings.pusher.session.adapter.traits.readsStock }
  var session: AccountSession { surroundings.pusher.session }
  var pusher: AccountPusher { surroundings.pusher }
  var now: Timestamp { surroundings.store.clock.now() }

  func run() async {
    let wakeUp = wakeUp
    await withDiscardingTaskGroup { group in
      group.addTask {
        while !Task.isCancelled {
          wakeUp()
          do { try await Task.sleep(for: GatewayLimits.reconcileTick) } catch { return }
        }
      }
      for await _ in wakeUp.stream { await round() }
      group.cancelAll()
    }
    await keepPass()
  }

  nonisolated func wake() { wakeUp() }

  // MARK: What is asked of it

  /// How far it is.
  struct Progress: Sendable {
    var pass: ReconcilePass?
    var openCount: Int
    var oldest: Timestamp?
  }

  func progress() async -> Progress {
    _ = await load()
    return Progress(
      pass: row?.pass, openCount: drifts.count, oldest: await pusher.oldestReadTime())
  }

  /// Starts a pass, unless one that was asked for is on; false while not all is known that is to be read.
  func start() async -> Bool {
    guard await surroundings.isReady(), await load() else { return false }
    if let pass = row?.pass, pass.isAsked, pass.finishTime == nil { return true }
    await beginPass(isAsked: true)
    wakeUp()
    return true
  }

  // MARK: Rounds

  /// Does what is due; false when it is at it already, or not all is known yet.
  @discardableResult
  func round() async -> Bool {
    guard !isAtWork, readsStock else { return false }
    isAtWork = true
    defer { isAtWork = false }
    guard await surroundings.isReady(), await load() else { return false }
    if !isResumed { await resume() }
    await takeTouched()
    if isPassDue { await beginPass(isAsked: false) }
    guard await readWhatIsDue() else { return false }
    if now - shownTime >= GatewayLimits.reconcileShowEvery { await showFigures() }
    return true
  }

  /// Several calls at once, since an answer takes longer than the next turn; false when all ends.
  private func readWhatIsDue() async -> Bool {
    let atOnce = GatewayLimits.readingsAtOnce(of: session.adapter.readBatch)
    return await withTaskGroup(of: Void.self) { group in
      var callCount = 0
      while !Task.isCancelled {
        let isDue = now >= pausedUntil && isAnythingDue
        guard isDue, callCount < atOnce else {
          guard callCount > 0 else { return true }
          // One that has failed leaves something to be read again.
          await group.next()
          callCount -= 1
          continue
        }
        guard await session.waitForSpare() else { return false }
        guard let call = await nextCall() else {
          await session.giveBack()
          continue
        }
        callCount += 1
        group.addTask { await self.make(call) }
      }
      return false
    }
  }

  private var isAnythingDue: Bool {
    let now = now.microseconds
    if let look = looks.first, look.number <= now { return true }
    if let next = soon.first, next.number <= now { return true }
    return isPassGoingOn
  }

  private var isPassGoingOn: Bool {
    guard var pass = row?.pass, pass.finishTime == nil, places.hasMore else { return false }
    pass.doneCount += places.takenCount
    return pass.nextTime(within: surroundings.plan.span) <= now
  }

  private var isPassDue: Bool {
    guard let span = surroundings.plan.span else { return false }
    guard let pass = row?.pass else { return true }
    return pass.finishTime != nil && now - pass.startTime >= span
  }

  private func takeTouched() async {
    guard let span = surroundings.plan.soon else { return }
    let earliest = now + DriftWatch.secondLook
    for (id, readTime) in await pusher.takeTouched()
    where !soon.contains(id) && soon.count < GatewayLimits.touchedListings {
      soon.set(id, to: max(earliest, (readTime ?? .zero) + span).microseconds)
    }
  }

  // MARK: Calls

  /// Listings that are read in one call, and what they are read for.
  private struct Call {
    var asked: [Asked]
    /// What it does of which pass.
    var places: Range<Int>?
    var passNumber = 0
  }

  /// What is most urgent: what may be a drift, then what moves, then the pass. Nil when there is nothing to be read after all.
  private func nextCall() async -> Call? {
    guard var call = await mostUrgent() else { return nil }
    // What is being read needs no second reading.
    call.asked = call.asked.filter { underWay.insert($0.id).inserted }
    guard call.asked.isEmpty else { return call }
    await advance(call)
    return nil
  }

  private func mostUrgent() async -> Call? {
    let now = now
    let looking = Self.takeDue(&looks, now)
    if !looking.isEmpty {
      // What cannot be read now is looked at again a little later.
      for place in looking { looks.set(place, to: (now + DriftWatch.secondLook).microseconds) }
      let (asked, others) = await pusher.oneCall(of: looking)
      for id in others { looks.set(id, to: now.microseconds) }
      await forget(looking)
      return asked.isEmpty ? nil : Call(asked: asked)
    }
    let moving = Self.takeDue(&soon, now)
    if !moving.isEmpty {
      let (asked, others) = await pusher.oneCall(of: moving)
      for id in others { soon.set(id, to: now.microseconds) }
      return asked.isEmpty ? nil : Call(asked: asked)
    }
    return isPassGoingOn ? await nextOfPass() : nil
  }

  private static func takeDue(
    _ queue: inout NumberQueue<ListingID>, _ now: Timestamp
  ) -> [ListingID] {
    var due: [ListingID] = []
    while due.count < GatewayLimits.batchSearch, let first = queue.first,
      first.number <= now.microseconds
    {
      _ = queue.popFirst()
      due.append(first.element)
    }
    return due
  }

  private func nextOfPass() async -> Call? {
    guard let range = places.take(session.adapter.readBatch) else { return nil }
    let number = passNumber
    let (asked, others) = await pusher.oneCall(of: Array(order[range]))
    guard number == passNumber else { return nil }
    // The order stands by what goes into one call, so the others come after.
    let count = range.count - others.count
    places.giveBack(range, keeping: count)
    return Call(asked: asked, places: range.prefix(count), passNumber: number)
  }

  private func make(_ call: Call) async {
    await read(call)
    for one in call.asked { underWay.remove(one.id) }
  }

  private func read(_ call: Call) async {
    let wasCurrent = await surroundings.intake.isFinished(accountID)
    let found: [Quantity?]
    do throws(ChannelError) {
      found = try await session.readSpare(call.asked.map(\.listing))
    } catch {
      return await failed(call, error)
    }
    let isCurrent = await surroundings.intake.isFinished(accountID)
    for finding in await pusher.compare(
      call.asked, found, isCurrent: wasCurrent && isCurrent)
    {
      await take(finding)
    }
    await advance(call)
  }

  private func failed(_ call: Call, _ error: ChannelError) async {
    surroundings.metrics.readings.increment(
      [accountID.text, "failed"], by: Double(call.asked.count))
    surroundings.log.debug(
      "listings could not be read back", ["account": accountID, "error": error.text])
    switch error {
    case .notFound, .refused:
      // They are skipped: the others must not wait for what nobody can read.
      await advance(call)
    case .unavailable, .rateLimited, .tokenExpired, .unauthorised, .malformed, .suspended:
      pausedUntil = now + GatewayLimits.reconcilePause
      if let range = call.places {
        if call.passNumber == passNumber { places.giveBack(range) }
      } else {
        for one in call.asked { soon.set(one.id, to: pausedUntil.microseconds) }
      }
    }
    for one in call.asked { putOff(one.id) }
  }

  /// A listing that is watched is looked at again.
  private func putOff(_ id: ListingID) {
    guard watches[id] != nil else { return }
    watches[id]?.putOff(now: now)
    schedule(id)
  }

  func schedule(_ id: ListingID) {
    guard let watch = watches[id] else { return }
    looks.set(id, to: watch.nextTime.microseconds)
  }

  private func take(_ finding: AccountPusher.Finding) async {
    let id = finding.asked.id
    let result: String
    switch finding.kind {
    case .withdrawn:
      result = "withdrawn"
      await end(id)
    case .unclear:
      result = "unclear"
      putOff(id)
    case .agrees(let should):
      result = "agrees"
      await end(id)
      if let span = surroundings.plan.soon, (1...GatewayLimits.nearZero).contains(should),
        soon.count < GatewayLimits.touchedListings
      {
        soon.set(id, to: (now + span).microseconds)
      }
    case .differs(let reading):
      result = reading.shown == nil ? "gone" : "differs"
      await differs(finding, reading)
    }
    surroundings.metrics.readings.increment([accountID.text, result])
  }

  /// What is not a listing any more is not looked at.
  private func forget(_ ids: [ListingID]) async {
    for id in ids where await pusher.state(id)?.wanted == nil {
      await end(id)
    }
  }

  // MARK: The pass

  private func beginPass(isAsked: Bool) async {
    let all = await readingOrder(after: nil)
    guard !all.isEmpty || isAsked else { return }
    order = all
    places = PassPlaces(count: all.count)
    doneBefore = 0
    passNumber += 1
    row = ReconcilePassRow(
      pass: ReconcilePass(startTime: now, listingCount: all.count, isAsked: isAsked),
      cursor: ReadingPlace(), previousStartTime: row?.pass.startTime)
    await savePass()
    if all.isEmpty { await finishPass() }
  }

  /// The listings that take something from the pool, so that those that go into one call stand together. There are many, and
  /// the pusher has more urgent things to do than to put them in order.
  private func readingOrder(after place: ReadingPlace?) async -> [ListingID] {
    let adapter = session.adapter
    return await pusher.readable().map { id, listing in
      ReadingPlace(key: adapter.readKey(listing.channelListing), listingID: id)
    }
    .filter { own in place.map { own > $0 } ?? true }.sorted().map(\.listingID)
  }

  /// A call is over, whatever it has found.
  private func advance(_ call: Call) async {
    guard let range = call.places, call.passNumber == passNumber else { return }
    places.finish(range)
    row?.pass.doneCount += range.count
    if places.isFinished { return await finishPass() }
    if now - savedTime >= GatewayLimits.reconcileSaveEvery { await keepPass() }
  }

  private func finishPass() async {
    guard let pass = row?.pass, pass.finishTime == nil else { return }
    row?.pass.finishTime = now
    order = []
    places = PassPlaces(count: 0)
    surroundings.metrics.passSeconds.set((now - pass.startTime).inSeconds, [accountID.text])
    await savePass()
    await showFigures()
  }

  /// Keeps how far the pass is; what was read behind a call that is still under way is read again.
  private func keepPass() async {
    let number = passNumber
    let count = places.readThrough
    if row?.pass.finishTime == nil, count > 0 {
      let place = await pusher.readingPlace(of: order[count - 1])
      guard number == passNumber, row?.pass.finishTime == nil else { return }
      row?.cursor = place
    }
    await savePass(doneCount: doneBefore + count)
  }

  private func savePass(doneCount: Int? = nil) async {
    guard var row else { return }
    if row.pass.finishTime == nil, let doneCount { row.pass.doneCount = doneCount }
    savedTime = now
    do {
      try await surroundings.store.save(row, of: accountID)
    } catch {
      // It begins again from what was kept last; nothing is read too seldom by that.
      surroundings.log.warning(
        "a pass could not be kept", ["account": accountID, "error": "\(error)"])
    }
  }

  /// Takes up what an earlier run left; false while the store cannot be read.
  private func load() async -> Bool {
    guard !isLoaded else { return true }
    do {
      let known = try await surroundings.store.openDrifts(of: accountID)
      let row = try await surroundings.store.pass(of: accountID)
      guard !isLoaded else { return true }
      isLoaded = true
      for drift in known {
        drifts[drift.listingID] = drift
        let reading = DriftWatch.Reading(
          shown: drift.shown, should: drift.should, intakeCount: 0, isCurrent: true)
        watches[drift.listingID] = DriftWatch(known: reading, since: drift.firstTime, now: now)
        schedule(drift.listingID)
      }
      self.row = row
      doneBefore = row?.pass.doneCount ?? 0
      return true
    } catch {
      surroundings.log.warning(
        "drifts could not be read", ["account": accountID, "error": "\(error)"])
      return false
    }
  }

  /// Goes on with the pass that a stop has cut off, as soon as all listings are known.
  private func resume() async {
    let number = passNumber
    if let row {
      await pusher.setRead(
        through: row.pass.finishTime == nil ? row.cursor : .last, at: row.pass.startTime,
        others: row.previousStartTime)
      let rest = await readingOrder(after: row.cursor)
      if number == passNumber, row.pass.finishTime == nil {
        order = rest
        places = PassPlaces(count: rest.count)
        if rest.isEmpty { await finishPass() }
      }
    }
    isResumed = true
  }

  func showFigures() async {
    shownTime = now
    showDrifts()
    if let oldest = await pusher.oldestReadTime() {
      surroundings.metrics.oldest.set((now - oldest).inSeconds, [accountID.text])
    }
  }

  func showDrifts() {
    let labels = [accountID.text]
    surroundings.metrics.open.set(Double(drifts.count), labels)
    let units = drifts.values.reduce(0) { $0 + abs(max(0, $1.shown ?? 0) - $1.should) }
    surroundings.metrics.units.set(Double(units), labels)
  }
}
