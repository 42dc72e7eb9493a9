internal import StorageCore

/// Reads every row of the tables beside the ledger, part by part, and looks at its seal.
struct SealProof: Sendable {
  // Sales and holds are read where they are compared.
  private var tables = SealedTable.all.filter { !["sale", "hold"].contains($0.name) }[...]
  private var pages: SealedPages?
  var isFinished: Bool { tables.isEmpty && pages == nil }

  /// Reads the next part.
  ///
  /// - Throws: `DamagedRecord` when a row is not the one that was written.
  mutating func advance(_ reader: LedgerReader) throws {
    var rest = ServiceLimits.provedRows
    while rest > 0, var open = pages ?? tables.popFirst().map({ SealedPages($0) }) {
      let table = open.table
      try open.next(rest, of: reader.transaction) { row, _ in
        try table.check(row)
        rest -= 1
      }
      pages = open.isAtEnd ? nil : open
    }
  }
}
