internal import PoolDomain
internal import Primitives

/// What the balances of a SKU were at a past instant: the last that was kept of each before it, and the
/// ledger after that.
///
/// The sweep keeps what it overwrites, once in so many movements, with a sequence up to which it was
/// sure to hold; so only the rows behind that are read, and no more than `ServiceLimits.pastRows`.
struct PastStock: Sendable {
  private struct Base {
    var sum: BalanceSum
    /// No movement of it lies between its own last one and this sequence.
    var through: Int64

    var sequence: Int64 { sum.balance.sequence }

    /// Takes what is later; of the same, what is known to have held longer.
    mutating func take(_ other: BalanceSum, through: Int64) {
      guard other.balance.sequence >= sequence else { return }
      self.through = other.balance.sequence == sequence ? max(through, self.through) : through
      sum = other
    }
  }

  let sku: SKUIndex
  let time: Timestamp
  private let rowLimit: Int64
  /// Of the ledger at that instant.
  private(set) var sequence: Int64 = 0
  private var bases: [LocationIndex: Base] = [:]
  /// Up to which a location that was never swept has no movement.
  private var markSequence: Int64 = 0
  private var nextRow: Int64 = 0
  private var lastRow: Int64 = -1

  init(_ sku: SKUIndex, at time: Timestamp, rowLimit: Int64 = ServiceLimits.pastRows) {
    self.sku = sku
    self.time = time
    self.rowLimit = rowLimit
  }

  var isFinished: Bool { nextRow > lastRow }

  /// Those that had had a movement.
  var sums: [BalanceSum] {
    bases.values.map(\.sum).filter { $0.balance.sequence > 0 }
      .sorted { $0.balance.location < $1.balance.location }
  }

  /// Finds where to begin.
  mutating func begin(_ reader: LedgerReader) throws {
    let base = try reader.base
    if base.row > 0, time < base.time, let archive = try reader.archive(at: time) {
      throw LedgerError.archived(archive)
    }
    lastRow = try reader.row(from: Timestamp(microseconds: time.microseconds + 1)) - 1
    sequence = lastRow == base.row ? base.sequence : try reader.sequence(of: lastRow)
    markSequence = try reader.markSequence
    try reader.sweptBalances(of: sku) { swept in
      let (location, last) = (swept.balance.location, swept.balance.sequence)
      var found = Base(
        sum: try reader.archivedBalance(sku, location)
          ?? BalanceSum(Balance(sku: sku, location: location)),
        through: base.sequence)
      if last <= sequence {
        found.take(swept, through: max(last, markSequence))
      } else if let (kept, through) = try reader.keptBalance(sku, location, upTo: sequence) {
        found.take(kept, through: max(kept.balance.sequence, through))
      }
      bases[location] = found
    }
    let start = bases.values.reduce(markSequence) { min($0, $1.through) }
    nextRow = start >= sequence ? lastRow + 1 : try reader.row(after: start)
    let count = lastRow - nextRow + 1
    guard count <= rowLimit else { throw LedgerError.historyTooLong(count, limit: rowLimit) }
  }

  /// Counts the next part of the ledger in.
  mutating func advance(_ reader: LedgerReader) throws {
    try reader.scan(from: nextRow, count: ServiceLimits.provedRows) { row in
      guard row.number <= lastRow else { return false }
      guard row.number == nextRow else { throw PoolError.storeUnavailable }
      let entry = try row.decoded()
      nextRow += 1
      for (number, movement) in entry.movements.enumerated() where movement.sku == sku {
        count(movement, entry.firstSequence + Int64(number), at: entry.time)
      }
      return true
    }
  }

  private mutating func count(_ movement: Movement, _ sequence: Int64, at time: Timestamp) {
    var base =
      bases[movement.location]
      ?? Base(
        sum: BalanceSum(Balance(sku: sku, location: movement.location)), through: markSequence)
    if sequence > base.through { base.sum.count(movement, sequence: sequence, at: time) }
    bases[movement.location] = base
  }
}
