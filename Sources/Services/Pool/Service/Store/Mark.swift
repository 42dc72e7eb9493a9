internal import StorageCore

/// The place of the ledger up to which everything is in the swept tables.
struct Mark: Hashable, Sendable {
  static let missing = SealedTable.mark.missing("mark_id 1")

  var row: Int64
  var sequence: Int64
  /// Nil in a store that knew no hash chain.
  var hash: [UInt8]?
  /// The row up to which rows keep a plain checksum.
  var plainRow: Int64
}

extension ReadTransaction {
  /// - Throws: also `DamagedRecord`.
  func mark() throws -> Mark {
    let mark = try first(.mark) { row in
      Mark(
        row: row.int64(1), sequence: row.int64(2), hash: row.optionalBytes(3),
        plainRow: row.int64(4))
    }
    guard let mark else { throw Mark.missing }
    return mark
  }
}
