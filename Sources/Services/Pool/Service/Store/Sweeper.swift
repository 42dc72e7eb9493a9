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
  /// Things that changed and are not written yet, by their places, oldest first, each with the row
  /// that first changed it.
  private struct Backlog {
    private var items: [(place: Int, row: Int64)] = []
    private var start = 0
    /// Of each place, whether it waits.
    private var waits: [Bool] = []
    /// Since the last sweep.
    private var added = 0

    var count: Int { items.count - start }
    var isEmpty: Bool { count == 0 }
    var oldestRow: Int64? { start < items.count ? items[start].row : nil }

    mutating func add(_ place: Int, row: Int64) {
      while waits.count <= place { waits.append(false) }
      guard !waits[place] else { return }
      waits[place] = true
      items.append((place, row))
      added += 1
    }

    /// How many the sweep at hand writes: under load a batch may add more than the usual few, and then the backlog,
    /// and with it the time that a restart takes, must not grow without a bound.
    mutating func share(atLeast usual: Int) -> Int {
      defer { added = 0 }
      return count > ServiceLimits.unsweptRecords ? max(usual, 2 * added) : usual
    }

    mutating func next() -> Int? {
      guard start < items.count else { return nil }
      let place = items[start].place
      waits[place] = false
      start += 1
      if start > 4096, start * 2 > items.count {
        items.removeFirst(start)
        start = 0
      }
      return place
    }

    func contains(_ place: Int) -> Bool { place < waits.count && waits[place] }
  }

  private var index: SaleIndex
  private var holds = Backlog()
  private var sales = Backlog()
  private var allotments = Backlog()
  /// Numbers of holds whose rows go; `forgottenStart` are gone.
  private var forgottenHolds: [Int64] = []
  private var forgottenStart = 0
  /// Written sales in the order of their writing, to be unloaded when there are too many.
  private var writtenSales: [Int] = []
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

  init(_ loaded: PoolStore.Loaded, _ numbers: SaleNumbers, lastRow: Int64) {
    index = SaleIndex(numbers: numbers, open: loaded.openSales, indexed: loaded.indexedSale)
    sweptSequences = loaded.sweptSequences
    roundRow = lastRow
    balancesRow = loaded.sweptRow
    markedRow = loaded.sweptRow
    markedSequence = loaded.sweptSequence
    hasDirtyBalances = loaded.sweptRow < lastRow
    for place in loaded.replayed.holds { holds.add(place, row: loaded.sweptRow + 1) }
    for place in loaded.replayed.sales { sales.add(place, row: loaded.sweptRow + 1) }
    forgottenHolds = loaded.replayed.forgottenHolds.map(\.number)
    for place in loaded.replayed.allotments.sorted() {
      allotments.add(place, row: loaded.sweptRow + 1)
    }
    writtenSales = loaded.pool.sales.places.filter { !sales.contains($0) }
  }

  /// Notes what the rows from `row` on have changed.
  mutating func note(_ changes: Changes, row: Int64) {
    if !changes.skus.isEmpty { hasDirtyBalances = true }
    for place in changes.holds { holds.add(place, row: row) }
    for place in changes.sales { sales.add(place, row: row) }
    forgottenHolds += changes.forgottenHolds.map(\.number)
    for place in changes.allotments.sorted() { allotments.add(place, row: row) }
  }

  /// Notes a sale that is on disk and was brought into memory: it leaves again in its turn, changed or not.
  mutating func note(loaded place: Int) { writtenSales.append(place) }

  /// Holds and sales that wait to be written.
  var unsweptRecordCount: Int {
    holds.count + sales.count + forgottenHolds.count - forgottenStart + allotments.count
  }

  var isClean: Bool {
    !hasDirtyBalances && holds.isEmpty && sales.isEmpty
      && forgottenStart == forgottenHolds.count && allotments.isEmpty
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
      guard let place = holds.next() else { break }
      guard pool.holds.contains(place) else { continue }
      try pool.holds.read(place) { (hold) throws(StorageError) in try store.write(hold) }
    }
    for _ in 0..<sales.share(atLeast: usual) {
      guard let place = sales.next() else { break }
      guard pool.sales.contains(place) else { continue }
      try pool.sales.read(place) { (sale) throws(StorageError) in
        try store.write(sale)
        index.add(sale)
      }
      writtenSales.append(place)
    }
    try store.flushRecords()
    try index.write(to: store)
    try forgetHolds(of: store, atLeast: usual)
    for _ in 0..<allotments.share(atLeast: usual) {
      guard let place = allotments.next() else { break }
      try store.write(pool.promotions.allotments[place], at: place, through: markedSequence)
    }
    try mark(store)
  }

  private mutating func forgetHolds(
    of store: PoolStore, atLeast usual: Int
  ) throws(StorageError) {
    let waiting = forgottenHolds.count - forgottenStart
    guard waiting > 0 else { return }
    // A share of what waits, so that it does not grow without a bound.
    let end = forgottenStart + min(waiting, max(usual, waiting / 64))
    for number in forgottenHolds[forgottenStart..<end] { try store.delete(hold: number) }
    forgottenStart = end
    guard end > 4096, end * 2 > forgottenHolds.count else { return }
    forgottenHolds.removeFirst(end)
    forgottenStart = 0
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

  /// Places of sales that may leave memory, since they are written, and there are too many.
  mutating func unloadable(_ pool: Pool, keeping limit: Int) -> [Int] {
    var found: [Int] = []
    while pool.sales.count - found.count > limit, writtenStart < writtenSales.count {
      let place = writtenSales[writtenStart]
      writtenStart += 1
      if pool.sales.contains(place), !sales.contains(place) { found.append(place) }
    }
    if writtenStart > 4096, writtenStart * 2 > writtenSales.count {
      writtenSales.removeFirst(writtenStart)
      writtenStart = 0
    }
    return found
  }
}
