internal import GatewayDomain
internal import Kit
internal import Primitives

/// Brings accounts back to where they would be if nobody had been away: their polls are gathered, what they found takes effect in
/// the order of the channels' clocks, their raises wait for it, and a verdict says what it has cost.
///
/// One is open at a time; an account that comes later joins it. It is durable from its begin on, and goes on after a stop.
actor CatchUps {
  private struct Episode {
    var row: CatchUpRow
    /// Accounts that are waited for, at most until `end`.
    var expected: Set<AccountID>
    var gatherEnd: Deadline
    var end: Deadline
    /// Changes of each account that have not been tried yet.
    var openCounts: [AccountID: Int] = [:]

    /// Nobody is waited for any more.
    var isOver: Bool { expected.isEmpty || end.isPast }
  }

  nonisolated let line = CatchUpLine()
  nonisolated let gate = RaiseGate()
  private let store: GatewayStore
  private let intake: WorkScheduler
  private let judge: CatchUpJudge
  private let log: Log
  private let signal = FeedSignal()
  private var episode: Episode?
  /// Who is to come, before anybody has.
  private var expected: Set<AccountID> = []
  /// The beginning or the end of one is being stored; who comes then waits for it.
  private var isChanging = false
  /// Tries of the verdict that is to be given.
  private var judgeAttempts = 0

  init(store: GatewayStore, intake: WorkScheduler, judge: CatchUpJudge, log: Log) {
    self.store = store
    self.intake = intake
    self.judge = judge
    self.log = log
  }

  /// Accounts that will come: their raises wait from now on.
  func expect(_ accounts: [AccountID]) async {
    expected.formUnion(accounts)
    for account in accounts { await gate.close(account, atMost: GatewayLimits.catchUpWait) }
  }

  /// Takes up what a stop has cut off.
  func resume() async throws {
    guard let row = try await store.openCatchUp() else { return }
    begin(row)
    let changes = try await store.openChanges(of: row.catchUpID)
    await add(changes)
  }

  /// An account is about to ask for what it has missed.
  ///
  /// - Returns: the catch-up that its changes belong to; nil when the store takes nothing.
  func join(_ accountID: AccountID, wellTime: Timestamp) async -> Int64? {
    await gate.close(accountID, atMost: GatewayLimits.catchUpWait)
    while isChanging {
      let seen = signal.latest
      await signal.wait(past: seen)
      if Task.isCancelled { return nil }
    }
    do {
      if episode == nil {
        isChanging = true
        defer { endChange() }
        begin(try await store.beginCatchUp(wellTime, CatchUpVerdict()))
      }
      return try await enter(accountID, wellTime)
    } catch {
      log.error("a catch-up could not be stored", ["account": accountID, "error": "\(error)"])
      return nil
    }
  }

  private func begin(_ row: CatchUpRow) {
    episode = Episode(
      row: row, expected: expected, gatherEnd: .after(GatewayLimits.catchUpGather),
      end: .after(GatewayLimits.catchUpLongest))
    expected = []
    signal.raise()
  }

  private func endChange() {
    isChanging = false
    signal.raise()
  }

  private func enter(_ accountID: AccountID, _ wellTime: Timestamp) async throws -> Int64? {
    guard var open = episode else { return nil }
    open.expected.insert(accountID)
    let isNew = place(of: accountID) == nil
    if isNew {
      open.row.verdict.accounts.append(
        CatchUpVerdict.Account(accountID: accountID.text, wellTime: wellTime))
      open.row.startTime = min(open.row.startTime, wellTime)
    }
    episode = open
    if isNew { try await store.save(open.row) }
    return open.row.catchUpID
  }

  func add(_ changes: [PolledChange]) async {
    for change in changes { episode?.openCounts[change.job.accountID, default: 0] += 1 }
    await line.add(changes)
    signal.raise()
  }

  /// The account has asked for all that it has missed, or could not.
  func arrived(_ accountID: AccountID, isComplete: Bool) async {
    episode?.expected.remove(accountID)
    if isComplete, let place = place(of: accountID) {
      episode?.row.verdict.accounts[place].isComplete = true
    }
    // One that came too late for its catch-up has no other to wait for.
    if isComplete, episode == nil { await gate.open(accountID) }
    await openIfDone(accountID)
    signal.raise()
  }

  private func place(of accountID: AccountID) -> Int? {
    episode?.row.verdict.accounts.firstIndex { $0.accountID == accountID.text }
  }

  /// Raises go once all that the account has missed was tried.
  private func openIfDone(_ accountID: AccountID) async {
    guard let open = episode, let place = place(of: accountID),
      open.row.verdict.accounts[place].isComplete, open.openCounts[accountID, default: 0] == 0
    else { return }
    await gate.open(accountID)
  }

  // MARK: Its course

  /// Runs catch-ups until the task is cancelled; `reload` takes up what found no room.
  func run(_ reload: @Sendable () async -> Void) async {
    while !Task.isCancelled {
      let seen = signal.latest
      guard let open = episode else {
        // What came too late for its catch-up takes effect all the same.
        await release()
        await signal.wait(past: seen)
        continue
      }
      if !open.expected.isEmpty, !open.gatherEnd.isPast {
        await signal.wait(past: seen, atMost: open.gatherEnd.remaining)
        continue
      }
      await release()
      guard let now = episode, !Task.isCancelled else { continue }
      if now.isOver {
        if await finish() { await reload() }
      } else {
        await signal.wait(past: seen, atMost: now.end.remaining)
      }
    }
  }

  /// Has all that waits worked on, in order, several at once.
  private func release() async {
    await withDiscardingTaskGroup { group in
      for _ in 0..<GatewayLimits.catchUpAtOnce { group.addTask { await self.work() } }
    }
  }

  private nonisolated func work() async {
    while !Task.isCancelled, let change = await line.take() {
      _ = await intake.submit(change.job, waitingFor: GatewayLimits.catchUpStep)
      await line.leave(change.job.id)
      await tried(change.job.accountID)
    }
  }

  private func tried(_ accountID: AccountID) async {
    episode?.openCounts[accountID, default: 1] -= 1
    await openIfDone(accountID)
  }

  /// Gives the verdict, and ends the catch-up; false when it cannot yet.
  private func finish() async -> Bool {
    guard let row = episode?.row else { return false }
    let judged: CatchUpRow
    do {
      judged = try await judge.verdict(on: row)
    } catch {
      return await putOff("a catch-up could not be judged yet", error)
    }
    // Somebody may have come, or come again, while it was judged.
    guard await line.isEmpty, let open = episode, open.row == row, open.isOver else {
      return false
    }
    isChanging = true
    defer { endChange() }
    let isKept = judged.isWorthTelling
    do {
      try await store.finish(judged, isKept: isKept)
    } catch {
      return await putOff("a verdict could not be kept yet", error)
    }
    judgeAttempts = 0
    episode = nil
    for account in row.verdict.accounts where account.isComplete {
      await gate.open(AccountID(trusted: account.accountID))
    }
    if isKept { report(judged) }
    return true
  }

  /// The pool or the store is away; returns false.
  private func putOff(_ what: String, _ error: any Error) async -> Bool {
    log.warning(what, ["error": "\(error)"])
    judgeAttempts += 1
    // It ends early only when all ends.
    try? await Task.sleep(for: GatewayLimits.peerBackoff.pause(attempt: judgeAttempts))
    return false
  }

  private func report(_ row: CatchUpRow) {
    let verdict = row.verdict
    log.info(
      "a catch-up is over",
      [
        "number": row.catchUpID, "since": row.startTime.rfc3339,
        "orders": verdict.accounts.reduce(0) { $0 + $1.orderCount },
        "changes": verdict.accounts.reduce(0) { $0 + $1.changeCount },
        "oversold_skus": verdict.oversold.count,
      ])
  }
}

extension CatchUpRow {
  /// Something was missed, or it is sure that nothing was though nobody listened for long. An account that cannot be asked is
  /// an alert and no news each time that it is tried.
  var isWorthTelling: Bool {
    let accounts = verdict.accounts
    let isLong = beginTime - startTime >= GatewayLimits.catchUpGap
    return accounts.contains { $0.changeCount > 0 || ($0.isComplete && isLong) }
      || !verdict.oversold.isEmpty
  }
}
