internal import PoolDomain
internal import Primitives

/// What the balances of some SKUs were at a past instant, and what was taken out of allotments of them: the last that was
/// kept of each before it, and the ledger after that.
///
/// The sweep keeps what it overwrites, once in so many movements, with a sequence up to which it was
/// sure to hold; so only the rows behind that are read, and no more than `ServiceLimits.pastRows`.
struct PastStock: Sendable {
  private struct Place: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

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

  private struct Use {
    var sum: AllotmentSum
    /// No movement of it lies between its own last one and this sequence.
    var through: Int64
  }

  let time: Timestamp
  private let skus: Set<SKUIndex>
  private let lines: [PastPromotions.Line]
  private let rowLimit: Int64
  /// Of the ledger at that instant.
  private(set) var sequence: Int64 = 0
  private var bases: [Place: Base] = [:]
  private var uses: [AllotmentSum.Key: Use] = [:]
  /// Up to which a location that was never swept has no movement.
  private var markSequence: Int64 = 0
  private var nextRow: Int64 = 0
  private var lastRow: Int64 = -1

  init(
    _ skus: Set<SKUIndex>, _ promotions: PastPromotions = PastPromotions(), at time: Timestamp,
    rowLimit: Int64 = ServiceLimits.pastRows
  ) {
    self.skus = skus
    lines = promotions.lines
    self.time = time
    self.rowLimit = rowLimit
  }

  var isFinished: Bool { nextRow > lastRow }

  /// Those that had had a movement, by SKU.
  var sums: [SKUIndex: [BalanceSum]] {
    let moved = bases.values.map(\.sum).filter { $0.balance.sequence > 0 }
      .sorted { $0.balance.location < $1.balance.location }
    return Dictionary(grouping: moved) { $0.balance.sku }
  }

  func taken(_ key: AllotmentSum.Key) -> AllotmentSum {
    uses[key]?.sum ?? AllotmentSum(promotion: key.promotion, sku: key.sku)
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
    for sku in skus { try begin(sku, base, reader) }
    try beginUses(base, reader)
    let throughs = bases.values.map(\.through) + uses.values.map(\.through)
    let start = throughs.reduce(markSequence) { min($0, $1) }
    nextRow = start >= sequence ? lastRow + 1 : try reader.row(after: start)
    let count = lastRow - nextRow + 1
    guard count <= rowLimit else { throw LedgerError.historyTooLong(count, limit: rowLimit) }
  }

  private mutating func begin(
    _ sku: SKUIndex, _ base: LedgerHead, _ reader: LedgerReader
  ) throws {
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
      bases[Place(sku: sku, location: location)] = found
    }
  }

  private mutating func beginUses(_ base: LedgerHead, _ reader: LedgerReader) throws {
    guard !lines.isEmpty else { return }
    let archived = try reader.archivedParts
    for line in lines {
      if let swept = try reader.sweptAllotment(line.place), swept.sequence <= sequence {
        uses[line.key] = Use(sum: swept, through: max(swept.sequence, markSequence))
      } else if let (kept, through) = try reader.keptAllotment(line.place, upTo: sequence),
        // What an archive has may not be forgotten yet: the rows behind it are.
        through >= base.sequence
      {
        uses[line.key] = Use(sum: kept, through: max(kept.sequence, through))
      } else if let archived {
        uses[line.key] = Use(sum: archived.taken[line.key], through: base.sequence)
      } else {
        throw LedgerError.allotmentsUnknown(try reader.name(of: line.sku), line.promotion.id)
      }
    }
  }

  /// Counts the next part of the ledger in.
  mutating func advance(_ reader: LedgerReader) throws {
    try reader.scanEntries(from: nextRow, count: ServiceLimits.provedRows) { row, entry in
      guard row.number <= lastRow else { return false }
      guard row.number == nextRow else { throw PoolError.storeUnavailable }
      nextRow += 1
      for (number, movement) in entry.movements.enumerated() where skus.contains(movement.sku) {
        count(movement, entry.firstSequence + Int64(number), at: entry.time)
      }
      return true
    }
  }

  private mutating func count(_ movement: Movement, _ sequence: Int64, at time: Timestamp) {
    let place = Place(sku: movement.sku, location: movement.location)
    var base =
      bases[place]
      ?? Base(
        sum: BalanceSum(Balance(sku: movement.sku, location: movement.location)),
        through: markSequence)
    if sequence > base.through { base.sum.count(movement, sequence: sequence, at: time) }
    bases[place] = base
    guard let promotion = movement.allotment?.promotion else { return }
    let key = AllotmentSum.Key(promotion: promotion, sku: movement.sku)
    if let use = uses[key], sequence > use.through {
      uses[key]?.sum.count(movement, sequence: sequence)
    }
  }
}
