public import StorageCore

/// Tells of a store in metrics and log: give it to the store as its observer.
public struct StorageMetrics: StorageObserver {
  private let log: Log
  private let commits: Histogram
  private let writes: Counter
  private let isHealthy: Gauge

  public init(metrics: Metrics, log: Log) {
    self.log = log
    commits = metrics.histogram(
      "onepool_store_commit_seconds", "Time of a commit from BEGIN to durable, in seconds.")
    writes = metrics.counter(
      "onepool_store_writes_total", "Callers' writes in all commits.")
    isHealthy = metrics.gauge(
      "onepool_store_healthy", "1 while the store takes writes, else 0.")
    isHealthy.set(1)
  }

  public func committed(writes count: Int, in span: Duration) {
    commits.observe(span)
    writes.increment(by: Double(count))
  }

  public func healthChanged(to health: StorageHealth, path: String) {
    switch health {
    case .healthy:
      isHealthy.set(1)
      log.info("the store takes writes again", ["store": path])
    case .unhealthy(let reason):
      isHealthy.set(0)
      log.error("the store takes no writes", ["store": path, "reason": reason])
    }
  }
}
