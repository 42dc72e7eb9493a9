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
    get throws { try max(base.row, transaction.int64("SELECT max(row_number) FROM ledger") ?? 0) }
  }

  /// The row up to which everything is swept.
  var sweptRow: Int64 {
    get throws { try transaction.mark().row }
  }

  /// The sequence of that row.
  var markSequence: Int64 {
    get throws { try transaction.mark().sequence }
  }

  /// The row up to which rows keep a plain checksum.
  var plainRow: Int64 {
    get throws { try transaction.mark().plainRow }
  }

  /// The first row whose movements end after `sequence`.
  func row(after sequence: Int64) throws -> Int64 {
    try firstRow("sequence") { $0 > sequence }
  }

  /// The first row of `time` or later.
  func row(from time: Timestamp) throws -> Int64 {
    try firstRow("commit_time") { $0 >= time.microseconds }
  }

  /// Of the last movement up to a row; 0 for one that is not there.
  func sequence(of row: Int64) throws -> Int64 {
    try transaction.int64("SELECT sequence FROM ledger WHERE row_number = ?", [.integer(row)]) ?? 0
  }

  private func firstRow(_ column: String, where isLate: (Int64) -> Bool) throws -> Int64 {
    try LedgerSQL.firstRow(from: try base.row + 1, to: try lastRow) { number in
      isLate(
        try transaction.int64(
          "SELECT \(column) FROM ledger WHERE row_number = ?", [.integer(number)]) ?? 0)
    }
  }

  /// Up to `count` rows from `first` on, until `body` returns false.
  func scan(from first: Int64, count: Int, _ body: (LedgerRow) throws -> Bool) throws {
    try transaction.scan(
      LedgerSQL.rows + " WHERE row_number >= ? ORDER BY row_number LIMIT ?",
      [.integer(first), .int(count)]
    ) { try body(LedgerSQL.row($0)) }
  }

  /// The same with what is in the rows. Their hashes are not looked at, since each takes that of the row before it; what
  /// can be seen in a row and the one before it is.
  ///
  /// - Throws: also `DamagedRecord` for a row that cannot be read, or does not follow.
  func scanEntries(
    from first: Int64, count: Int, _ body: (LedgerRow, LedgerEntry) throws -> Bool
  ) throws {
    var last: (number: Int64, sequence: Int64, time: Timestamp)?
    try scan(from: first, count: count) { row in
      guard let entry = try? row.decoded() else {
        throw Self.damaged(row.number, "its movements cannot be read")
      }
      if let last {
        guard row.number == last.number + 1 else {
          throw DamagedRecord(
            table: "ledger", key: "row_number \(last.number + 1)", problem: "is missing")
        }
        guard entry.firstSequence == last.sequence + 1, row.time >= last.time else {
          throw Self.damaged(row.number, "it, or the one before it, is not what was written")
        }
      }
      last = (row.number, row.sequence, row.time)
      return try body(row, entry)
    }
  }

  static func damaged(_ row: Int64, _ why: String) -> DamagedRecord {
    DamagedRecord(table: "ledger", key: "row_number \(row)", problem: "is damaged: \(why)")
  }

  /// Every balance as it was swept with its key, until `body` returns false; nil for a key that is none. Their seals
  /// are not looked at.
  func sweptBalances(_ body: (Int64, Balance?) throws -> Bool) throws {
    try transaction.scan("SELECT \(LedgerSQL.balanceColumns) FROM balance ORDER BY balance_key", [])
    {
      try body($0.int64(0), LedgerSQL.balance($0))
    }
  }
}
