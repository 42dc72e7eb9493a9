internal import Synchronization

/// Everything that a process counts, and how Prometheus reads it.
///
/// Ask for a metric once and keep it: `let pushes = metrics.counter("onepool_pushes_total", …)`.
public final class Metrics: Sendable {
  /// The most combinations of labels that one metric keeps; more are counted together as "other".
  public static let seriesPerMetric = 2000

  private let families = Mutex<[any MetricFamily]>([])

  public init() {}

  /// A number that only rises. Its name ends in `_total`.
  public func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
    add(Counter(MetricName(name, help, labels)))
  }

  /// A number that rises and falls.
  public func gauge(_ name: String, _ help: String, labels: [String] = []) -> Gauge {
    add(Gauge(MetricName(name, help, labels)))
  }

  /// A gauge that is asked for its value when somebody looks.
  public func gauge(_ name: String, _ help: String, _ value: @escaping @Sendable () -> Double) {
    add(AskedMetric(MetricName(name, help, []), type: "gauge", value))
  }

  /// A counter that is kept elsewhere.
  public func counter(_ name: String, _ help: String, _ value: @escaping @Sendable () -> Double) {
    add(AskedMetric(MetricName(name, help, []), type: "counter", value))
  }

  /// Counts by size. Spans are in seconds: the name ends in `_seconds`.
  public func histogram(
    _ name: String, _ help: String, labels: [String] = [],
    bounds: [Double] = Histogram.latencyBounds
  ) -> Histogram {
    add(Histogram(MetricName(name, help, labels), bounds: bounds))
  }

  /// All of it in Prometheus's text format, version 0.0.4.
  ///
  /// - Note: Source: prometheus.io/docs/instrumenting/exposition_formats.
  public func exposition() -> String {
    var text = ""
    for family in families.withLock({ $0 }).sorted(by: { $0.name.name < $1.name.name }) {
      text += "# HELP \(family.name.name) \(Exposition.escapedHelp(family.name.help))\n"
      text += "# TYPE \(family.name.name) \(family.type)\n"
      family.expose(into: &text)
    }
    return text
  }

  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  @discardableResult
  private func add<Family: MetricFamily>(_ family: Family) -> Family {
    families.withLock { families in
      precondition(
        !families.contains { $0.name.name == family.name.name },
        "the metric \(family.name.name) is registered twice")
      families.append(family)
    }
    return family
  }
}

/// What a metric is called, what it means, and which labels tell its series apart.
struct MetricName: Sendable {
  var name: String
  var help: String
  var labels: [String]

  init(_ name: String, _ help: String, _ labels: [String]) {
    precondition(
      Self.isValid(name) && labels.allSatisfy(Self.isValid), "wrong metric name: \(name)")
    self.name = name
    self.help = help
    self.labels = labels
  }

  private static func isValid(_ name: String) -> Bool {
    !name.isEmpty && !(name.first?.isNumber ?? true)
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte) || byte == 0x5F
      }
  }
}

/// One name with all of its series.
protocol MetricFamily: Sendable {
  var name: MetricName { get }
  var type: String { get }
  func expose(into text: inout String)
}
