public import Primitives
internal import Synchronization

/// A call against the clock: when the deadline or the caller's cancellation comes first, the handler is cancelled, and
/// its result is not waited for.
public final class DeadlineRace: Sendable {
  public typealias Outcome = Result<[UInt8], RPCError>

  private struct State {
    var caller: CheckedContinuation<Outcome, Never>?
    var outcome: Outcome?
    var tasks: [Task<Void, Never>] = []
  }

  private let state = Mutex(State())

  private init() {}

  public static func run(
    until deadline: Deadline, _ body: @escaping @Sendable () async -> Outcome
  ) async -> Outcome {
    guard deadline != .never else { return await body() }
    let race = DeadlineRace()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { caller in
        race.begin(caller, until: deadline, body)
      }
    } onCancel: {
      race.finish(.failure(RPCError(.cancelled, "", "The call was cancelled.")))
    }
  }

  private func begin(
    _ caller: CheckedContinuation<Outcome, Never>, until deadline: Deadline,
    _ body: @escaping @Sendable () async -> Outcome
  ) {
    let early = state.withLock { state in
      if state.outcome == nil { state.caller = caller }
      return state.outcome
    }
    if let early { return caller.resume(returning: early) }
    own(Task { self.finish(await body()) })
    own(
      Task {
        guard (try? await Task.sleep(for: deadline.remaining)) != nil else { return }
        self.finish(.failure(RPCError(.deadlineExceeded, "", "The call's deadline is over.")))
      })
  }

  /// Keeps a task to be cancelled at the end, which may have come.
  private func own(_ task: Task<Void, Never>) {
    let isOver = state.withLock { state in
      if state.outcome == nil { state.tasks.append(task) }
      return state.outcome != nil
    }
    if isOver { task.cancel() }
  }

  /// The first outcome counts.
  private func finish(_ outcome: Outcome) {
    let (caller, tasks) = state.withLock { state in
      guard state.outcome == nil else {
        return (nil, []) as (CheckedContinuation<Outcome, Never>?, [Task<Void, Never>])
      }
      state.outcome = outcome
      defer {
        state.caller = nil
        state.tasks = []
      }
      return (state.caller, state.tasks)
    }
    for task in tasks { task.cancel() }
    caller?.resume(returning: outcome)
  }
}
