import Synchronization
import Testing

@testable import Kit

@Suite struct BackgroundTasksTests {
  struct Broken: Error {}

  final class Runs: Sendable {
    let count = Atomic<Int>(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  /// Goal: a loop that fails is started again, logged and counted, and ends when it is stopped.
  @Test(.timeLimit(.minutes(1))) func failedLoopStartsAgain() async throws {
    let lines = LogLines()
    let metrics = Metrics()
    let pause = Backoff(first: .milliseconds(1), longest: .milliseconds(1), shortest: .zero)
    let tasks = BackgroundTasks(log: lines.log(), metrics: metrics, backoff: pause)
    let runs = Runs()
    let (stream, waiting) = AsyncStream.makeStream(of: Void.self)
    await tasks.start("intake") {
      if runs.next() < 3 { throw Broken() }
      waiting.yield()
      try await Task.sleep(for: .seconds(3600))
    }
    for await _ in stream { break }
    #expect(runs.count.load(ordering: .relaxed) == 3)
    await tasks.stop()
    #expect(lines.all.count == 2 && lines.all[0].contains("loop=intake"))
    #expect(metrics.exposition().contains("onepool_background_restarts_total{loop=\"intake\"} 2"))
    await tasks.start("late") { _ = runs.next() }
    await tasks.stop()
    #expect(runs.count.load(ordering: .relaxed) == 3, "nothing starts after the stop")
  }
}
