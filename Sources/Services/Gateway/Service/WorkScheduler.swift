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
  private let atOnce: Int
  private var ready = Queue<Job>()
  /// Jobs whose key is being worked on; a key that is here is taken.
  private var chains: [String: Queue<Job>] = [:]
  /// Every job in here, so that none is in here twice.
  private var known: Set<Int64> = []
  private var runningCount = 0
  private var timeline = Timeline<Wake>()
  private var armed: Deadline?
  private var barriers: [AccountID: IntakeBarrier] = [:]
  private var waiters: [Int: Waiter] = [:]
  private var outcomeWaiters: [Int64: [Int]] = [:]
  private var nextWaiter = 0
  private var isStopped = false
  /// Events wait in the store that found no room in here.
  private(set) var hasOverflowed = false

  init(atOnce: Int = GatewayLimits.intakeAtOnce) {
    self.atOnce = atOnce
  }

  /// Takes a job up as soon as there is room. One that is in here already changes nothing.
  func submit(_ job: Job) {
    guard known.count < GatewayLimits.intakeQueue else {
      hasOverflowed = true
      return
    }
    guard known.insert(job.id).inserted else { return }
    barriers[job.accountID, default: IntakeBarrier()].enter(job.id)
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

  func takeOverflow() -> Bool {
    defer { hasOverflowed = false }
    return hasOverflowed && known.count < GatewayLimits.intakeQueue / 2
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
        while runningCount < atOnce, let job = take() {
          runningCount += 1
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
      guard chains[job.key] != nil else {
        chains[job.key] = Queue()
        return job
      }
      chains[job.key]?.append(job)
    }
    return nil
  }

  private func ended(_ job: Job, _ outcome: WorkOutcome) {
    runningCount -= 1
    if let next = chains[job.key]?.popFirst() {
      // The next of the chain goes to the end of the line: no order gets more than its turn.
      let rest = chains.removeValue(forKey: job.key)
      ready.append(next)
      if var rest { while let later = rest.popFirst() { ready.append(later) } }
    } else {
      chains[job.key] = nil
    }
    barriers[job.accountID]?.leave(job.id)
    wakeBarriers(job.accountID)
    if case .later(let pause) = outcome {
      var again = job
      again.attemptCount += 1
      timeline.add(.job(again), at: .after(pause))
    } else {
      known.remove(job.id)
      for waiter in outcomeWaiters.removeValue(forKey: job.id) ?? [] { wake(waiter, outcome) }
    }
    wakeUp()
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
