internal import Kit
internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What a start or a recovery brings into memory: the swept tables, then the ledger behind them.
extension PoolStore {
  /// What was loaded beside the pool itself.
  struct Loaded {
    var pool = Pool()
    var requests = RequestIndex()
    /// The keys of the rows behind the last run of requests.
    var openRun = RequestRun(after: 0)
    /// Whether sales are on disk that are not in memory.
    var hasUnloadedSales = false
    /// The last number of the last run of sales' keys, and the keys of those behind it.
    var indexedSale: Int64 = .min
    var openSales: [SaleKey] = []
    /// The row behind which a restart would replay.
    var sweptRow: Int64 = 0
    var sweptSequence: Int64 = 0
    /// The sequence up to which each balance was swept, by its place.
    var sweptSequences: [Int64] = []
    /// What the replay has changed and the sweep has still to write.
    var replayed = Changes()
  }

  func load(salesInMemory: Int) throws -> Loaded {
    do {
      try sealOlderRows()
      let loaded = try loadAll(salesInMemory: salesInMemory)
      try connection.shrink()
      return loaded
    } catch let damage as any StoreDamage {
      throw corrupt(damage)
    }
  }

  private func loadAll(salesInMemory: Int) throws -> Loaded {
    var loaded = Loaded()
    try loadCatalog(loaded.pool)
    try loadBundles(loaded.pool)
    try loadLots(loaded.pool)
    try loadDocuments(loaded.pool)
    try loadReorderPoints(loaded.pool)
    try loadBalances(loaded.pool)
    try loadHolds(loaded.pool)
    try loadSales(&loaded, atMost: salesInMemory)
    try expectFirstRow()
    let chain = try chainAtMark()
    loaded.sweptRow = chain.head.row
    loaded.sweptSequence = chain.head.sequence
    loaded.sweptSequences = loaded.pool.balances.map(\.sequence)
    try replay(along: chain, loaded.pool, loaded.hasUnloadedSales)
    let end = chain.head
    guard loaded.pool.sequence <= end.sequence else {
      throw BadRow(
        number: end.row + 1,
        problem:
          "is missing: movement \(loaded.pool.sequence) was counted, and the last is \(end.sequence)"
      )
    }
    let pool = loaded.pool
    let uncovered = pool.lots.uncovered { sku, location in
      pool.findBalance(sku, location).map { pool.balances[$0].onHand } ?? 0
    }
    if let uncovered {
      throw DamagedRecord(
        table: "lot", key: "sku \(pool.name(of: uncovered))",
        problem: "is damaged, or the SKU's balance is: more is in lots than is on hand")
    }
    loaded.replayed = loaded.pool.takeChanges()
    loaded.pool.finishLoading(time: end.time, sequence: end.sequence)
    goOn(with: chain)
    // From the ledger's time on, not the clock's: where the clock is ahead now and is set right later, what it had left
    // out would be done a second time.
    (loaded.requests, loaded.openRun) = try loadRequests(
      since: end.time - Limits.requestKept, from: try archivedHead().row + 1, until: end.row)
    return loaded
  }

  private func loadCatalog(_ pool: Pool) throws {
    try connection.scan(.sku, "ORDER BY sku_id") { row in
      guard row.int(0) == pool.skuCount else {
        throw SealedTable.sku.missing("sku_id \(pool.skuCount)")
      }
      pool.load(
        SKURecord(
          index: SKUIndex(row.int(0)), sku: row.id(1), displayName: row.text(2),
          group: row.text(6).isEmpty ? nil : row.id(6), createTime: row.time(3),
          updateTime: row.time(4), revision: row.int64(5)))
      return true
    }
    try connection.scan(.location, "ORDER BY location_id") { row in
      guard row.int(0) == pool.locations.count else {
        throw SealedTable.location.missing("location_id \(pool.locations.count)")
      }
      guard let rank = Int32(exactly: row.int64(3)) else {
        throw SealedTable.location.damaged(row, "its rank is \(row.int64(3))")
      }
      guard let kind = Int32(exactly: row.int64(7)).flatMap(LocationTraits.Kind.init) else {
        throw SealedTable.location.damaged(row, "its kind is \(row.int64(7))")
      }
      pool.load(
        LocationRecord(
          index: LocationIndex(row.int(0)), location: row.id(1), displayName: row.text(2),
          rank: rank,
          traits: LocationTraits(
            kind: kind, zones: RuleRow.items(row.text(8)), offersPickup: row.bool(9)),
          createTime: row.time(4), updateTime: row.time(5), revision: row.int64(6)))
      return true
    }
    try loadRules(pool)
    try loadPromotions(pool)
  }

  private func loadBalances(_ pool: Pool) throws {
    try connection.scan(.balance, "ORDER BY balance_key") { row in
      guard let balance = LedgerSQL.balance(row) else {
        throw SealedTable.balance.damaged(row, "there is no such key")
      }
      try expect(balance.sku, balance.location, in: pool)
      guard balance.isConsistent else {
        throw SealedTable.balance.damaged(row, "its counts contradict each other")
      }
      pool.load(balance, rate: LedgerSQL.rate(row))
      return true
    }
  }

  /// Something has moved there, so they were written.
  private func expect(
    _ sku: SKUIndex, _ location: LocationIndex, in pool: Pool
  ) throws(DamagedRecord) {
    guard sku.int < pool.skuCount else { throw SealedTable.sku.missing("sku_id \(sku.number)") }
    guard location.int < pool.locations.count else {
      throw SealedTable.location.missing("location_id \(location.number)")
    }
  }

  private func loadHolds(_ pool: Pool) throws {
    try connection.scan(.hold, "ORDER BY hold_number") { row in
      let id = HoldID(trusted: row.text(1))
      guard let hold = try? Hold(id: id, number: row.int64(0), bytes: row.bytes(2)) else {
        throw SealedTable.hold.damaged(row, "it cannot be read")
      }
      guard pool.knows(hold) else { throw SealedTable.hold.damaged(row, Self.unknown) }
      pool.load(hold)
      return true
    }
  }

  /// Loads all sales, or, when there are too many, none of them, since they then come when they are asked for; and
  /// where on disk each is.
  private func loadSales(_ loaded: inout Loaded, atMost limit: Int) throws {
    saleNumbers = SaleNumbers()
    var indexed = Int64.min
    try connection.scan(.saleRun, "ORDER BY last_number") { row in
      guard let run = row.withBytes(1, { SaleRun($0, after: indexed) }),
        run.keys.last?.number == row.int64(0)
      else { throw SealedTable.saleRun.damaged(row, "it cannot be read") }
      saleNumbers.add(run.keys)
      indexed = row.int64(0)
      return true
    }
    let count =
      try first(
        "SELECT count(*) FROM (SELECT sale_number FROM sale LIMIT ?) AS some", [.int(limit + 1)]
      ) { $0.int(0) } ?? 0
    let (pool, isWhole) = (loaded.pool, count <= limit)
    var open: [SaleKey] = []
    try connection.scan(
      .sale, "WHERE sale_number > ? ORDER BY sale_number", [.integer(isWhole ? .min : indexed)]
    ) { row in
      let id = OrderID(trusted: row.text(1))
      if row.int64(0) > indexed { open.append(SaleKey(id, number: row.int64(0))) }
      guard isWhole else { return true }
      guard let sale = try? Sale(orderID: id, number: row.int64(0), bytes: row.bytes(2)) else {
        throw SealedTable.sale.damaged(row, "it cannot be read")
      }
      guard pool.knows(sale) else { throw SealedTable.sale.damaged(row, Self.unknown) }
      pool.load(sale)
      return true
    }
    saleNumbers.add(open)
    loaded.hasUnloadedSales = !isWhole
    (loaded.indexedSale, loaded.openSales) = (indexed, open)
  }

  /// The ledger begins behind the archives; rows of theirs may not be forgotten yet.
  private func expectFirstRow() throws {
    let expected = try archivedHead().row + 1
    let found = try first("SELECT min(row_number) FROM ledger") { $0.optionalInt64(0) } ?? nil
    guard found ?? expected <= expected else {
      throw BadRow(number: expected, problem: "is missing")
    }
  }

  /// The chain at the mark, behind which the replay begins.
  private func chainAtMark() throws -> LedgerChain {
    let mark = try connection.mark()
    guard mark.row > 0 else { return LedgerChain(after: .origin, plainRow: mark.plainRow) }
    guard let bytes = mark.hash else { return try chainOfOlderStore(mark.row, mark.plainRow) }
    func damaged(_ why: String) -> DamagedRecord {
      DamagedRecord(table: "mark", key: "mark_id 1", problem: "is damaged: \(why)")
    }
    guard let hash = SHA256Digest(bytes) else { throw damaged("it has no hash") }
    let archived = try archivedHead()
    if archived.row == mark.row {
      guard archived.hash == hash else { throw damaged("its hash is not the last archive's") }
      return LedgerChain(after: archived, plainRow: mark.plainRow)
    }
    guard let row = try row(mark.row) else {
      throw BadRow(number: mark.row, problem: "is missing")
    }
    let isKnown = row.number <= mark.plainRow || row.checksum == Int64(bitPattern: hash.prefix)
    guard isKnown, row.sequence == mark.sequence else {
      throw BadRow(number: mark.row, problem: "is damaged: it is not the one of the mark")
    }
    let head = LedgerHead(
      row: row.number, sequence: row.sequence, time: row.time, hash: hash, checksum: row.checksum)
    return LedgerChain(after: head, plainRow: mark.plainRow)
  }

  /// Chains all rows of a store that knew no hash, once: they are checked by what they keep.
  private func chainOfOlderStore(_ sweptRow: Int64, _ plainRow: Int64) throws -> LedgerChain {
    let chain = LedgerChain(after: .origin, plainRow: plainRow)
    try follow(chain, through: sweptRow) { _ in }
    guard chain.head.row == sweptRow else {
      throw BadRow(number: chain.head.row + 1, problem: "is missing")
    }
    goOn(with: chain)
    try mark(chain.head)
    return chain
  }

  /// Counts in what the sweep had not reached.
  private func replay(
    along chain: LedgerChain, _ pool: Pool, _ hasUnloadedSales: Bool
  ) throws {
    try follow(chain, through: Int64.max) { entry in
      if hasUnloadedSales, let order = entry.orderID, pool.sales.place(of: order) == nil,
        let sale = try sale(order, pool)
      {
        pool.load(sale)
      }
      try expectWhatMoved(by: entry, in: pool)
      pool.replay(entry)
    }
  }

  /// An entry was decided on what stood there before; where that is missing, the pool could not count it in.
  private func expectWhatMoved(by entry: LedgerEntry, in pool: Pool) throws(DamagedRecord) {
    for movement in entry.movements { try expect(movement.sku, movement.location, in: pool) }
    guard let movement = pool.contradiction(in: entry) else { return }
    let key = Self.key(movement.sku, movement.location)
    throw DamagedRecord(
      table: "balance", key: "balance_key \(key)",
      problem: "is missing or damaged, or what it takes out of an allotment is: "
        + "the ledger's movements up to \(entry.lastSequence) cannot follow it")
  }

  private func follow(
    _ chain: LedgerChain, through last: Int64, _ body: (LedgerEntry) throws -> Void
  ) throws {
    try connection.scan(
      LedgerSQL.rows + " WHERE row_number > ? AND row_number <= ? ORDER BY row_number",
      [.integer(chain.head.row), .integer(last)]
    ) { row in
      try body(try chain.follow(LedgerSQL.row(row)))
      return true
    }
  }

  /// A row of the ledger.
  func row(_ number: Int64) throws -> LedgerRow? {
    try first(LedgerSQL.rows + " WHERE row_number = ?", [.integer(number)]) { LedgerSQL.row($0) }
  }

  /// The row that has the first response to a request that is known for ever.
  func keptRow(_ requestID: String) throws -> LedgerRow? {
    let key = [SQLValue.text(requestID)]
    guard let number = try connection.find(.keptRequest, key: key, { $0.int64(1) }) else {
      return nil
    }
    guard let known = try row(number) ?? keptResponse(number) else {
      throw SealedTable.keptResponse.missing("row_number \(number)")
    }
    guard known.requestID == requestID else {
      throw BadRow(
        number: number, problem: "is damaged: it did not answer \(requestID), as is noted")
    }
    return known
  }

  func first<T>(
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

  /// With their seal.
  static let balanceColumns = SealedTable.balance.list

  /// Nil for a key that is none.
  static func balance(_ row: any Row) -> Balance? {
    guard let (sku, location) = PoolStore.place(ofKey: row.int64(0)) else { return nil }
    return Balance(
      sku: sku, location: location, onHand: row.int64(1), held: row.int64(2),
      committed: row.int64(3), unavailable: row.int64(4), received: row.int64(5),
      returned: row.int64(6), found: row.int64(7), shipped: row.int64(8), lost: row.int64(9),
      transferredIn: row.int64(11), transferredOut: row.int64(12), sequence: row.int64(10))
  }

  /// How fast the balance of the row sold.
  static func rate(_ row: any Row) -> SaleRate {
    SaleRate(weight: row.int64(13), time: row.time(14))
  }

  static func sum(_ row: any Row) -> BalanceSum? {
    balance(row).map { BalanceSum($0, rate(row)) }
  }

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
