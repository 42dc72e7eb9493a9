internal import StorageCore

extension PoolStore {
  /// Seals the rows of a store that knew no seals, once.
  func sealOlderRows() throws {
    let isSealed = try first("SELECT is_sealed FROM mark WHERE mark_id = 1") { $0.bool(0) }
    guard isSealed == false else { return }
    try connection.transaction {
      for table in SealedTable.all { try seal(table) }
      try connection.execute("UPDATE mark SET is_sealed = 1 WHERE mark_id = 1")
    }
  }

  /// Gives each row of a table the seal that it ought to have.
  func seal(_ table: SealedTable) throws {
    var pages = SealedPages(table)
    let condition = table.key.map { "\($0) = ?" }.joined(separator: " AND ")
    while !pages.isAtEnd {
      var seals: [[SQLValue]] = []
      try pages.next(ServiceLimits.sealedAtOnce, of: connection) { row, key in
        var seal = RowSeal()
        for column in table.columns.indices { seal.add(row, column) }
        seals.append([.integer(seal.value)] + key)
      }
      for values in seals {
        try connection.execute(
          "UPDATE \(table.name) SET checksum = ? WHERE \(condition)", values)
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
}
