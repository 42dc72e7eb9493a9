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
    /// How fast each balance sells; empty unless a buffer follows demand.
    var rates: [SaleRate] = []
  }

  struct State: Sendable {
    /// The ledger's sequence that all of this reflects.
    var sequence: Int64 = 0
    var skus: [SKURecord] = []
    var skuIndices: [SKU: SKUIndex] = [:]
    var locations: [LocationRecord] = []
    var buffers = BufferTable()
    var sourcings = SourcingTable()
    var lastUnits = LastUnitsTable()
    var promotions = PromotionTable()
    /// The moment for which rules count: that of the writer's last batch.
    var now = Timestamp.zero
    var stocks: [Stock] = []
    var holds: [HoldID: Hold] = [:]
    var sales: [OrderID: Sale] = [:]
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

  /// Takes over what a batch has changed.
  func publish(_ changes: Changes, _ pool: Pool) {
    state.withLock { state in
      for index in changes.setSKUs { state.put(pool.record(of: index)) }
      for index in changes.setLocations { state.put(pool.record(of: index)) }
      let followedDemand = state.buffers.followsDemand
      for buffer in changes.setBuffers { state.buffers.set(buffer) }
      for channel in changes.removedSourcings { state.sourcings.remove(channel) }
      for sourcing in changes.setSourcings {
        if let known = pool.sourcings[sourcing.channel] { state.sourcings.set(known) }
      }
      for lock in changes.setLastUnits { state.lastUnits.set(lock) }
      state.takePromotions(changes, pool)
      for sku in changes.skus { state.stocks[sku.int] = Stock(of: sku, pool) }
      if state.buffers.followsDemand, !followedDemand {
        for sku in pool.sellingSKUs { state.stocks[sku.int] = Stock(of: sku, pool) }
      }
      for id in changes.holds { state.holds[id] = pool.holds[id] }
      for id in changes.forgottenHolds { state.holds[id] = pool.holds[id] }
      for id in changes.sales { state.sales[id] = pool.sales[id] }
      state.sequence = pool.sequence
      state.now = pool.now
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
      fresh.stocks[number] = Stock(of: sku, pool)
    }
    for location in pool.locations { fresh.put(location) }
    fresh.buffers = pool.buffers
    fresh.sourcings = pool.sourcings
    fresh.lastUnits = pool.lastUnits
    fresh.promotions = pool.promotions
    fresh.now = pool.now
    fresh.holds = pool.holds
    fresh.sales = pool.sales
    fresh.hasUnloadedSales = hasUnloadedSales
    state.withLock { $0 = fresh }
  }
}
