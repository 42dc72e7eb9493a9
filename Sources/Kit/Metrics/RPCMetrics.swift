public import RPCCore

/// Counts the calls that a server answers, and logs what no service's table of errors knows.
public struct RPCMetrics: RPCObserver {
  private let log: Log
  private let calls: Counter
  private let latency: Histogram
  private let inFlight: Gauge
  private let failedHandshakes: Counter

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
    failedHandshakes = metrics.counter(
      "onepool_rpc_failed_handshakes_total", "Connections whose TLS handshake was not made.")
  }

  public func handshakeFailed(_ problem: String, peer: String) {
    failedHandshakes.increment()
    log.info("no TLS handshake", ["peer": peer, "problem": problem])
  }

  public func calls(of method: MethodDescriptor) -> any MethodObserver {
    let labels = [method.service, method.method]
    return MethodCells(
      inFlight: inFlight.cell(labels), latency: latency.cell(labels),
      ok: calls.cell(labels + [RPCCode.ok.name]), calls: calls, labels: labels)
  }

  /// The cells that one method's calls are counted in.
  private struct MethodCells: MethodObserver {
    let inFlight: AtomicDouble
    let latency: HistogramCell
    let ok: AtomicDouble
    let calls: Counter
    let labels: [String]

    func callStarted() { inFlight.add(1) }

    func callEnded(_: ServerContext, code: RPCCode, duration: Duration) {
      inFlight.add(-1)
      if code == .ok { ok.add(1) } else { calls.increment(labels + [code.name]) }
      latency.observe(duration)
    }
  }

  public func internalError(_ error: any Error, method: MethodDescriptor, reference: String) {
    log.error(
      "internal error",
      ["method": "\(method.service)/\(method.method)", "reference": reference, "error": "\(error)"])
  }
}
