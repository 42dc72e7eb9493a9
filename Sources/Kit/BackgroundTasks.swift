internal import Primitives

/// Owns the loops that run as long as the service: starts one that ended again, and awaits them all.
public actor BackgroundTasks {
  /// A loop that ran for this long is taken to have been well: the next pause is short again.
  static let wellAfter = Duration.seconds(60)

  private let log: Log
  private let backoff: Backoff
  private let restarts: Counter
  private var tasks: [Task<Void, Never>] = []
  private var isStopping = false

  public init(log: Log, metrics: Metrics, backoff: Backoff = Backoff()) {
    self.log = log
    self.backoff = backoff
    restarts = metrics.counter(
      "onepool_background_restarts_total", "Loops started again after they failed.",
      labels: ["loop"])
  }

  /// Runs `body` until `stop`. When it throws it is started again after a pause; when it returns it
  /// has done its work.
  public func start(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    guard !isStopping else { return }
    tasks.append(
      Task { [log, backoff, restarts] in
        var attempt = 0
        while !Task.isCancelled {
          let began = Deadline.after(.zero)
          do {
            return try await body()
          } catch is CancellationError {
            return
          } catch {
            guard !Task.isCancelled else { return }
            let ran = Duration.nanoseconds(Deadline.after(.zero).nanoseconds - began.nanoseconds)
            attempt = ran > Self.wellAfter ? 1 : attempt + 1
            let pause = backoff.pause(attempt: attempt)
            restarts.increment([name])
            log.warning(
              "a loop failed and starts again",
              ["loop": name, "error": "\(error)", "pause_seconds": pause.inSeconds])
            try? await Task.sleep(for: pause)
          }
        }
      })
  }

  /// Cancels every loop and returns once they have all ended.
  public func stop() async {
    isStopping = true
    let running = tasks
    tasks = []
    for task in running { task.cancel() }
    for task in running { await task.value }
  }
}
