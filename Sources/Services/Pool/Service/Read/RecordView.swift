internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import Synchronization

/// The readers' copy of the orders and the holds, under locks of its own: the many that a batch adds keep nobody from reading
/// stock.
///
/// The writer leaves what a batch has changed and goes on with the next one. Those whom the batch answers bring the copy up
/// to date, and so does whoever reads it, so that nobody misses what was durable before he asked. It takes no more than the
/// state of the read model has: who reads both sees them as they were after one and the same batch.
final class RecordView: Sendable {
  struct Records: Sendable {
    fileprivate(set) var sales = PlacedTable<OrderID, Sale>()
    /// Where those that are on disk are.
    fileprivate(set) var saleNumbers = SaleNumbers()
    /// Whether some are on disk alone.
    fileprivate(set) var hasUnloadedSales = false
    fileprivate(set) var holds = HoldTable()
    fileprivate(set) var holdLists = HoldLists()

    fileprivate mutating func take(_ changed: Changed) {
      sales.take(changed.sales)
      if changed.hasUnloadedSales { hasUnloadedSales = true }
      take(changed.holds)
      for id in changed.forgottenHolds { holds.place(of: id).map { holds.remove(at: $0) } }
    }

    private mutating func take(_ changed: HoldTable.Excerpt) {
      // Which SKUs a hold has changes as long as it is one: mostly it is new then.
      var before: [Int: HoldLists.Before] = [:]
      changed.each { place, id, hold in
        if hold.state == .held, holds.id(at: place) == id { before[place] = .init(holds[place]) }
      }
      holds.take(changed)
      let table = holds
      changed.each { place, _, hold in
        holdLists.note(hold, at: place, was: before[place], in: table)
      }
    }
  }

  /// What a batch has changed.
  fileprivate struct Changed {
    /// The ledger's after it.
    let sequence: Int64
    let sales: PlacedTable<OrderID, Sale>.Excerpt
    let hasUnloadedSales: Bool
    let holds: HoldTable.Excerpt
    let forgottenHolds: [HoldID]
  }

  /// Locked in front of `waiting` by whoever wants both.
  private let records = Mutex(Records())
  /// In the order of the batches.
  private let waiting = Mutex<[Changed]>([])

  /// - Parameter state: which is to be read together with the records.
  func read<T: Sendable>(
    with state: Twins<ReadModel.State>, _ body: (Records, ReadModel.State) throws -> T
  ) rethrows -> T {
    try records.withLock { records in
      try state.read { state in
        takeWaiting(into: &records, through: state.sequence)
        return try body(records, state)
      }
    }
  }

  /// Brings the copy up to date, unless somebody is at it.
  ///
  /// - Parameter sequence: of the read model's state.
  func settle(through sequence: Int64) {
    guard waiting.withLock({ !$0.isEmpty }) else { return }
    records.withLockIfAvailable { takeWaiting(into: &$0, through: sequence) }
  }

  private func takeWaiting(into records: inout Records, through sequence: Int64) {
    let taken = waiting.withLock { waiting in
      let count = waiting.firstIndex { $0.sequence > sequence } ?? waiting.count
      defer { waiting.removeFirst(count) }
      return waiting.prefix(count)
    }
    for changed in taken { records.take(changed) }
  }

  /// Notes what a batch has changed, once it is durable and before the state shows it.
  ///
  /// - Parameter unloaded: places of sales that are on disk and have left memory.
  func note(_ changes: Changes, unloaded: [Int], _ pool: Pool) {
    guard
      !changes.sales.isEmpty || !unloaded.isEmpty || !changes.holds.isEmpty
        || !changes.forgottenHolds.isEmpty
    else { return }
    let changed = Changed(
      sequence: pool.sequence, sales: pool.sales.excerpt(at: unloaded + changes.sales),
      hasUnloadedSales: !unloaded.isEmpty, holds: pool.holds.excerpt(at: changes.holds),
      // Another hold may have been made under the same ID.
      forgottenHolds: changes.forgottenHolds.map(\.id).filter { pool.holds.place(of: $0) == nil })
    waiting.withLock { $0.append(changed) }
  }

  /// Starts again from what was loaded.
  func reset(to pool: Pool, _ saleNumbers: SaleNumbers, hasUnloadedSales: Bool) {
    records.withLock { records in
      waiting.withLock { $0 = [] }
      records = Records(
        sales: pool.sales, saleNumbers: saleNumbers, hasUnloadedSales: hasUnloadedSales,
        holds: pool.holds, holdLists: pool.holdLists)
    }
  }
}
