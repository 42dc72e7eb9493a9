internal import Synchronization

/// A metric's cells by their label values. A look-up takes a short lock; a kept cell takes none.
final class Series<Cell: AnyObject & Sendable>: Sendable {
  private let cells = Mutex<[[String]: Cell]>([:])
  private let labelCount: Int
  private let make: @Sendable () -> Cell

  init(labelCount: Int, make: @escaping @Sendable () -> Cell) {
    self.labelCount = labelCount
    self.make = make
    // Without labels there is one series, which shows from the start.
    if labelCount == 0 { _ = cell([]) }
  }

  func cell(_ values: [String]) -> Cell {
    precondition(values.count == labelCount, "\(labelCount) label values are needed")
    return cells.withLock { cells in
      if let known = cells[values] { return known }
      let key =
        cells.count < Metrics.seriesPerMetric
        ? values : [String](repeating: "other", count: labelCount)
      if let known = cells[key] { return known }
      let made = make()
      cells[key] = made
      return made
    }
  }

  /// All cells, in the order of their label values.
  var all: [(values: [String], cell: Cell)] {
    cells.withLock { $0.map { (values: $0.key, cell: $0.value) } }
      .sorted { $0.values.lexicographicallyPrecedes($1.values) }
  }
}

/// A number that threads add to without a lock.
final class AtomicDouble: Sendable {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var before = bits.load(ordering: .relaxed)
    while true {
      let sum = (Double(bitPattern: before) + amount).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(
        expected: before, desired: sum, ordering: .relaxed)
      if exchanged { return }
      before = original
    }
  }
}
