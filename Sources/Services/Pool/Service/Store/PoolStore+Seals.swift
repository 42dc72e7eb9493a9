internal import StorageCore
internal import StorageSQLite

extension PoolStore {
  /// Seals the rows of a store that knew no seals, or not all of them, once. What was done before it was cut off stays
  /// done; rows that have an older seal are held to it.
  func sealOlderRows() throws {
    let isSealed = try first("SELECT checksum IS NOT NULL FROM mark") { $0.bool(0) }
    guard let isSealed else { throw Mark.missing }
    guard !isSealed else { return }
    for table in SealedTable.all { try seal(table) }
  }

  /// Gives each row of a table the seal that it has not got yet, some rows a commit.
  func seal(_ table: SealedTable) throws {
    var pages = SealedPages(table)
    let condition = table.key.map { "\($0) = ?" }.joined(separator: " AND ")
    while !pages.isAtEnd {
      try connection.transaction {
        var seals: [[SQLValue]] = []
        try pages.next(ServiceLimits.sealedAtOnce, of: connection) { row, key in
          if let seal = try table.missingSeal(of: row) { seals.append([.integer(seal)] + key) }
        }
        for values in seals {
          try connection.execute(
            "UPDATE \(table.name) SET checksum = ? WHERE \(condition)", values)
        }
      }
    }
  }

  /// Writes a row with its seal.
  func put(_ values: [SQLValue], in table: SealedTable) throws(StorageError) {
    try connection.execute(table.upsert, values + [RowSeal.of(values)])
  }

  /// Adds a row with its seal.
  func add(_ values: [SQLValue], to table: SealedTable) throws(StorageError) {
    try connection.execute(table.insert, values + [RowSeal.of(values)])
  }

  /// Adds a row to a history, under the number that is next.
  func addChange(_ values: [SQLValue], to table: SealedTable) throws(StorageError) {
    let next = try connection.statement(
      "SELECT coalesce(max(change_id), 0) + 1 FROM \(table.name)")
    defer { next.reset() }
    _ = try next.step()
    try add(values + [.integer(next.int64(0))], to: table)
  }

  /// The columns of a row as it was written; nil when there is none.
  func values(of table: SealedTable, key: Int64) throws(StorageError) -> [SQLValue]? {
    let row = try connection.statement(
      "SELECT \(table.list) FROM \(table.name) WHERE \(table.key[0]) = ?")
    row.bind(1, key)
    defer { row.reset() }
    guard try row.step() else { return nil }
    do throws(DamagedRecord) {
      try table.check(row)
    } catch {
      throw corrupt(error)
    }
    return table.columns.indices.map { row.value($0) }
  }
}

extension Row {
  /// A column as it is to be written again.
  func value(_ column: Int) -> SQLValue {
    switch kind(column) {
    case .integer: .integer(int64(column))
    case .real: .real(double(column))
    case .text: .text(text(column))
    case .blob: .blob(bytes(column))
    case .null: .null
    }
  }
}
