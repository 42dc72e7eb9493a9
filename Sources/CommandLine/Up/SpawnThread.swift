internal import Foundation
internal import Synchronization

/// A thread that lives as long as the process and starts all children.
///
/// The kernel sends a child its parent-death signal when the *thread* that started it ends (prctl(2),
/// PR_SET_PDEATHSIG), and no thread of a task pool is there for ever: not even the main actor's.
final class SpawnThread: Sendable {
  private typealias Job = @Sendable () -> Void
  private let jobs = Mutex<[Job]>([])
  private let work = DispatchSemaphore(value: 0)

  init() {
    let thread = Thread { [self] in
      while true {
        work.wait()
        let job = jobs.withLock { $0.removeFirst() }
        job()
      }
    }
    thread.name = "spawn"
    thread.start()
  }

  /// Starts `process` on this thread.
  func run(_ process: Process) async throws {
    try await withCheckedThrowingContinuation { (started: CheckedContinuation<Void, any Error>) in
      jobs.withLock { jobs in
        jobs.append { started.resume(with: Result { try process.run() }) }
      }
      work.signal()
    }
  }
}
