internal import PoolDomain
internal import Primitives
internal import Synchronization

/// What readers see: a copy of everything that is durable, and of nothing that is not.
///
/// The writer publishes a batch's changes after its commit, under one short lock and together with
/// the sequence, so a reader never waits for a write or a sync, and never sees half of a command.
/// The arrays inside are shared with the writer's state until either changes.
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
    var holds = HoldTable()
    var holdLists = HoldLists()
    /// Units on their way; a SKU without any is not in it.
    var incoming: [SKUIndex: [Incoming]] = [:]
    var reorderPoints = ReorderTable()
    var bundles = BundleTable()
    /// Lots on hand; a SKU without any is not in it.
    var lots: [SKUIndex: [Lot]] = [:]
    /// Those at which more is to be ordered.
    var dueReorders: Set<ReorderPoint.Scope> = []
    var skuIndices: SKUTable { skus }

    func index(of sku: SKU) throws(PoolError) -> SKUIndex {
      guard let index = skus[sku] else { throw .skuUnknown(sku) }
      return index
    }

    mutating func takeHolds(_ changes: Changes, _ pool: Pool) {
      // Which SKUs a hold has changes as long as it is one: mostly it is new then.
      var before: [Int: HoldLists.Before] = [:]
      for place in changes.holds
      where holds.id(at: place).map({ pool.holds.id(at: place) == $0 }) ?? false {
        if pool.holds.read(place, { $0.state == .held }) { before[place] = .init(holds[place]) }
      }
      holds.share(pool.holds, at: changes.holds)
      let table = holds
      for place in changes.holds where table.contains(place) {
        table.read(place) { holdLists.note($0, at: place, was: before[place], in: table) }
      }
      for forgotten in changes.forgottenHolds where pool.holds.place(of: forgotten.id) == nil {
        if let place = holds.place(of: forgotten.id) { holds.remove(at: place) }
      }
    }

    mutating func put(_ record: LocationRecord) {
      if record.index.int == locations.count {
        locations.append(record)
      } else {
        locations[record.index.int] = record
      }
    }
  }

  private let state = Mutex(State())
  /// They are told after the state, so that whoever sees a sale sees what it has taken.
  let sales = SaleView()

  func read<T>(_ body: (State) throws -> T) rethrows -> T {
    try state.withLock { try body($0) }
  }

  var sequence: Int64 { state.withLock { $0.sequence } }

  /// About as many as there are: one a SKU at least.
  var balanceCount: Int { state.withLock { $0.stocks.count } }

  /// The next SKUs' available units and balances in the order of their creation; nil behind the last.
  func stocks(from start: Int, count: Int) -> [(available: Quantity, balances: [Balance])]? {
    state.withLock { state in
      guard start < state.stocks.count else { return nil }
      return (start..<min(state.stocks.count, start + count)).map { place in
        let stock = state.stocks[place]
        return (stock.available, stock.balances)
      }
    }
  }

  /// All lots and allotments, and the sequence that they reflect.
  func parts() -> (lots: [Lot], allotments: [Allotment], sequence: Int64) {
    let (lots, promotions, sequence) = state.withLock { ($0.lots, $0.promotions, $0.sequence) }
    return (lots.values.flatMap(\.self), promotions.allotments, sequence)
  }

  /// Takes over what a batch has changed; returns the reorder points to which stock has come down.
  ///
  /// - Parameter unloaded: places of sales that are on disk and have left memory.
  func publish(
    _ changes: Changes, unloaded: [Int] = [], _ pool: Pool
  ) -> [ReorderPoint.Standing] {
    // Another rank moves balances of any SKU.
    let reordered = state.withLock { state in
      changes.setLocations.contains { index in
        index.int < state.locations.count
          && state.locations[index.int].rank != pool.record(of: index).rank
      }
    }
    let whole = reordered ? StockTable(pool) : nil
    defer { sales.note(changes.sales, unloaded: unloaded, pool) }
    return state.withLock { state in
      if let whole { state.stocks = whole }
      for index in changes.setSKUs { state.skus.share(pool.skus, at: index.int) }
      for index in changes.setLocations { state.put(pool.record(of: index)) }
      let followedDemand = state.buffers.followsDemand
      for buffer in changes.setBuffers { state.buffers.set(buffer) }
      for channel in changes.removedSourcings { state.sourcings.remove(channel) }
      for sourcing in changes.setSourcings {
        if let known = pool.sourcings[sourcing.channel] { state.sourcings.set(known) }
      }
      for lock in changes.setLastUnits { state.lastUnits.set(lock) }
      state.takePromotions(changes, pool)
      let followsDemand = state.buffers.followsDemand
      if followsDemand, !followedDemand { state.stocks.shareRates(pool) }
      for sku in changes.skus { state.stocks.share(pool, sku, withRates: followsDemand) }
      state.takeHolds(changes, pool)
      for key in changes.lots {
        let lots = pool.lots.lots(of: key.sku)
        state.lots[key.sku] = lots.isEmpty ? nil : lots
      }
      for bundle in changes.setBundles { state.bundles.set(bundle) }
      for sku in changes.incomingSKUs { state.incoming[sku] = pool.incoming[sku] }
      state.sequence = pool.sequence
      state.now = pool.now
      return state.updateReorders(changes)
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
    fresh.holds = pool.holds
    fresh.holdLists = pool.holdLists
    fresh.incoming = pool.incoming
    fresh.bundles = pool.bundles
    fresh.lots = Dictionary(grouping: pool.lots.all, by: \.sku).mapValues { lots in
      lots.first.map { pool.lots.lots(of: $0.sku) } ?? []
    }
    var points = Changes()
    points.setReorderPoints = pool.reorderPoints.all
    _ = fresh.updateReorders(points)
    state.withLock { $0 = fresh }
    sales.reset(to: pool, saleNumbers, hasUnloaded: hasUnloadedSales)
  }
}
