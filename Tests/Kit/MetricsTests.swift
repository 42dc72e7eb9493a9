import Testing

@testable import Kit

@Suite struct MetricsTests {
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
