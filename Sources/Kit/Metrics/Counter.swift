/// A number that only rises, one for each combination of label values.
public final class Counter: Sendable, MetricFamily {
  let name: MetricName
  let type = "counter"
  private let series: Series<AtomicDouble>

  init(_ name: MetricName) {
    self.name = name
    series = Series(labelCount: name.labels.count) { AtomicDouble() }
  }

  /// - Parameter labels: values in the order in which the metric names its labels.
  public func increment(_ labels: [String] = [], by amount: Double = 1) {
    precondition(amount >= 0, "a counter never falls")
    series.cell(labels).add(amount)
  }

  /// The cell of one series, for who counts often: no look-up, no lock.
  func cell(_ labels: [String]) -> AtomicDouble { series.cell(labels) }

  public func value(_ labels: [String] = []) -> Double { series.cell(labels).value }

  /// The sum over all labels.
  public var total: Double { series.all.reduce(0) { $0 + $1.cell.value } }

  func expose(into text: inout String) {
    for (values, cell) in series.all {
      text += Exposition.line(name.name, name.labels, values, cell.value)
    }
  }
}
