public import RPCCore

/// Counts the calls that a server answers, and logs what no service's table of errors knows.
public struct RPCMetrics: RPCObserver {
  private let log: Log
  private let calls: Counter
  private let latency: Histogram
  private let inFlight: Gauge

  public init(metrics: Metrics, log: Log) {
    self.log = log
    calls = metrics.counter(
      "onepool_rpc_calls_total", "Calls answered, by their code.",
      labels: ["service", "method", "code"])
    latency = metrics.histogram(
      "onepool_rpc_duration_seconds", "Time from a call's start to its end, in seconds.",
      labels: ["service", "method"])
    inFlight = metrics.gauge(
      "onepool_rpc_in_flight", "Calls begun and not answered.", labels: ["service", "method"])
  }

  public func callStarted(_ method: MethodDescriptor) {
    inFlight.add(1, [method.service, method.method])
  }

  public func callEnded(_ method: MethodDescriptor, code: RPCCode, duration: Duration) {
    inFlight.add(-1, [method.service, method.method])
    calls.increment([method.service, method.method, code.name])
    latency.observe(duration, [method.service, method.method])
  }

  public func internalError(_ error: any Error, method: MethodDescriptor, reference: String) {
    log.error(
      "internal error",
      ["method": "\(method.service)/\(method.method)", "reference": reference, "error": "\(error)"])
  }
}
