internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Writes balances, holds and sales behind the ledger, a few with each commit, so that a restart
/// need not read the ledger from its beginning.
///
/// Balances are swept in the order of their places, round after round, since neighbours share
/// pages; holds and sales in the order in which they first changed. `sweptRow` is the row up to
/// which all of them are written.
struct Sweeper {
  /// Things that changed and are not written yet, oldest first, each with the row that first
  /// changed it.
  private struct Backlog<ID: Hashable> {
    private var items: [(id: ID, row: Int64)] = []
    private var start = 0
    private var known: Set<ID> = []
    /// Since the last sweep.
    private var added = 0

    var count: Int { known.count }
    var isEmpty: Bool { known.isEmpty }
    var oldestRow: Int64? { start < items.count ? items[start].row : nil }

    mutating func add(_ id: ID, row: Int64) {
      guard known.insert(id).inserted else { return }
      items.append((id, row))
      added += 1
    }

    /// How many the sweep at hand writes: under load a batch may add more than the usual few, and then the backlog,
    /// and with it the time that a restart takes, must not grow without a bound.
    mutating func share(atLeast usual: Int) -> Int {
      defer { added = 0 }
      return count > ServiceLimits.unsweptRecords ? max(usual, 2 * added) : usual
    }

    mutating func next() -> ID? {
      guard start < items.count else { return nil }
      let id = items[start].id
      known.remove(id)
      start += 1
      if start > 4096, start * 2 > items.count {
        items.removeFirst(start)
        start = 0
      }
      return id
    }

    func contains(_ id: ID) -> Bool { known.contains(id) }
  }

  private var index: SaleIndex
  private var holds = Backlog<HoldID>()
  private var sales = Backlog<OrderID>()
  private var forgottenHolds = Backlog<HoldID>()
  /// By their places.
  private var allotments = Backlog<Int>()
  /// Written sales in the order of their writing, to be unloaded when there are too many.
  private var writtenSales: [OrderID] = []
  private var writtenStart = 0
  /// The sequence up to which each balance is written.
  private var sweptSequences: [Int64] = []
  private var place = 0
  /// The last row when this round began, and whether something was written in it.
  private var roundRow: Int64
  /// The row up to which a finished round has written every balance.
  private var balancesRow: Int64
  private(set) var markedRow: Int64
  private var markedSequence: Int64
  private var heads = LedgerHeads()
  private var hasDirtyBalances: Bool

  init(_ loaded: PoolStore.Loaded, lastRow: Int64, salesInMemory: Int) {
    index = SaleIndex(
      indexed: loaded.indexedSale, waiting: loaded.waitingSales, salesInMemory: salesInMemory)
    sweptSequences = loaded.sweptSequences
    roundRow = lastRow
    balancesRow = loaded.sweptRow
    markedRow = loaded.sweptRow
    markedSequence = loaded.sweptSequence
    hasDirtyBalances = loaded.sweptRow < lastRow
    for id in loaded.replayed.holds { holds.add(id, row: loaded.sweptRow + 1) }
    for id in loaded.replayed.sales { sales.add(id, row: loaded.sweptRow + 1) }
    for place in loaded.replayed.allotments.sorted() {
      allotments.add(place, row: loaded.sweptRow + 1)
    }
    writtenSales = loaded.pool.sales.keys.filter { !sales.contains($0) }
  }

  /// Notes what the rows from `row` on have changed.
  mutating func note(_ changes: Changes, row: Int64) {
    if !changes.skus.isEmpty { hasDirtyBalances = true }
    for id in changes.holds { holds.add(id, row: row) }
    for id in changes.sales { sales.add(id, row: row) }
    for id in changes.forgottenHolds { forgottenHolds.add(id, row: row) }
    for place in changes.allotments.sorted() { allotments.add(place, row: row) }
  }

  /// Holds and sales that wait to be written.
  var unsweptRecordCount: Int {
    holds.count + sales.count + forgottenHolds.count + allotments.count
  }

  var isClean: Bool {
    !hasDirtyBalances && holds.isEmpty && sales.isEmpty && forgottenHolds.isEmpty
      && allotments.isEmpty && index.isClean
  }

  /// Writes some of what changed, inside the commit at hand.
  mutating func sweep(
    _ pool: Pool, to store: PoolStore, isIdle: Bool
  ) throws(StorageError) {
    try sweepBalances(
      pool, to: store,
      count: isIdle ? ServiceLimits.idleSweptBalances : ServiceLimits.sweptBalances)
    let usual = isIdle ? ServiceLimits.idleSweptRecords : ServiceLimits.sweptRecords
    for _ in 0..<holds.share(atLeast: usual) {
      guard let id = holds.next() else { break }
      if let hold = pool.holds[id] { try store.write(hold) }
    }
    for _ in 0..<sales.share(atLeast: usual) {
      guard let id = sales.next() else { break }
      guard let sale = pool.sales[id] else { continue }
      try store.write(sale)
      writtenSales.append(id)
      index.add(sale)
    }
    try index.write(to: store, isIdle: isIdle)
    for _ in 0..<forgottenHolds.share(atLeast: usual) {
      guard let id = forgottenHolds.next() else { break }
      if pool.holds[id] == nil { try store.delete(hold: id) }
    }
    for _ in 0..<allotments.share(atLeast: usual) {
      guard let place = allotments.next() else { break }
      try store.write(pool.promotions.allotments[place], at: place, through: markedSequence)
    }
    try mark(store)
  }

  private mutating func sweepBalances(
    _ pool: Pool, to store: PoolStore, count: Int
  ) throws(StorageError) {
    guard hasDirtyBalances else { return }
    if place == 0 { roundRow = store.lastRow }
    while sweptSequences.count < pool.balances.count { sweptSequences.append(0) }
    let end = min(pool.balances.count, place + count)
    while place < end {
      let sequence = pool.balances[place].sequence
      if sequence > sweptSequences[place] {
        try keepHistory(of: pool.balances[place], to: store)
        try store.write(pool.balances[place], pool.rates[place])
        sweptSequences[place] = sequence
      }
      place += 1
    }
    guard place >= pool.balances.count else { return }
    place = 0
    balancesRow = roundRow
    // What changed while the round went on is for the next one.
    hasDirtyBalances = balancesRow < store.lastRow
  }

  /// Keeps what is overwritten when it is the last of its stretch of the ledger. Up to the mark, every
  /// movement is in what was swept.
  private func keepHistory(of balance: Balance, to store: PoolStore) throws(StorageError) {
    let old = sweptSequences[place]
    let stretch = ServiceLimits.historyMovements
    guard old == 0 || old / stretch != balance.sequence / stretch else { return }
    try store.keep(
      swept: balance.sku, balance.location, isNew: old == 0, through: max(old, markedSequence))
  }

  private mutating func mark(_ store: PoolStore) throws(StorageError) {
    var row = hasDirtyBalances ? balancesRow : store.lastRow
    if let oldest = holds.oldestRow { row = min(row, oldest - 1) }
    if let oldest = sales.oldestRow { row = min(row, oldest - 1) }
    if let oldest = allotments.oldestRow { row = min(row, oldest - 1) }
    let end = store.chain.head
    heads.note(end)
    guard row >= markedRow + ServiceLimits.rowsBetweenMarks || (isClean && row > markedRow),
      let head = row == end.row ? end : heads.last(upTo: row), head.row > markedRow
    else { return }
    try store.mark(head)
    markedRow = head.row
    markedSequence = head.sequence
    heads.forget(upTo: head.row)
  }

  /// Sales that may leave memory, since they are written and indexed, and there are too many.
  mutating func unloadable(_ pool: Pool, keeping limit: Int) -> [OrderID] {
    var found: [OrderID] = []
    while pool.sales.count - found.count > limit, writtenStart < writtenSales.count {
      let id = writtenSales[writtenStart]
      if let sale = pool.sales[id], sale.number > index.indexedNumber { break }
      writtenStart += 1
      if !sales.contains(id), pool.sales[id] != nil { found.append(id) }
    }
    if writtenStart > 4096, writtenStart * 2 > writtenSales.count {
      writtenSales.removeFirst(writtenStart)
      writtenStart = 0
    }
    return found
  }
}
