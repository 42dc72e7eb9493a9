internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import Synchronization

/// The readers' copy of the orders, under locks of its own: the many that a batch adds keep nobody from reading stock.
///
/// The writer leaves what a batch has changed and goes on with the next one. Those whom the batch answers bring the copy up
/// to date, and so does whoever reads it, so that nobody misses what was durable before he asked.
final class SaleView: Sendable {
  struct Sales: Sendable {
    fileprivate(set) var table = PlacedTable<OrderID, Sale>()
    /// Where those that are on disk are.
    fileprivate(set) var numbers = SaleNumbers()
    /// Whether some are on disk alone.
    fileprivate(set) var hasUnloaded = false
  }

  /// What batches have changed, in their order.
  private struct Waiting {
    var changed: [PlacedTable<OrderID, Sale>.Excerpt] = []
    var hasUnloaded = false
  }

  /// Locked in front of `waiting` by whoever wants both.
  private let sales = Mutex(Sales())
  private let waiting = Mutex(Waiting())

  func read<T>(_ body: (Sales) throws -> T) rethrows -> T {
    try sales.withLock { sales in
      takeWaiting(into: &sales)
      return try body(sales)
    }
  }

  /// Brings the copy up to date, unless somebody is at it.
  func settle() {
    guard waiting.withLock({ !$0.changed.isEmpty }) else { return }
    sales.withLockIfAvailable { takeWaiting(into: &$0) }
  }

  private func takeWaiting(into sales: inout Sales) {
    let taken = waiting.withLock { waiting in
      defer { waiting.changed = [] }
      return waiting
    }
    sales.hasUnloaded = taken.hasUnloaded
    for excerpt in taken.changed { sales.table.take(excerpt) }
  }

  /// Notes what a batch has changed, once it is durable.
  ///
  /// - Parameters:
  ///   - places: in the pool's table of sales.
  ///   - unloaded: places of sales that are on disk and have left memory.
  func note(_ places: [Int], unloaded: [Int], _ pool: Pool) {
    guard !places.isEmpty || !unloaded.isEmpty else { return }
    let changed = pool.sales.excerpt(at: unloaded + places)
    waiting.withLock { waiting in
      waiting.changed.append(changed)
      if !unloaded.isEmpty { waiting.hasUnloaded = true }
    }
  }

  /// Starts again from what was loaded.
  func reset(to pool: Pool, _ saleNumbers: SaleNumbers, hasUnloaded: Bool) {
    sales.withLock { sales in
      waiting.withLock { $0 = Waiting(hasUnloaded: hasUnloaded) }
      sales = Sales(table: pool.sales, numbers: saleNumbers, hasUnloaded: hasUnloaded)
    }
  }
}
