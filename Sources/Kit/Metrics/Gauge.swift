/// A number that rises and falls, one for each combination of label values.
public final class Gauge: Sendable, MetricFamily {
  let name: MetricName
  let type = "gauge"
  private let series: Series<AtomicDouble>

  init(_ name: MetricName) {
    self.name = name
    series = Series(labelCount: name.labels.count) { AtomicDouble() }
  }

  public func set(_ value: Double, _ labels: [String] = []) { series.cell(labels).set(value) }

  public func add(_ amount: Double, _ labels: [String] = []) { series.cell(labels).add(amount) }

  /// The cell of one series, for who counts often: no look-up, no lock.
  func cell(_ labels: [String]) -> AtomicDouble { series.cell(labels) }

  public func value(_ labels: [String] = []) -> Double { series.cell(labels).value }

  func expose(into text: inout String) {
    for (values, cell) in series.all {
      text += Exposition.line(name.name, name.labels, values, cell.value)
    }
  }
}

/// A metric that is asked for its value when somebody looks.
final class AskedMetric: MetricFamily {
  let name: MetricName
  let type: String
  private let value: @Sendable () -> Double

  init(_ name: MetricName, type: String, _ value: @escaping @Sendable () -> Double) {
    self.name = name
    self.type = type
    self.value = value
  }

  func expose(into text: inout String) {
    text += Exposition.line(name.name, [], [], value())
  }
}
