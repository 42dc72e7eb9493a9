internal import Synchronization

/// How often which size was seen, one for each combination of label values.
public final class Histogram: Sendable, MetricFamily {
  /// 0.1 ms to 30 s, for spans in seconds.
  public static let latencyBounds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25,
    0.5, 1, 2.5, 5, 10, 30,
  ]

  let name: MetricName
  let type = "histogram"
  private let bounds: [Double]
  private let series: Series<HistogramCell>

  init(_ name: MetricName, bounds: [Double]) {
    precondition(!bounds.isEmpty && bounds == bounds.sorted(), "bounds rise")
    self.name = name
    self.bounds = bounds
    series = Series(labelCount: name.labels.count) { HistogramCell(bounds) }
  }

  public func observe(_ value: Double, _ labels: [String] = []) {
    series.cell(labels).observe(value)
  }

  public func observe(_ span: Duration, _ labels: [String] = []) {
    series.cell(labels).observe(span)
  }

  /// The cell of one series, for who counts often: no look-up, no lock.
  func cell(_ labels: [String]) -> HistogramCell { series.cell(labels) }

  /// The value that a share `quantile` (0 to 1) of all observations does not exceed, interpolated inside
  /// its bucket; nil without an observation. Beyond the last bound it is that bound.
  public func quantile(_ quantile: Double, _ labels: [String] = []) -> Double? {
    Self.quantile(quantile, bounds, series.cell(labels).counts)
  }

  public func count(_ labels: [String] = []) -> Int {
    Int(series.cell(labels).counts.reduce(0, +))
  }

  static func quantile(_ quantile: Double, _ bounds: [Double], _ counts: [UInt64]) -> Double? {
    let total = counts.reduce(0, +)
    guard total > 0 else { return nil }
    let rank = quantile * Double(total)
    var below = 0.0
    for (index, bound) in bounds.enumerated() {
      let inside = Double(counts[index])
      if inside > 0, below + inside >= rank {
        let start = index == 0 ? 0 : bounds[index - 1]
        return start + (bound - start) * (rank - below) / inside
      }
      below += inside
    }
    return bounds.last
  }

  func expose(into text: inout String) {
    for (values, cell) in series.all {
      let counts = cell.counts
      var sum: UInt64 = 0
      for (index, bound) in bounds.enumerated() {
        sum += counts[index]
        text += Exposition.line(
          "\(name.name)_bucket", name.labels, values, Double(sum),
          extra: ("le", Exposition.text(bound)))
      }
      sum += counts[bounds.count]
      text += Exposition.line(
        "\(name.name)_bucket", name.labels, values, Double(sum), extra: ("le", "+Inf"))
      text += Exposition.line("\(name.name)_sum", name.labels, values, cell.sum)
      text += Exposition.line("\(name.name)_count", name.labels, values, Double(sum))
    }
  }
}

/// One histogram's counts; the last one is of what exceeds every bound.
final class HistogramCell: Sendable {
  private final class Count: Sendable { let value = Atomic<UInt64>(0) }

  private let bounds: [Double]
  private let buckets: [Count]
  private let total = AtomicDouble()

  init(_ bounds: [Double]) {
    self.bounds = bounds
    buckets = (0...bounds.count).map { _ in Count() }
  }

  func observe(_ value: Double) {
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    buckets[index].value.wrappingAdd(1, ordering: .relaxed)
    total.add(value)
  }

  func observe(_ span: Duration) {
    let (seconds, attoseconds) = span.components
    observe(Double(seconds) + Double(attoseconds) / 1e18)
  }

  var counts: [UInt64] { buckets.map { $0.value.load(ordering: .relaxed) } }
  var sum: Double { total.value }
}
