internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What was before the rows that the ledger has.
extension LedgerReader {
  var lastArchive: ArchiveRecord? {
    get throws { try transaction.first(.archive, ArchiveRecord.last) { ArchiveRecord($0) } }
  }

  /// Where the archives end, behind which the ledger begins.
  var base: LedgerHead {
    get throws { try lastArchive?.head ?? .origin }
  }

  func archive(_ id: Int64) throws -> ArchiveRecord? {
    try archive { $0.id == id }
  }

  func archive(named file: String) throws -> ArchiveRecord? {
    try archive { $0.file == file }
  }

  /// The one in which an instant lies, or behind which.
  func archive(at time: Timestamp) throws -> ArchiveRecord? {
    try archive { $0.head.time >= time }
  }

  /// The one that has a row.
  func archive(ofRow row: Int64) throws -> ArchiveRecord? {
    try archive { $0.head.row >= row }
  }

  private func archive(_ isWanted: (ArchiveRecord) -> Bool) throws -> ArchiveRecord? {
    try archives(limit: 1, isWanted).first
  }

  /// Those with movements later than `sequence`, oldest first.
  func archives(after sequence: Int64) throws -> [ArchiveRecord] {
    try archives(limit: ServiceLimits.listedArchives) { $0.head.sequence > sequence }
  }

  /// Each is looked at, of which there are as many as calls that made one: a condition in SQL would pass over one that
  /// is damaged.
  private func archives(
    limit: Int, _ isWanted: (ArchiveRecord) -> Bool
  ) throws -> [ArchiveRecord] {
    var found: [ArchiveRecord] = []
    try transaction.scan(.archive, "ORDER BY archive_id") { row in
      let archive = ArchiveRecord(row)
      if isWanted(archive) { found.append(archive) }
      return found.count < limit
    }
    return found
  }

  // MARK: Balances

  /// What all archives add up to.
  func archivedBalances(_ body: (BalanceSum) throws -> Void) throws {
    guard let last = try lastArchive else { return }
    try transaction.scan(
      .archivedBalance, "WHERE archive_id = ? ORDER BY balance_key", [.integer(last.id)]
    ) { row in
      if let sum = LedgerSQL.sum(row) { try body(sum) }
      return true
    }
  }

  func archivedBalance(_ sku: SKUIndex, _ location: LocationIndex) throws -> BalanceSum? {
    guard let last = try lastArchive else { return nil }
    var found: BalanceSum?
    try transaction.scan(
      .archivedBalance, "WHERE archive_id = ? AND balance_key = ?",
      [.integer(last.id), .integer(PoolStore.key(sku, location))]
    ) { row in
      found = LedgerSQL.sum(row)
      return false
    }
    return found
  }

  func sweptBalances(of sku: SKUIndex, _ body: (BalanceSum) throws -> Void) throws {
    let first = PoolStore.key(sku, LocationIndex(0))
    try transaction.scan(
      .balance, "WHERE balance_key BETWEEN ? AND ? ORDER BY balance_key",
      [.integer(first), .integer(first + Int64(Int32.max))]
    ) { row in
      if let sum = LedgerSQL.sum(row) { try body(sum) }
      return true
    }
  }

  /// The last that was kept of a balance, at `sequence` or before, and up to where it was sure to hold.
  func keptBalance(
    _ sku: SKUIndex, _ location: LocationIndex, upTo sequence: Int64
  ) throws -> (sum: BalanceSum, through: Int64)? {
    let found = try transaction.first(
      .balanceHistory,
      "WHERE balance_key = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1",
      [.integer(PoolStore.key(sku, location)), .integer(sequence)]
    ) { (sum: LedgerSQL.sum($0), through: $0.int64(15)) }
    return found.flatMap { found in found.sum.map { ($0, found.through) } }
  }

  // MARK: What is left to forget

  func hasRows(upTo row: Int64) throws -> Bool {
    try transaction.exists(
      "SELECT 1 FROM ledger WHERE row_number <= ? LIMIT 1", [.integer(row)])
  }

  func hasSums(besides archive: Int64) throws -> Bool {
    try SealedTable.archived.contains { table in
      try transaction.exists(
        "SELECT 1 FROM \(table.name) WHERE archive_id <> ? LIMIT 1", [.integer(archive)])
    }
  }

  /// The key of the balance `count` places further on in the history; nil beyond its end.
  func historyKey(after key: Int64, count: Int) throws -> Int64? {
    try transaction.int64(
      """
      SELECT balance_key FROM balance_history WHERE balance_key > ?
      ORDER BY balance_key LIMIT 1 OFFSET ?
      """, [.integer(key), .int(count)])
  }
}
