internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Brings one account's listings to the numbers that they should show: the newest only, lowering
/// first, a few calls at once, within the account's rate.
actor AccountPusher {
  /// Where a listing waits. Raises wait until the account's events are taken in, then in `cleared`.
  enum Lane { case lower, raise, cleared, look }

  nonisolated let accountID: AccountID
  nonisolated let session: AccountSession
  let surroundings: Surroundings
  /// Tells this process's pushes from those of an earlier one.
  let nonce = UUIDText.random()
  var entries = KeyedTable<Entry>()
  /// By the number that they should show: zeros first, and what is nearest to nothing before the rest.
  var lower = NumberQueue<ListingID>()
  var cleared = NumberQueue<ListingID>()
  var raise: [ListingID] = []
  /// By what is read in one call, once all is known.
  var looks = GroupQueue<ListingID>()
  var isLooking = false
  private(set) var isAllKnown = false
  var dirty: Set<ListingID> = []
  /// What happened to listings and is not kept yet.
  var history: [HistoryRow] = []
  private let wakeUp = WakeUp()
  private var timeline = Timeline<ListingID>()
  private var armed: Deadline?
  /// Calls under way, those of them that have not chosen a batch yet, and those that raise.
  var senderCount = 0
  var choosingCount = 0
  var raiserCount = 0
  /// Listings to be read back, whether somebody is at it, and the share of pushes that none was chosen for.
  var readBackQueue = Queue<ListingID>()
  var isReadingBack = false
  var readBackDebt = 0.0
  /// Listings whose number moved since the reconciler asked.
  var touched: Set<ListingID> = []
  private var isClearing = false
  private var isSaving = false
  /// Those who wait until what is dirty now is kept.
  private var saveWaiters: [CheckedContinuation<Bool, Never>] = []
  private var isStopped = false

  struct Surroundings: Sendable {
    var store: GatewayStore
    var intake: WorkScheduler
    var alerts: AlertBook
    var metrics: GatewayMetrics
    var lag: LagBook
    var gate: RaiseGate
    var readBackShare: Double
    /// Whether somebody wants to know which numbers have moved.
    var keepsTouched = false
    var log: Log
  }

  init(_ session: AccountSession, _ surroundings: Surroundings) {
    accountID = session.accountID
    self.session = session
    self.surroundings = surroundings
  }

  var now: Timestamp { surroundings.store.clock.now() }

  /// Takes up what was kept over a restart; before the first `want`.
  func restore(_ rows: [PushRow]) {
    for row in rows {
      let entry = Entry(row.listingID, row.state)
      entry.isAlerted = !row.lastError.isEmpty
      entry.isLockAlerted = entry.isAlerted
      entries.insert(entry)
    }
  }

  // MARK: What is wanted

  func want(_ wants: [Want]) async {
    let now = now
    var unlinked: [ListingID] = []
    for want in wants {
      let id = want.listing.listingID
      let entry = entry(of: want.listing)
      if let quantity = want.quantity {
        _ = entry.state.want(quantity, version: want.version, commitTime: want.commitTime)
      } else if want.listing.components.isEmpty {
        entry.state.unlink()
        if entry.isAlerted || entry.isLockAlerted { unlinked.append(id) }
      } else {
        entry.state.withdraw()
      }
      file(id, now)
    }
    dirty.formUnion(unlinked)
    wakeUp()
    for id in unlinked { await endAlert(id) }
  }

  /// All listings and numbers have come that were there at the start.
  func setAllKnown() {
    isAllKnown = true
    wakeUp()
  }

  private func entry(of listing: PlannedListing) -> Entry {
    let known = entries[listing.listingID]
    let entry = known ?? Entry(listing.listingID, PushState())
    if known == nil { entries.insert(entry) }
    entry.key = listing.listingID
    entry.planned = listing
    return entry
  }

  /// Its number moved, or soon will.
  func touch(_ id: ListingID) {
    guard surroundings.keepsTouched, touched.count < GatewayLimits.touchedListings else { return }
    touched.insert(id)
  }

  func openIntake(_ id: ListingID, _ units: Quantity) {
    entries[id]?.state.takeIn(units)
    entries[id]?.state.openIntake()
    touch(id)
    file(id, now)
    wakeUp()
  }

  func closeIntake(_ id: ListingID) {
    entries[id]?.state.closeIntake()
    file(id, now)
    wakeUp()
  }

  func undoIntake(_ id: ListingID, _ units: Quantity) {
    entries[id]?.state.takeIn(-units)
    closeIntake(id)
  }

  /// Pushes a listing whatever was sent before; nil when it is not known or takes nothing.
  func repush(_ id: ListingID) -> PushState? {
    guard entries[id]?.state.wanted != nil else { return nil }
    entries[id]?.state.revive()
    entries[id]?.isAlone = false
    file(id, now)
    wakeUp()
    return entries[id]?.state
  }

  func state(_ id: ListingID) -> PushState? { entries[id]?.state }

  func counts() -> (pending: Int, dead: Int) {
    var pending = 0
    var dead = 0
    for entry in entries.values where entry.state.wanted != nil {
      if entry.state.isDead { dead += 1 } else if entry.state.isPending { pending += 1 }
    }
    return (pending, dead)
  }

  /// The lag of a listing's last pushes, to the acknowledgement and until they were read back.
  func lags(_ id: ListingID) -> (acknowledged: RecentSpans, readBack: RecentSpans) {
    (entries[id]?.lags ?? RecentSpans(), entries[id]?.readBackLags ?? RecentSpans())
  }

  /// The next listings after one, in the order of their IDs.
  func page(
    after id: String, limit: Int, where isAsked: @Sendable (PushState) -> Bool
  ) -> [(ListingID, PushState)] {
    entries.values.filter {
      $0.state.wanted != nil && $0.key.text > id && isAsked($0.state)
    }
    .sorted { $0.key < $1.key }.prefix(limit).map { ($0.key, $0.state) }
  }

  // MARK: The loop

  func run() async {
    await withDiscardingTaskGroup { group in
      for await _ in wakeUp.stream {
        lookAtTimers()
        startSenders(&group)
        startClearing(&group)
        startSaving(&group)
        startReadingBack(&group)
        startLooking(&group)
        arm(&group)
      }
      isStopped = true
      for waiter in takeWaiters() { waiter.resume(returning: false) }
      group.cancelAll()
    }
    _ = await save(takeDirty(), takeHistory())
  }

  func wake() { wakeUp() }

  private func startSenders(_ group: inout DiscardingTaskGroup) {
    let raiseRoom = max(0, GatewayLimits.raisesAtOnce - raiserCount)
    let workCount = lower.count + min(cleared.count, raiseRoom)
    while senderCount < GatewayLimits.pushesAtOnce, choosingCount < workCount {
      senderCount += 1
      choosingCount += 1
      group.addTask { await self.send() }
    }
  }

  /// Lets raises go once the account has caught up and its events that came in before them are taken in.
  private func startClearing(_ group: inout DiscardingTaskGroup) {
    guard !isClearing, !raise.isEmpty else { return }
    isClearing = true
    let waiting = raise
    raise = []
    let intake = surroundings.intake
    let gate = surroundings.gate
    let accountID = accountID
    group.addTask {
      await gate.wait(accountID)
      await intake.caughtUp(accountID, atMost: GatewayLimits.raiseWait)
      await self.clear(waiting)
    }
  }

  private func clear(_ waiting: [ListingID]) {
    isClearing = false
    let now = now
    for id in waiting {
      guard let entry = entries[id], entry.lane == .raise else { continue }
      if !entry.isHeld, need(entry, now) == .raise {
        entry.lane = .cleared
        cleared.set(id, to: entry.number)
      } else {
        entry.lane = nil
        file(id, now)
      }
    }
    wakeUp()
  }

  /// What is to be done about a listing. One that cannot be looked at, or not with others, goes the way of raises.
  func need(_ entry: Entry, _ now: Timestamp) -> PushState.Need {
    let need = entry.state.need(now)
    let canLook = session.adapter.traits.readsStock && !entry.isAlone
    return need == .look && !canLook ? .raise : need
  }

  /// Puts a listing where it belongs now.
  func file(_ id: ListingID, _ now: Timestamp) {
    guard let entry = entries[id], !entry.isHeld else { return }
    switch need(entry, now) {
    case .nothing:
      entry.lane = nil
      if let time = entry.state.wakeTime, time > now, entry.timer.map({ time < $0 }) ?? true {
        entry.timer = time
        timeline.add(id, at: .after(time - now))
      }
    case .lower:
      entry.lane = .lower
      lower.set(id, to: entry.number)
    case .raise:
      if entry.lane == .cleared { return cleared.set(id, to: entry.number) }
      guard entry.lane != .raise else { return }
      entry.lane = .raise
      raise.append(id)
    case .look:
      guard entry.lane != .look else { return }
      entry.lane = .look
      looks.append(id, to: session.adapter.readKey(entry.listing))
    }
  }

  private func lookAtTimers() {
    let now = now
    while let id = timeline.takeDue() {
      entries[id]?.timer = nil
      file(id, now)
    }
  }

  private func arm(_ group: inout DiscardingTaskGroup) {
    guard let time = timeline.next, armed.map({ time < $0 || $0.isPast }) ?? true else { return }
    armed = time
    let wakeUp = wakeUp
    group.addTask {
      // It ends early only when all ends.
      try? await Task.sleep(for: time.remaining)
      wakeUp()
    }
  }

  // MARK: What is kept

  private func takeDirty() -> [PushRow] {
    let rows = dirty.compactMap { id in entries[id].map { PushRow(id, accountID, $0.state) } }
    dirty.removeAll(keepingCapacity: dirty.count < GatewayLimits.storePage)
    return rows
  }

  private func takeHistory() -> [HistoryRow] {
    defer { history = [] }
    return history
  }

  /// One at a time: an older row never replaces a newer one.
  private func startSaving(_ group: inout DiscardingTaskGroup) {
    guard !isSaving, !dirty.isEmpty || !history.isEmpty else { return }
    isSaving = true
    let rows = takeDirty()
    let history = takeHistory()
    let waiters = takeWaiters()
    group.addTask {
      let isKept = await self.save(rows, history)
      for waiter in waiters { waiter.resume(returning: isKept) }
      await self.saved()
    }
  }

  private func takeWaiters() -> [CheckedContinuation<Bool, Never>] {
    defer { saveWaiters = [] }
    return saveWaiters
  }

  /// Waits until these are kept as they are now; false when they cannot be.
  func isKept(_ ids: [ListingID]) async -> Bool {
    guard !isStopped else { return false }
    dirty.formUnion(ids)
    return await withCheckedContinuation { continuation in
      saveWaiters.append(continuation)
      wakeUp()
    }
  }

  private func saved() {
    isSaving = false
    if !dirty.isEmpty || !history.isEmpty { wakeUp() }
  }

  private func save(_ rows: [PushRow], _ history: [HistoryRow]) async -> Bool {
    guard !rows.isEmpty || !history.isEmpty else { return true }
    do {
      try await surroundings.store.save(rows, history)
      return true
    } catch {
      surroundings.log.warning(
        "pushes could not be kept", ["account": accountID, "error": "\(error)"])
      return false
    }
  }
}
