import Primitives
import RPCCore
import Synchronization
import Testing

@testable import Kit

@Suite struct MetricsTests {
  /// Goal: each connection that was ended counts, and the log says it without being flooded itself.
  @Test func endedConnectionsAreCountedAndLoggedWithTheirPeer() {
    let metrics = Metrics()
    let lines = Mutex<[String]>([])
    let log = Log(level: .info, format: .logfmt, clock: SystemClock()) { line in
      lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    }
    let observer = RPCMetrics(metrics: metrics, log: log)
    for _ in 0..<100 { observer.connectionEnded(.resets, peer: "192.0.2.1:4711") }
    observer.connectionEnded(.idle, peer: "192.0.2.2:4711")
    let text = metrics.exposition()
    #expect(text.contains("onepool_rpc_connections_ended_total{reason=\"resets\"} 100"))
    #expect(text.contains("onepool_rpc_connections_ended_total{reason=\"idle\"} 1"))
    let written = lines.withLock { $0 }
    #expect(written.first?.contains("192.0.2.1:4711") == true)
    #expect(written.count < 100)
    #expect(!written.contains { $0.contains("192.0.2.2") })
  }

  /// The same for what is wrong with single calls.
  @Test func faultsAreCountedAndLoggedWithTheirPeer() {
    let metrics = Metrics()
    let lines = Mutex<[String]>([])
    let log = Log(level: .info, format: .logfmt, clock: SystemClock()) { line in
      lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    }
    let observer = RPCMetrics(metrics: metrics, log: log)
    let method = MethodDescriptor(service: "a.B", method: "Get", kind: .unary)
    for fault in CallFault.allCases {
      for _ in 0..<100 { observer.callFault(fault, method: method, peer: "192.0.2.1:4711") }
      let text = metrics.exposition()
      #expect(text.contains("onepool_rpc_faults_total{fault=\"\(fault.rawValue)\"} 100"))
    }
    let written = lines.withLock { $0 }
    #expect(written.count < CallFault.allCases.count * 10)
    for fault in CallFault.allCases {
      #expect(
        written.contains { $0.contains("fault=\(fault.rawValue) ") && $0.contains("/a.B/Get") })
    }
    #expect(written.allSatisfy { $0.contains("192.0.2.1:4711") })
  }

  @Test func logPaceTellsWhatItLeftOut() {
    let pace = LogPace()
    #expect(pace.lines(of: "resets", now: 0) == 0)
    #expect(pace.lines(of: "resets", now: 1) == nil)
    #expect(pace.lines(of: "resets", now: 999_999_999) == nil)
    #expect(pace.lines(of: "pings", now: 1) == 0)
    #expect(pace.lines(of: "resets", now: 1_000_000_000) == 2)
    #expect(pace.lines(of: "resets", now: 2_000_000_000) == 0)
  }

  /// Goal: Prometheus reads what we write. Method: the text of each kind, by hand from the format's page.
  @Test func textIsThatOfTheFormat() {
    let metrics = Metrics()
    let pushes = metrics.counter("test_pushes_total", "Pushes.", labels: ["account", "result"])
    pushes.increment(["b", "ok"])
    pushes.increment(["a \"x\"\\\n", "ok"], by: 2)
    let depth = metrics.gauge("test_depth", "Depth of\nthe \\ queue.")
    depth.set(2.5)
    depth.add(-3)
    metrics.gauge("test_asked", "Asked.") { .infinity }
    let lag = metrics.histogram("test_lag_seconds", "Lag.", labels: ["account"], bounds: [0.1, 1])
    for value in [0.05, 0.1, 0.5, 7] { lag.observe(value, ["a"]) }
    _ = metrics.counter("test_zero_total", "Without labels it shows from the start.")
    _ = metrics.counter("test_none_total", "With labels it does not.", labels: ["x"])
    #expect(
      metrics.exposition() == """
        # HELP test_asked Asked.
        # TYPE test_asked gauge
        test_asked +Inf
        # HELP test_depth Depth of\\nthe \\\\ queue.
        # TYPE test_depth gauge
        test_depth -0.5
        # HELP test_lag_seconds Lag.
        # TYPE test_lag_seconds histogram
        test_lag_seconds_bucket{account="a",le="0.1"} 2
        test_lag_seconds_bucket{account="a",le="1"} 3
        test_lag_seconds_bucket{account="a",le="+Inf"} 4
        test_lag_seconds_sum{account="a"} 7.65
        test_lag_seconds_count{account="a"} 4
        # HELP test_none_total With labels it does not.
        # TYPE test_none_total counter
        # HELP test_pushes_total Pushes.
        # TYPE test_pushes_total counter
        test_pushes_total{account="a \\"x\\"\\\\\\n",result="ok"} 2
        test_pushes_total{account="b",result="ok"} 1
        # HELP test_zero_total Without labels it shows from the start.
        # TYPE test_zero_total counter
        test_zero_total 0

        """)
  }

  @Test func quantilesAreInterpolated() {
    let metrics = Metrics()
    let lag = metrics.histogram("lag_seconds", "Lag.", bounds: [1, 2, 4])
    #expect(lag.quantile(0.5) == nil)
    for _ in 0..<50 { lag.observe(0.5) }
    for _ in 0..<50 { lag.observe(1.5) }
    #expect(lag.quantile(0.25) == 0.5)
    #expect(lag.quantile(0.5) == 1)
    #expect(lag.quantile(0.75) == 1.5)
    #expect(lag.quantile(1) == 2)
    lag.observe(100)
    #expect(lag.quantile(1) == 4, "beyond the last bound it is that bound")
    #expect(lag.count() == 101)
  }

  /// Goal: no count is lost between threads, and series have a bound.
  @Test func countsOfManyThreadsAddUp() async {
    let metrics = Metrics()
    let calls = metrics.counter("calls_total", "Calls.", labels: ["n"])
    let spans = metrics.histogram("span_seconds", "Spans.")
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for number in 0..<1000 {
            calls.increment(["\(worker)-\(number)"])
            spans.observe(0.25)
          }
        }
      }
    }
    #expect(calls.total == 8000)
    #expect(spans.count() == 8000)
    #expect(calls.value(["other"]) >= 8000 - Double(Metrics.seriesPerMetric))
  }

  @Test func processTellsOfItself() throws {
    let metrics = Metrics()
    ProcessMetrics.register(in: metrics)
    let text = metrics.exposition()
    for name in ["process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds"]
    {
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
      #expect(try #require(Double(line.split(separator: " ")[1])) > 0)
    }
    #expect(text.contains("process_cpu_seconds_total "))
  }
}
