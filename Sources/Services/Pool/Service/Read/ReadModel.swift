internal import PoolDomain
internal import Primitives
internal import Synchronization

/// What readers see: a copy of everything that is durable, and of nothing that is not.
///
/// The writer publishes a batch's changes after its commit, under one short lock and together with
/// the sequence, so a reader never waits for a write or a sync, and never sees half of a command.
/// The arrays inside are shared with the writer's state until either changes.
final class ReadModel: Sendable {
  /// A SKU over all of its locations.
  struct Stock: Sendable {
    var available: Quantity = 0
    /// Of its last movement.
    var sequence: Int64 = 0
    /// In the order of the locations' ranks.
    var balances: [Balance] = []
  }

  struct State: Sendable {
    /// The ledger's sequence that all of this reflects.
    var sequence: Int64 = 0
    var skus: [SKURecord] = []
    var skuIndices: [SKU: SKUIndex] = [:]
    var locations: [LocationRecord] = []
    var buffers = BufferTable()
    var stocks: [Stock] = []
    var holds: [HoldID: Hold] = [:]
    var sales: [OrderID: Sale] = [:]
    /// Units on their way; a SKU without any is not in it.
    var incoming: [SKUIndex: [Incoming]] = [:]
    var reorderPoints = ReorderTable()
    var bundles = BundleTable()
    /// Lots on hand; a SKU without any is not in it.
    var lots: [SKUIndex: [Lot]] = [:]
    /// Those at which more is to be ordered.
    var dueReorders: Set<ReorderPoint.Scope> = []
    /// Whether sales are on disk that are not here.
    var hasUnloadedSales = false

    func index(of sku: SKU) throws(PoolError) -> SKUIndex {
      guard let index = skuIndices[sku] else { throw .skuUnknown(sku) }
      return index
    }

    mutating func put(_ record: SKURecord) {
      if record.index.int == skus.count {
        skus.append(record)
        skuIndices[record.sku] = record.index
        stocks.append(Stock())
      } else {
        skus[record.index.int] = record
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

  func read<T>(_ body: (State) throws -> T) rethrows -> T {
    try state.withLock { try body($0) }
  }

  var sequence: Int64 { state.withLock { $0.sequence } }

  /// The next SKUs' stock in the order of their creation; nil behind the last.
  func stocks(from start: Int, count: Int) -> [Stock]? {
    state.withLock { state in
      guard start < state.stocks.count else { return nil }
      return Array(state.stocks[start..<min(state.stocks.count, start + count)])
    }
  }

  /// Takes over what a batch has changed; returns the reorder points to which stock has come down.
  func publish(_ changes: Changes, _ pool: Pool) -> [ReorderPoint.Standing] {
    state.withLock { state in
      for index in changes.setSKUs { state.put(pool.record(of: index)) }
      for index in changes.setLocations { state.put(pool.record(of: index)) }
      for buffer in changes.setBuffers { state.buffers.set(buffer) }
      for sku in changes.skus {
        state.stocks[sku.int] = Stock(
          available: pool.available(sku), sequence: pool.sequence(of: sku),
          balances: pool.balances(of: sku))
      }
      for id in changes.holds { state.holds[id] = pool.holds[id] }
      for id in changes.forgottenHolds { state.holds[id] = pool.holds[id] }
      for id in changes.sales { state.sales[id] = pool.sales[id] }
      for key in changes.lots {
        let lots = pool.lots.lots(of: key.sku)
        state.lots[key.sku] = lots.isEmpty ? nil : lots
      }
      for bundle in changes.setBundles { state.bundles.set(bundle) }
      for sku in changes.incomingSKUs { state.incoming[sku] = pool.incoming[sku] }
      state.sequence = pool.sequence
      return state.updateReorders(changes)
    }
  }

  /// Forgets sales that are on disk.
  func unload(_ sales: [OrderID]) {
    guard !sales.isEmpty else { return }
    state.withLock { state in
      state.hasUnloadedSales = true
      for id in sales { state.sales[id] = nil }
    }
  }

  /// Starts again from what was loaded.
  func reset(to pool: Pool, hasUnloadedSales: Bool) {
    var fresh = State()
    fresh.sequence = pool.sequence
    for number in 0..<pool.skuCount {
      let sku = SKUIndex(number)
      fresh.put(pool.record(of: sku))
      fresh.stocks[number] = Stock(
        available: pool.available(sku), sequence: pool.sequence(of: sku),
        balances: pool.balances(of: sku))
    }
    for location in pool.locations { fresh.put(location) }
    fresh.buffers = pool.buffers
    fresh.holds = pool.holds
    fresh.sales = pool.sales
    fresh.incoming = pool.incoming
    fresh.bundles = pool.bundles
    fresh.lots = Dictionary(grouping: pool.lots.all, by: \.sku).mapValues { lots in
      lots.first.map { pool.lots.lots(of: $0.sku) } ?? []
    }
    var points = Changes()
    points.setReorderPoints = pool.reorderPoints.all
    _ = fresh.updateReorders(points)
    fresh.hasUnloadedSales = hasUnloadedSales
    state.withLock { $0 = fresh }
  }
}
