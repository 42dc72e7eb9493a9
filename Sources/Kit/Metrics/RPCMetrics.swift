internal import Primitives
public import RPCCore
internal import Synchronization

/// Counts the calls that a server answers and the connections that it ends, and logs what no service's table of errors
/// knows.
public struct RPCMetrics: RPCObserver {
  private let log: Log
  private let accessLog: AccessLog?
  private let calls: Counter
  private let latency: Histogram
  private let inFlight: Gauge
  private let ends: Counter
  private let pace = LogPace()
  private let failedHandshakes: Counter
  private let faults: Counter

  public init(metrics: Metrics, log: Log, accessLog: AccessLog? = nil) {
    self.log = log
    self.accessLog = accessLog
    calls = metrics.counter(
      "onepool_rpc_calls_total", "Calls answered, by their code.",
      labels: ["service", "method", "code"])
    latency = metrics.histogram(
      "onepool_rpc_duration_seconds", "Time from a call's start to its end, in seconds.",
      labels: ["service", "method"])
    inFlight = metrics.gauge(
      "onepool_rpc_in_flight", "Calls begun and not answered.", labels: ["service", "method"])
    ends = metrics.counter(
      "onepool_rpc_connections_ended_total", "Connections that the server ended, by the reason.",
      labels: ["reason"])
    failedHandshakes = metrics.counter(
      "onepool_rpc_failed_handshakes_total", "Connections whose TLS handshake was not made.")
    faults = metrics.counter(
      "onepool_rpc_faults_total",
      "What callers did wrong in single calls, while their connection went on, by its kind.",
      labels: ["fault"])
  }

  public func handshakeFailed(_ problem: String, peer: String) {
    failedHandshakes.increment()
    guard let unsaid = pace.lines(of: "handshake", now: monotonicNanoseconds()) else { return }
    log.info("no TLS handshake", ["peer": peer, "problem": problem, "unsaid": unsaid])
  }

  public func callFault(_ fault: CallFault, method: MethodDescriptor?, peer: String) {
    faults.increment([fault.rawValue])
    guard let unsaid = pace.lines(of: "call \(fault)", now: monotonicNanoseconds()) else { return }
    log.info(
      "a caller's fault",
      ["fault": fault.rawValue, "method": method?.path ?? "", "peer": peer, "unsaid": unsaid])
  }

  public func calls(of method: MethodDescriptor) -> any MethodObserver {
    let labels = [method.service, method.method]
    return MethodCells(
      inFlight: inFlight.cell(labels), latency: latency.cell(labels),
      ok: calls.cell(labels + [RPCCode.ok.name]), calls: calls, labels: labels,
      accessLog: accessLog)
  }

  /// The cells that one method's calls are counted in.
  private struct MethodCells: MethodObserver {
    let inFlight: AtomicDouble
    let latency: HistogramCell
    let ok: AtomicDouble
    let calls: Counter
    let labels: [String]
    let accessLog: AccessLog?

    func callStarted() { inFlight.add(1) }

    func callEnded(_ context: ServerContext, code: RPCCode, duration: Duration) {
      inFlight.add(-1)
      if code == .ok { ok.add(1) } else { calls.increment(labels + [code.name]) }
      latency.observe(duration)
      accessLog?.callEnded(context, code, duration)
    }
  }

  public func internalError(_ error: any Error, method: MethodDescriptor, reference: String) {
    log.error(
      "internal error",
      ["method": "\(method.service)/\(method.method)", "reference": reference, "error": "\(error)"])
  }

  public func connectionEnded(_ reason: ConnectionEnd, peer: String) {
    ends.increment([reason.rawValue])
    guard reason.isFault, let unsaid = pace.lines(of: reason.rawValue, now: monotonicNanoseconds())
    else {
      return
    }
    log.warning(
      "connection ended", ["reason": reason.rawValue, "peer": peer, "unsaid": unsaid])
  }
}

/// Keeps who opens connection after connection from filling the log: a line a reason and second, and the next one says
/// how many were left out.
final class LogPace: Sendable {
  private struct Line {
    var due: Int64
    var unsaid: Int
  }

  private static let intervalNanoseconds: Int64 = 1_000_000_000
  private let last = Mutex<[String: Line]>([:])

  /// How many lines were left out before this one; nil when it is left out itself.
  func lines(of reason: String, now: Int64) -> Int? {
    last.withLock { last in
      let line = last[reason] ?? Line(due: now, unsaid: 0)
      guard now >= line.due else {
        last[reason] = Line(due: line.due, unsaid: line.unsaid + 1)
        return nil
      }
      last[reason] = Line(due: now + Self.intervalNanoseconds, unsaid: 0)
      return line.unsaid
    }
  }
}
