/// Tells of an outbox in metrics and log: give its `observe` to the outbox.
public struct OutboxMetrics: Sendable {
  private let log: Log
  private let attempts: Counter

  public init(metrics: Metrics, log: Log) {
    self.log = log
    attempts = metrics.counter(
      "onepool_outbox_attempts_total", "Tries to tell a peer what it must know.",
      labels: ["kind", "outcome"])
  }

  public func observe(_ message: OutboxMessage, _ outcome: OutboxOutcome) {
    switch outcome {
    case .delivered:
      attempts.increment([message.kind, "delivered"])
    case .failed(let problem):
      attempts.increment([message.kind, "failed"])
      log.info("a peer was not told and is tried again", fields(message, problem))
    case .refused(let problem):
      attempts.increment([message.kind, "refused"])
      log.warning("a peer refuses what it must know", fields(message, problem))
    }
  }

  private func fields(
    _ message: OutboxMessage, _ problem: String
  ) -> KeyValuePairs<String, any LogValue> {
    [
      "kind": message.kind, "key": message.key, "attempt": message.attemptCount + 1,
      "problem": problem,
    ]
  }
}
