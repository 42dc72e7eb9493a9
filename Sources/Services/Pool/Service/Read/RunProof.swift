internal import PoolDomain
internal import StorageCore

/// Compares the kept runs of request keys with the rows of the ledger.
struct RunProof: Sendable {
  /// Those in which the rows of the part at hand are.
  private var runs: [RequestRun] = []
  private var lastFirst = Int64.min

  /// Reads the runs of the rows from `row` on that the next part may have.
  mutating func prepare(_ reader: LedgerReader, from row: Int64) throws {
    runs.removeAll { $0.lastRow < row }
    let end = row + Int64(ServiceLimits.provedRows)
    while (runs.last?.lastRow ?? .min) < end, let run = try reader.run(after: lastFirst) {
      lastFirst = run.firstRow
      if run.lastRow >= row { runs.append(run) }
    }
  }

  /// What is wrong with the runs that a row is in.
  func compare(_ row: LedgerRow) -> String? {
    let found = runs.first {
      $0.firstRow <= row.number && row.number <= $0.lastRow && !$0.agrees(with: row)
    }
    return found.map {
      "the run of request keys from row \($0.firstRow) on differs from row \(row.number) of the ledger"
    }
  }

  /// What is wrong with what is kept of rows behind the ledger's last.
  func finish(_ lastRow: Int64) -> String? {
    runs.first { $0.lastRow > lastRow }.map {
      "the run of request keys from row \($0.firstRow) on goes beyond the ledger's end"
    }
  }
}

extension LedgerReader {
  /// The run of request keys behind the one that begins at `row`.
  func run(after row: Int64) throws -> RequestRun? {
    try transaction.first(
      .requestRun, "WHERE first_row > ? ORDER BY first_row LIMIT 1", [.integer(row)]
    ) { row in
      guard let run = row.withBytes(2, { RequestRun(firstRow: row.int64(0), bytes: $0) }) else {
        throw SealedTable.requestRun.damaged(row, "it cannot be read")
      }
      return run
    }
  }
}
