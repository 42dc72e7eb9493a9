internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What a start or a recovery brings into memory: the swept tables, then the ledger behind them.
extension PoolStore {
  /// What was loaded beside the pool itself.
  struct Loaded {
    var pool = Pool()
    var requests = RequestIndex()
    /// Whether sales are on disk that are not in memory.
    var hasUnloadedSales = false
    /// The row behind which a restart would replay.
    var sweptRow: Int64 = 0
    /// The sequence up to which each balance was swept, by its place.
    var sweptSequences: [Int64] = []
    /// What the replay has changed and the sweep has still to write.
    var replayed = Changes()
  }

  func load(now: Timestamp, salesInMemory: Int) throws -> Loaded {
    var loaded = Loaded()
    try loadCatalog(loaded.pool)
    try loadBalances(loaded.pool)
    try loadHolds(loaded.pool)
    loaded.hasUnloadedSales = try !loadSales(loaded.pool, atMost: salesInMemory)
    loaded.sweptRow = try first("SELECT swept_row FROM mark WHERE mark_id = 1") { $0.int64(0) } ?? 0
    loaded.sweptSequences = loaded.pool.balances.map(\.sequence)
    let end = try replay(after: loaded.sweptRow, loaded.pool, loaded.hasUnloadedSales)
    guard loaded.pool.sequence <= end.sequence else {
      throw corrupt("the ledger ends at \(end.sequence), before what was counted from it")
    }
    loaded.replayed = loaded.pool.takeChanges()
    loaded.pool.finishLoading(time: end.time, sequence: end.sequence)
    continueAfter(row: end.number, checksum: end.checksum)
    loaded.requests = try loadRequests(since: now - Limits.requestKept, until: end.number)
    return loaded
  }

  private func loadCatalog(_ pool: Pool) throws {
    try connection.scan(
      """
      SELECT sku_id, sku, display_name, create_time, update_time, revision, sku_group
      FROM sku ORDER BY sku_id
      """
    ) { row in
      guard row.int(0) == pool.skuCount else { throw corrupt("SKU \(pool.skuCount) is missing") }
      pool.load(
        SKURecord(
          index: SKUIndex(row.int(0)), sku: row.id(1), displayName: row.text(2),
          group: row.text(6).isEmpty ? nil : row.id(6), createTime: row.time(3),
          updateTime: row.time(4), revision: row.int64(5)))
      return true
    }
    try connection.scan(
      """
      SELECT location_id, location, display_name, rank, create_time, update_time, revision, kind,
        zones, offers_pickup
      FROM location ORDER BY location_id
      """
    ) { row in
      guard row.int(0) == pool.locations.count else {
        throw corrupt("location \(pool.locations.count) is missing")
      }
      guard let rank = Int32(exactly: row.int64(3)) else {
        throw corrupt("location \(row.int(0)) has the rank \(row.int64(3))")
      }
      guard let kind = Int32(exactly: row.int64(7)).flatMap(LocationTraits.Kind.init) else {
        throw corrupt("location \(row.int(0)) is of the kind \(row.int64(7))")
      }
      pool.load(
        LocationRecord(
          index: LocationIndex(row.int(0)), location: row.id(1), displayName: row.text(2),
          rank: rank,
          traits: LocationTraits(
            kind: kind, zones: Self.items(row.text(8)), offersPickup: row.bool(9)),
          createTime: row.time(4), updateTime: row.time(5), revision: row.int64(6)))
      return true
    }
    try loadRules(pool)
    try loadPromotions(pool)
  }

  private func loadBalances(_ pool: Pool) throws {
    try connection.scan(
      """
      SELECT balance_key, on_hand, held, committed, unavailable, received, returned, found,
        shipped, lost, sequence, rate_weight, rate_time
      FROM balance ORDER BY balance_key
      """
    ) { row in
      guard let (sku, location) = Self.place(ofKey: row.int64(0)) else {
        throw corrupt("\(row.int64(0)) is no balance's key")
      }
      let balance = Balance(
        sku: sku, location: location, onHand: row.int64(1), held: row.int64(2),
        committed: row.int64(3), unavailable: row.int64(4), received: row.int64(5),
        returned: row.int64(6), found: row.int64(7), shipped: row.int64(8), lost: row.int64(9),
        sequence: row.int64(10))
      guard sku.int < pool.skuCount, location.int < pool.locations.count, balance.isConsistent
      else { throw corrupt("the balance \(row.int64(0)) contradicts itself") }
      pool.load(balance, rate: SaleRate(weight: row.int64(11), time: row.time(12)))
      return true
    }
  }

  private func loadHolds(_ pool: Pool) throws {
    try connection.scan("SELECT hold_id, body FROM hold") { row in
      let id = HoldID(trusted: row.text(0))
      guard let hold = try? Hold(id: id, bytes: row.bytes(1)), pool.knows(hold) else {
        throw corrupt("the hold \(id) cannot be read")
      }
      pool.load(hold)
      return true
    }
  }

  /// Loads all sales, or none when there are too many; then they come when they are asked for.
  private func loadSales(_ pool: Pool, atMost limit: Int) throws -> Bool {
    let count =
      try first(
        "SELECT count(*) FROM (SELECT order_id FROM sale LIMIT ?) AS some", [.int(limit + 1)]
      ) { $0.int(0) } ?? 0
    guard count <= limit else { return false }
    try connection.scan("SELECT order_id, body FROM sale") { row in
      let id = OrderID(trusted: row.text(0))
      guard let sale = try? Sale(orderID: id, bytes: row.bytes(1)), pool.knows(sale) else {
        throw corrupt("the sale \(id) cannot be read")
      }
      pool.load(sale)
      return true
    }
    return true
  }

  /// Counts in what the sweep had not reached; returns the ledger's last row.
  private func replay(
    after sweptRow: Int64, _ pool: Pool, _ hasUnloadedSales: Bool
  ) throws -> LedgerRow {
    var last =
      try row(sweptRow)
      ?? LedgerRow(
        number: 0, sequence: 0, time: .zero, requestID: "", bodyHash: [], response: [], entry: [],
        checksum: 0)
    guard last.number == sweptRow else { throw corrupt("row \(sweptRow) of the ledger is missing") }
    try connection.scan(
      LedgerSQL.rows + " WHERE row_number > ? ORDER BY row_number", [.integer(sweptRow)]
    ) { row in
      let next = LedgerSQL.row(row)
      guard next.number == last.number + 1,
        next.checksum == next.expectedChecksum(after: last.checksum),
        let entry = try? next.decoded(), entry.firstSequence == last.sequence + 1
      else { throw corrupt("row \(last.number + 1) of the ledger is damaged") }
      if hasUnloadedSales, let order = entry.orderID, pool.sales[order] == nil,
        let sale = try sale(order, pool)
      {
        pool.load(sale)
      }
      pool.replay(entry)
      last = next
      return true
    }
    return last
  }

  /// A row of the ledger.
  func row(_ number: Int64) throws -> LedgerRow? {
    try first(LedgerSQL.rows + " WHERE row_number = ?", [.integer(number)]) { LedgerSQL.row($0) }
  }

  /// The row that has the first response to a request that is known for ever.
  func keptRow(_ requestID: String) throws -> LedgerRow? {
    let number = try first(
      "SELECT row_number FROM kept_request WHERE request_id = ?", [.text(requestID)]
    ) { $0.int64(0) }
    guard let number else { return nil }
    guard let known = try row(number) else {
      throw corrupt("row \(number) of the ledger, which answered \(requestID), is missing")
    }
    return known
  }

  private func loadRequests(since start: Timestamp, until lastRow: Int64) throws -> RequestIndex {
    var index = RequestIndex()
    let firstRow = try LedgerSQL.firstRow(from: 1, to: lastRow) { number in
      let time = try first(
        "SELECT commit_time FROM ledger WHERE row_number = ?", [.integer(number)]
      ) { $0.time(0) }
      return (time ?? .zero) > start
    }
    try connection.scan(
      """
      SELECT row_number, request_id, commit_time FROM ledger
      WHERE row_number >= ? AND request_id IS NOT NULL ORDER BY row_number
      """, [.integer(firstRow)]
    ) { row in
      index.add(RequestKey(row.text(1)), row: row.int64(0), at: row.time(2))
      return true
    }
    return index
  }

  private func first<T>(
    _ sql: String, _ values: [SQLValue] = [], _ map: (any Row) throws -> T
  ) throws -> T? {
    var found: T?
    try connection.scan(sql, values) { row in
      found = try map(row)
      return false
    }
    return found
  }
}

/// How rows of the ledger are read, by the writer and by the readers.
enum LedgerSQL {
  static let rows = """
    SELECT row_number, sequence, commit_time, request_id, body_hash, response, entry, checksum
    FROM ledger
    """

  static func row(_ row: any Row) -> LedgerRow {
    LedgerRow(
      number: row.int64(0), sequence: row.int64(1), time: row.time(2), requestID: row.text(3),
      bodyHash: row.bytes(4), response: row.bytes(5), entry: row.bytes(6),
      checksum: row.int64(7))
  }

  /// The first row for which `isLate` holds, which stays true once it is; `last + 1` when there is
  /// none. Rows are numbered without a gap, and sequence and time only rise, so no index is needed
  /// to find a place.
  static func firstRow(
    from first: Int64, to last: Int64, where isLate: (Int64) throws -> Bool
  ) rethrows -> Int64 {
    var (low, high) = (first, last + 1)
    while low < high {
      let middle = low + (high - low) / 2
      if try isLate(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
