internal import Kit
internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What a store knows of a part of its ledger that lies in a file of its own.
struct ArchiveRecord: Hashable, Sendable {
  /// From 1.
  var id: Int64
  var file: String
  var firstRow: Int64
  var firstSequence: Int64
  var firstTime: Timestamp
  /// Its last row.
  var head: LedgerHead
  /// Whether it is known what it and all before it add up to beside balances.
  var hasParts: Bool
}

extension ArchiveRecord {
  static let columns = """
    archive_id, file, first_row, first_sequence, first_time, last_row, last_sequence, last_time, hash,
    row_checksum, has_parts
    """
  static let last = "ORDER BY archive_id DESC LIMIT 1"

  init(_ row: any Row) {
    self.init(
      id: row.int64(0), file: row.text(1), firstRow: row.int64(2), firstSequence: row.int64(3),
      firstTime: row.time(4),
      head: LedgerHead(
        row: row.int64(5), sequence: row.int64(6), time: row.time(7),
        hash: SHA256Digest(row.bytes(8)) ?? .zero, checksum: row.int64(9)),
      hasParts: row.bool(10))
  }
}

extension PoolStore {
  func write(_ archive: ArchiveRecord) throws(StorageError) {
    let head = archive.head
    try add(
      [
        .integer(archive.id), .text(archive.file), .integer(archive.firstRow),
        .integer(archive.firstSequence), .time(archive.firstTime), .integer(head.row),
        .integer(head.sequence), .time(head.time), .blob(head.hash.bytes), .integer(head.checksum),
        .bool(archive.hasParts),
      ], to: .archive)
  }

  /// What the rows of an archive and of all before it add up to.
  func write(_ sums: [BalanceSum], archive: Int64) throws(StorageError) {
    for sum in sums {
      let (balance, rate) = (sum.balance, sum.rate)
      try add(
        [
          .integer(Self.key(balance.sku, balance.location)),
          .integer(balance.onHand), .integer(balance.held), .integer(balance.committed),
          .integer(balance.unavailable), .integer(balance.received), .integer(balance.returned),
          .integer(balance.found), .integer(balance.shipped), .integer(balance.lost),
          .integer(balance.sequence), .integer(balance.transferredIn),
          .integer(balance.transferredOut), .integer(rate.weight), .time(rate.time),
          .integer(archive),
        ], to: .archivedBalance)
    }
  }

  /// Keeps the answers that are given for ever of rows that leave the ledger.
  func keepResponses(from first: Int64, through last: Int64) throws(StorageError) {
    let rows = try connection.statement(
      """
      SELECT l.row_number, l.request_id, l.commit_time, l.body_hash, l.response
      FROM ledger l JOIN kept_request k
        ON k.request_id = l.request_id AND k.row_number = l.row_number
      WHERE l.row_number BETWEEN ? AND ?
      """)
    rows.bind(1, first)
    rows.bind(2, last)
    defer { rows.reset() }
    // An attempt that was cut off may have written them.
    while try rows.step() { try put((0..<5).map { rows.value($0) }, in: .keptResponse) }
  }

  func keptResponse(_ number: Int64) throws -> LedgerRow? {
    try connection.first(.keptResponse, "WHERE row_number = ?", [.integer(number)]) { row in
      LedgerRow(
        number: number, sequence: 0, time: row.time(2), requestID: row.text(1),
        bodyHash: row.bytes(3), response: row.bytes(4), entry: [])
    }
  }

  /// Where the archives end, behind which the ledger begins.
  func archivedHead() throws -> LedgerHead {
    try connection.first(.archive, ArchiveRecord.last) { ArchiveRecord($0).head } ?? .origin
  }

  /// Forgets some of what the archives have: rows, what earlier archives added up to, and balances of
  /// instants that nobody can ask about any more.
  ///
  /// - Parameter archive: the last one; nil when there is none, but what an attempt has left.
  func forgetArchived(
    _ archive: ArchiveRecord?, history keys: ClosedRange<Int64>
  ) throws(StorageError) {
    let head = archive?.head ?? .origin
    try connection.execute(
      """
      DELETE FROM ledger WHERE row_number <= ? AND row_number IN (
        SELECT row_number FROM ledger ORDER BY row_number LIMIT ?)
      """, [.integer(head.row), .int(ServiceLimits.archivedAtOnce)])
    for table in SealedTable.archived {
      let key = table.key.joined(separator: ", ")
      try connection.execute(
        """
        DELETE FROM \(table.name) WHERE (\(key)) IN (
          SELECT \(key) FROM \(table.name) WHERE archive_id <> ? LIMIT ?)
        """, [.integer(archive?.id ?? 0), .int(ServiceLimits.archivedAtOnce)])
    }
    try connection.execute(
      "DELETE FROM balance_history WHERE balance_key BETWEEN ? AND ? AND through_sequence <= ?",
      [
        .integer(keys.lowerBound), .integer(keys.upperBound), .integer(head.sequence),
      ])
    try connection.execute(
      "DELETE FROM allotment_history WHERE through_sequence <= ?", [.integer(head.sequence)])
  }
}
