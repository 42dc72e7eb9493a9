internal import GatewayDomain
internal import Kit
internal import Primitives

/// Says which event or notice is worked on when: many at once, those of one order one after
/// another, and none of them in the way of another order. It knows by account whether everything
/// that came in has been worked on.
actor WorkScheduler {
  struct Job: Sendable {
    /// The event's or notice's own number.
    var id: Int64
    var accountID: AccountID
    /// Jobs of one key run one after another.
    var key: String
    /// Tries in this process.
    var attemptCount = 0
    /// An event as it was just stored, which spares its first try the reading.
    var stored: InboxRow?
    /// It is worked on though it is done: what was read of it may be old.
    var readsAgain = false
  }

  private enum Wake {
    case job(Job)
    case waiter(Int)
  }

  private struct Waiter {
    var continuation: CheckedContinuation<WorkOutcome?, Never>
    /// For a barrier: everything of the account up to this event.
    var barrier: (account: AccountID, upTo: Int64)?
  }

  private let wakeUp = WakeUp()
  private let limits: Limits
  private var ready = Queue<Job>()
  /// Jobs whose account has as many running as it may.
  private var parked: [AccountID: Queue<Job>] = [:]
  /// Jobs whose key is being worked on; a key that is here is taken.
  private var chains: [String: Queue<Job>] = [:]
  /// Every job in here, so that none is in here twice, and how many each account has.
  private var known: Set<Int64> = []
  private var unfinishedCounts: [AccountID: Int] = [:]
  /// Jobs that are being worked on, and those of them that were submitted once more meanwhile: what
  /// they have read may be old.
  private var running: Set<Int64> = []
  private var again: [Int64: Job] = [:]
  private var runningCounts: [AccountID: Int] = [:]
  private var timeline = Timeline<Wake>()
  private var armed: Deadline?
  private var barriers: [AccountID: IntakeBarrier] = [:]
  private var waiters: [Int: Waiter] = [:]
  private var outcomeWaiters: [Int64: [Int]] = [:]
  private var nextWaiter = 0
  private var isStopped = false
  /// Events wait in the store that found no room in here.
  private(set) var hasOverflowed = false

  struct Limits: Sendable {
    /// Jobs that run at once, in all and of one account.
    var atOnce = GatewayLimits.intakeAtOnce
    var ofAccountAtOnce = GatewayLimits.intakeOfAccountAtOnce
    /// Jobs in memory.
    var queue = GatewayLimits.intakeQueue
  }

  init(_ limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Takes a job up as soon as there is room. One that waits in here already changes nothing; one
  /// that is being worked on is worked on once more.
  func submit(_ job: Job) {
    guard !known.contains(job.id) else {
      if running.contains(job.id), again[job.id]?.readsAgain != true { again[job.id] = job }
      return
    }
    guard known.count < limits.queue else {
      hasOverflowed = true
      return
    }
    known.insert(job.id)
    unfinishedCounts[job.accountID, default: 0] += 1
    barriers[job.accountID, default: IntakeBarrier()].enter(job.id)
    var job = job
    if known.count > GatewayLimits.storedEventsInMemory { job.stored = nil }
    ready.append(job)
    wakeUp()
  }

  /// Takes a job up and waits for how the first try that is not put off ends; nil when `span` is
  /// over before.
  func submit(_ job: Job, waitingFor span: Duration) async -> WorkOutcome? {
    guard !isStopped else { return nil }
    return await withCheckedContinuation { continuation in
      let waiter = add(Waiter(continuation: continuation, barrier: nil), for: span)
      outcomeWaiters[job.id, default: []].append(waiter)
      submit(job)
    }
  }

  /// Returns once every event that has come in for the account was worked on, or `span` is over.
  func caughtUp(_ accountID: AccountID, atMost span: Duration) async {
    guard let barrier = barriers[accountID], let newest = barrier.newest,
      !barrier.isPast(newest), !isStopped
    else { return }
    _ = await withCheckedContinuation { continuation in
      _ = add(Waiter(continuation: continuation, barrier: (accountID, newest)), for: span)
    }
  }

  /// Whether everything that came in for the account has been worked on to its end, jobs that are
  /// to be tried again included.
  func isFinished(_ accountID: AccountID) -> Bool {
    !hasOverflowed && unfinishedCounts[accountID] == nil
  }

  /// Whether it is time to read what waits in the store; true once for each overflow.
  func takeOverflow() -> Bool {
    guard hasOverflowed, known.count <= limits.queue / 2 else { return false }
    hasOverflowed = false
    return true
  }

  /// Runs jobs until the task is cancelled; `more` is called when there is room for what waits in
  /// the store.
  func run(
    _ work: @escaping @Sendable (Job) async -> WorkOutcome,
    more: @escaping @Sendable () async -> Void
  ) async {
    isStopped = false
    await withDiscardingTaskGroup { group in
      for await _ in wakeUp.stream {
        takeDue()
        while running.count < limits.atOnce, let job = take() {
          group.addTask {
            let outcome = await work(job)
            await self.ended(job, outcome)
          }
        }
        if takeOverflow() { group.addTask { await more() } }
        if let time = timeline.next, armed.map({ time < $0 || $0.isPast }) ?? true {
          armed = time
          let wakeUp = wakeUp
          group.addTask {
            // It ends early only when all ends.
            try? await Task.sleep(for: time.remaining)
            wakeUp()
          }
        }
      }
      group.cancelAll()
    }
    isStopped = true
    for id in Array(waiters.keys) { wake(id, nil) }
  }

  private func take() -> Job? {
    while let job = ready.popFirst() {
      guard chains[job.key] == nil else {
        chains[job.key]?.append(job)
        continue
      }
      guard runningCounts[job.accountID, default: 0] < limits.ofAccountAtOnce else {
        parked[job.accountID, default: Queue()].append(job)
        continue
      }
      chains[job.key] = Queue()
      running.insert(job.id)
      runningCounts[job.accountID, default: 0] += 1
      return job
    }
    return nil
  }

  private func ended(_ job: Job, _ outcome: WorkOutcome) {
    leaveTurn(job)
    let next = again.removeValue(forKey: job.id)
    switch outcome {
    case .later(let pause):
      var later = job
      later.attemptCount += 1
      later.stored = nil
      timeline.add(.job(later), at: .after(pause))
    case .done, .quarantined, .dead:
      for waiter in outcomeWaiters.removeValue(forKey: job.id) ?? [] { wake(waiter, outcome) }
      if var next {
        next.stored = nil
        ready.append(next)
        return wakeUp()
      }
      known.remove(job.id)
      Self.lower(&unfinishedCounts, job.accountID)
    }
    barriers[job.accountID]?.leave(job.id)
    wakeBarriers(job.accountID)
    wakeUp()
  }

  /// Lets the next ones go: of the same key, and of the same account.
  private func leaveTurn(_ job: Job) {
    running.remove(job.id)
    Self.lower(&runningCounts, job.accountID)
    if let next = chains[job.key]?.popFirst() {
      // The next of the chain goes to the end of the line: no order gets more than its turn.
      let rest = chains.removeValue(forKey: job.key)
      ready.append(next)
      if var rest { while let later = rest.popFirst() { ready.append(later) } }
    } else {
      chains[job.key] = nil
    }
    if let next = parked[job.accountID]?.popFirst() { ready.append(next) }
    if parked[job.accountID]?.isEmpty ?? false { parked[job.accountID] = nil }
  }

  private static func lower(_ counts: inout [AccountID: Int], _ accountID: AccountID) {
    let count = counts[accountID, default: 0] - 1
    counts[accountID] = count > 0 ? count : nil
  }

  private func takeDue() {
    while let due = timeline.takeDue() {
      switch due {
      case .job(let job):
        barriers[job.accountID, default: IntakeBarrier()].enter(job.id)
        ready.append(job)
      case .waiter(let id):
        wake(id, nil)
      }
    }
  }

  private func add(_ waiter: Waiter, for span: Duration) -> Int {
    nextWaiter += 1
    waiters[nextWaiter] = waiter
    timeline.add(.waiter(nextWaiter), at: .after(span))
    wakeUp()
    return nextWaiter
  }

  private func wake(_ id: Int, _ outcome: WorkOutcome?) {
    waiters.removeValue(forKey: id)?.continuation.resume(returning: outcome)
  }

  private func wakeBarriers(_ accountID: AccountID) {
    guard let state = barriers[accountID] else { return }
    for (id, waiter) in waiters {
      if let barrier = waiter.barrier, barrier.account == accountID, state.isPast(barrier.upTo) {
        wake(id, nil)
      }
    }
  }
}
