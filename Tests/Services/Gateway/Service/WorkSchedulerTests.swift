import GatewayDomain
import Kit
import Primitives
import Synchronization
import Testing

@testable import GatewayService

@Suite struct WorkSchedulerTests {
  /// What jobs are told to do, and what they did.
  private final class Work: Sendable {
    struct State {
      var runs: [Int64] = []
      var running: [AccountID: Int] = [:]
      var most: [AccountID: Int] = [:]
      /// Jobs that wait until they are let go.
      var held: Set<Int64> = []
      var outcomes: [Int64: [WorkOutcome]] = [:]
    }

    let state = Mutex(State())
    let signal = FeedSignal()

    func plan(_ id: Int64, _ outcomes: WorkOutcome...) {
      state.withLock { $0.outcomes[id] = outcomes }
    }

    func hold(_ ids: Int64...) { state.withLock { $0.held.formUnion(ids) } }

    func letGo(_ ids: Int64...) {
      state.withLock { $0.held.subtract(ids) }
      signal.raise()
    }

    func count(_ id: Int64) -> Int { state.withLock { $0.runs.filter { $0 == id }.count } }

    func make(_ job: WorkScheduler.Job) async -> WorkOutcome {
      state.withLock {
        $0.runs.append(job.id)
        let count = $0.running[job.accountID, default: 0] + 1
        $0.running[job.accountID] = count
        $0.most[job.accountID] = max(count, $0.most[job.accountID] ?? 0)
      }
      signal.raise()
      await until { !$0.held.contains(job.id) }
      return state.withLock {
        $0.running[job.accountID, default: 0] -= 1
        guard var outcomes = $0.outcomes[job.id], !outcomes.isEmpty else {
          return .done(oversoldCount: 0)
        }
        let outcome = outcomes.removeFirst()
        $0.outcomes[job.id] = outcomes
        return outcome
      }
    }

    func until(_ condition: @Sendable (borrowing State) -> Bool) async {
      let deadline = Deadline.after(.seconds(20))
      while !Task.isCancelled {
        let seen = signal.latest
        if state.withLock({ condition($0) }) { return }
        guard !deadline.isPast else {
          Issue.record("not in time")
          return
        }
        await signal.wait(past: seen, atMost: deadline.remaining)
      }
    }
  }

  private static let account = AccountID(trusted: "a")
  private static let other = AccountID(trusted: "b")

  private static func job(
    _ id: Int64, _ accountID: AccountID = account, key: String? = nil
  ) -> WorkScheduler.Job {
    WorkScheduler.Job(id: id, accountID: accountID, key: key ?? "k\(id)")
  }

  private func run(
    _ scheduler: WorkScheduler, _ work: Work, more: @escaping @Sendable () async -> Void = {},
    _ body: () async throws -> Void
  ) async rethrows {
    let task = Task { await scheduler.run({ await work.make($0) }, more: more) }
    defer { task.cancel() }
    try await body()
  }

  /// Goal: a job that is submitted while it is being worked on is worked on once more: what it has
  /// read may be old.
  @Test func jobSubmittedWhileItRunsIsRunAgain() async {
    let scheduler = WorkScheduler()
    let work = Work()
    work.plan(1, .quarantined)
    work.hold(1)
    await run(scheduler, work) {
      await scheduler.submit(Self.job(1))
      await work.until { $0.runs.count == 1 }
      await scheduler.submit(Self.job(1))
      await scheduler.submit(Self.job(1))
      work.letGo(1)
      await work.until { $0.runs.count == 2 }
      let last = await scheduler.submit(Self.job(2), waitingFor: .seconds(60))
      #expect(last == .done(oversoldCount: 0))
      #expect(work.count(1) == 2, "once more, not once for each")
    }
  }

  @Test func jobThatWaitsIsNotRunTwice() async {
    let scheduler = WorkScheduler()
    let work = Work()
    work.hold(1)
    await run(scheduler, work) {
      await scheduler.submit(Self.job(1, key: "k"))
      await work.until { $0.runs.count == 1 }
      await scheduler.submit(Self.job(2, key: "k"))
      await scheduler.submit(Self.job(2, key: "k"))
      work.letGo(1)
      _ = await scheduler.submit(Self.job(2, key: "k"), waitingFor: .seconds(60))
      _ = await scheduler.submit(Self.job(3), waitingFor: .seconds(60))
      #expect(work.count(2) == 1)
    }
  }

  /// Goal: an account is finished when nothing of it is to be tried again.
  @Test func jobThatIsPutOffIsNotFinished() async {
    let scheduler = WorkScheduler()
    let work = Work()
    work.plan(1, .later(.seconds(3600)))
    await run(scheduler, work) {
      #expect(await scheduler.isFinished(Self.account))
      await scheduler.submit(Self.job(1))
      await work.until { $0.runs.count == 1 }
      await scheduler.caughtUp(Self.account, atMost: .seconds(60))
      #expect(await !scheduler.isFinished(Self.account), "a raise goes, and gives nothing up")
      #expect(await scheduler.isFinished(Self.other))
      _ = await scheduler.submit(Self.job(2, Self.other), waitingFor: .seconds(60))
      #expect(await scheduler.isFinished(Self.other))
    }
  }

  /// Goal: an account whose jobs hang leaves room for the others.
  @Test func accountTakesItsShareOnly() async {
    let scheduler = WorkScheduler(WorkScheduler.Limits(atOnce: 4, ofAccountAtOnce: 2))
    let work = Work()
    let slow = Int64(1)...9
    work.state.withLock { $0.held.formUnion(slow) }
    await run(scheduler, work) {
      for id in slow { await scheduler.submit(Self.job(id)) }
      for id in Int64(11)...19 {
        let outcome = await scheduler.submit(Self.job(id, Self.other), waitingFor: .seconds(60))
        #expect(outcome == .done(oversoldCount: 0))
      }
      #expect(work.state.withLock { $0.most[Self.account] } == 2)
      work.state.withLock { $0.held.removeAll() }
      work.signal.raise()
      await work.until { $0.runs.count == 18 }
      #expect(work.state.withLock { $0.most[Self.account] } == 2)
    }
  }

  /// Goal: what found no room is taken up once there is room, and not before.
  @Test func overflowIsNotForgotten() async {
    let scheduler = WorkScheduler(WorkScheduler.Limits(queue: 4))
    let work = Work()
    work.state.withLock { $0.held.formUnion(1...4) }
    let load: @Sendable () async -> Void = {
      for id in Int64(1)...6 where work.count(id) == 0 { await scheduler.submit(Self.job(id)) }
    }
    await run(scheduler, work, more: load) {
      for id in Int64(1)...6 { await scheduler.submit(Self.job(id)) }
      await work.until { $0.runs.count == 4 }
      #expect(await scheduler.takeOverflow() == false, "there is no room yet")
      #expect(await scheduler.hasOverflowed)
      for id in Int64(1)...4 { work.letGo(id) }
      await work.until { Set($0.runs) == Set(1...6) }
      #expect(await !scheduler.hasOverflowed)
    }
  }
}
