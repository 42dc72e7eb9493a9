internal import PoolDomain
internal import Primitives
internal import StorageCore

/// A look at the ledger beside the writer: everything in it is durable.
struct LedgerReader {
  let transaction: any ReadTransaction

  init(_ transaction: any ReadTransaction) {
    self.transaction = transaction
  }

  var lastRow: Int64 {
    get throws {
      try transaction.first("SELECT max(row_number) FROM ledger") { $0.int64(0) } ?? 0
    }
  }

  /// The first row whose movements end after `sequence`.
  func row(after sequence: Int64) throws -> Int64 {
    try LedgerSQL.firstRow(from: 1, to: try lastRow) { number in
      let end = try transaction.first(
        "SELECT sequence FROM ledger WHERE row_number = ?", [.integer(number)]
      ) { $0.int64(0) }
      return (end ?? 0) > sequence
    }
  }

  /// The first row that was decided at `time` or later.
  func row(since time: Timestamp) throws -> Int64 {
    try LedgerSQL.firstRow(from: 1, to: try lastRow) { number in
      let moment = try transaction.first(
        "SELECT commit_time FROM ledger WHERE row_number = ?", [.integer(number)]
      ) { $0.time(0) }
      return (moment ?? .zero) >= time
    }
  }

  /// Up to `count` rows from `first` on, until `body` returns false.
  func scan(from first: Int64, count: Int, _ body: (LedgerRow) throws -> Bool) throws {
    try transaction.scan(
      LedgerSQL.rows + " WHERE row_number >= ? ORDER BY row_number LIMIT ?",
      [.integer(first), .int(count)]
    ) { try body(LedgerSQL.row($0)) }
  }
}
