internal import PoolDomain
internal import Primitives

/// What readers see: a copy of everything that is durable, and of nothing that is not.
///
/// The writer publishes a batch's changes after its commit, all at once and together with the sequence, so a reader waits
/// neither for a write nor for a sync, and never sees half of a command. There are two copies (`Twins`), of which one takes over
/// the last two batches while the other is read. The arrays inside are shared with the writer's state until either changes.
final class ReadModel: Sendable {
  struct State: Sendable {
    /// The ledger's sequence that all of this reflects.
    var sequence: Int64 = 0
    fileprivate(set) var skus = SKUTable()
    var locations: [LocationRecord] = []
    var buffers = BufferTable()
    var sourcings = SourcingTable()
    var lastUnits = LastUnitsTable()
    var promotions = PromotionTable()
    /// The moment for which rules count: that of the writer's last batch.
    var now = Timestamp.zero
    fileprivate(set) var stocks = StockTable()
    /// Units on their way; a SKU without any is not in it.
    var incoming: [SKUIndex: [Incoming]] = [:]
    var reorderPoints = ReorderTable()
    var bundles = BundleTable()
    /// Lots on hand; a SKU without any is not in it.
    var lots: [SKUIndex: [Lot]] = [:]
    /// Those at which more is to be ordered.
    var dueReorders: Set<ReorderPoint.Scope> = []
    /// What the last batch has changed here, which the other copy still lacks.
    fileprivate var lastChanges = Changes()
    var skuIndices: SKUTable { skus }

    func index(of sku: SKU) throws(PoolError) -> SKUIndex {
      guard let index = skus[sku] else { throw .skuUnknown(sku) }
      return index
    }

    /// Takes over what a batch has changed, as it is in the pool now.
    fileprivate mutating func take(_ changes: Changes, _ pool: Pool) {
      for index in changes.setSKUs { skus.share(pool.skus, at: index.int) }
      // Another rank moves balances of any SKU.
      let isReordered = changes.setLocations.contains { index in
        index.int < locations.count && locations[index.int].rank != pool.record(of: index).rank
      }
      if isReordered { stocks = StockTable(pool) }
      for index in changes.setLocations { put(pool.record(of: index)) }
      let followedDemand = buffers.followsDemand
      for buffer in changes.setBuffers { buffers.set(buffer) }
      for channel in changes.removedSourcings { sourcings.remove(channel) }
      for sourcing in changes.setSourcings {
        if let known = pool.sourcings[sourcing.channel] { sourcings.set(known) }
      }
      for lock in changes.setLastUnits { lastUnits.set(lock) }
      takePromotions(changes, pool)
      let followsDemand = buffers.followsDemand
      if followsDemand, !followedDemand { stocks.shareRates(pool) }
      for sku in changes.skus { stocks.share(pool, sku, withRates: followsDemand) }
      for key in changes.lots {
        let lots = pool.lots.lots(of: key.sku)
        self.lots[key.sku] = lots.isEmpty ? nil : lots
      }
      for bundle in changes.setBundles { bundles.set(bundle) }
      for sku in changes.incomingSKUs { incoming[sku] = pool.incoming[sku] }
      for point in changes.setReorderPoints {
        reorderPoints.set(point)
        if point.units == nil { dueReorders.remove(point.scope) }
      }
      sequence = pool.sequence
      now = pool.now
    }

    mutating func put(_ record: LocationRecord) {
      if record.index.int == locations.count {
        locations.append(record)
      } else {
        locations[record.index.int] = record
      }
    }
  }

  private let state = Twins(State())
  private let records = RecordView()

  func read<T>(_ body: (State) throws -> T) rethrows -> T {
    try state.read(body)
  }

  /// Orders and holds together with the state that has what they took.
  func readRecords<T: Sendable>(_ body: (RecordView.Records, State) throws -> T) rethrows -> T {
    try records.read(with: state, body)
  }

  /// Brings the records up to date, which the writer leaves to those whom it has answered.
  func settle() { records.settle(through: sequence) }

  var sequence: Int64 { state.read { $0.sequence } }

  /// About as many as there are: one a SKU at least.
  var balanceCount: Int { state.read { $0.stocks.count } }

  /// The next SKUs' available units and balances in the order of their creation; nil behind the last.
  func stocks(from start: Int, count: Int) -> [(available: Quantity, balances: [Balance])]? {
    state.read { state in
      guard start < state.stocks.count else { return nil }
      return (start..<min(state.stocks.count, start + count)).map { place in
        let stock = state.stocks[place]
        return (stock.available, stock.balances)
      }
    }
  }

  /// All lots and allotments, and the sequence that they reflect.
  func parts() -> (lots: [Lot], allotments: [Allotment], sequence: Int64) {
    let (lots, promotions, sequence) = state.read { ($0.lots, $0.promotions, $0.sequence) }
    return (lots.values.flatMap(\.self), promotions.allotments, sequence)
  }

  /// Takes over what a batch has changed; returns the reorder points to which stock has come down.
  ///
  /// - Parameter unloaded: places of sales that are on disk and have left memory.
  func publish(
    _ changes: Changes, unloaded: [Int] = [], _ pool: Pool
  ) -> [ReorderPoint.Standing] {
    records.note(changes, unloaded: unloaded, pool)
    return state.write { state, shown in
      let batches = [shown.lastChanges, changes]
      for batch in batches { state.take(batch, pool) }
      state.lastChanges = changes
      return state.updateReorders(batches, shown.dueReorders)
    }
  }

  /// Starts again from what was loaded.
  ///
  /// - Parameter time: by the clock. Rules count as they do then: the writer has decided nothing yet, and the pool's time is
  ///   that of the ledger's last entry.
  func reset(
    to pool: Pool, _ saleNumbers: SaleNumbers, hasUnloadedSales: Bool, at time: Timestamp = .zero
  ) {
    var fresh = State()
    fresh.sequence = pool.sequence
    fresh.skus = pool.skus
    fresh.stocks = StockTable(pool)
    for location in pool.locations { fresh.put(location) }
    fresh.buffers = pool.buffers
    fresh.sourcings = pool.sourcings
    fresh.lastUnits = pool.lastUnits
    fresh.now = max(pool.now, time)
    fresh.promotions = pool.promotions
    fresh.promotions.refresh(at: fresh.now)
    fresh.incoming = pool.incoming
    fresh.bundles = pool.bundles
    fresh.lots = Dictionary(grouping: pool.lots.all, by: \.sku).mapValues { lots in
      lots.first.map { pool.lots.lots(of: $0.sku) } ?? []
    }
    fresh.reorderPoints = pool.reorderPoints
    var points = Changes()
    points.setReorderPoints = pool.reorderPoints.all
    _ = fresh.updateReorders([points], [])
    for _ in 0..<2 { state.write { state, _ in state = fresh } }
    records.reset(to: pool, saleNumbers, hasUnloadedSales: hasUnloadedSales)
  }
}
