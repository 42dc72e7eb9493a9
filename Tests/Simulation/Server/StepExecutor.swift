/// Runs the handlers' tasks one after another, when it is told to, on the thread that tells it.
///
/// `@unchecked Sendable`: the simulation uses it from one thread, which is also where all of its tasks resume.
final class StepExecutor: TaskExecutor, @unchecked Sendable {
  private var jobs: [UnownedJob] = []

  func enqueue(_ job: consuming ExecutorJob) {
    jobs.append(UnownedJob(job))
  }

  /// Returns once every task has ended or waits for the writer.
  func drain() {
    while !jobs.isEmpty {
      jobs.removeFirst().runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  /// Begins `body` and runs it until it ends or waits.
  func start(_ body: @escaping @Sendable () async -> Void) {
    Task(executorPreference: self) { await body() }
    drain()
  }
}
