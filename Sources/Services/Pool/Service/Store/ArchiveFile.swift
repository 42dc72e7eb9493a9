internal import Glibc
internal import Kit
internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import StorageSQLite

/// A part of the ledger in an SQLite file that can be read and proved on its own: the rows as they were,
/// the place before the first of them, and what the numbers in them stand for. For one thread.
struct ArchiveFile {
  private static let migrations = [
    Migration(
      1, "a part of a ledger",
      """
      CREATE TABLE archive (
        archive_id INTEGER NOT NULL PRIMARY KEY,
        start_row INTEGER NOT NULL,
        start_sequence INTEGER NOT NULL,
        start_hash BLOB NOT NULL,
        start_checksum INTEGER NOT NULL,
        plain_row INTEGER NOT NULL,
        last_row INTEGER,
        last_hash BLOB
      );
      CREATE TABLE ledger (
        row_number INTEGER NOT NULL PRIMARY KEY,
        sequence INTEGER NOT NULL,
        commit_time INTEGER NOT NULL,
        request_id TEXT,
        body_hash BLOB,
        response BLOB,
        entry BLOB NOT NULL,
        checksum INTEGER NOT NULL
      );
      CREATE TABLE sku (sku_id INTEGER NOT NULL PRIMARY KEY, sku TEXT NOT NULL);
      CREATE TABLE location (location_id INTEGER NOT NULL PRIMARY KEY, location TEXT NOT NULL);
      """)
  ]

  /// What a proof of a file says.
  struct Proof: Hashable, Sendable {
    var start = LedgerHead.origin
    var head = LedgerHead.origin
    var rowCount: Int64 = 0
    var movementCount: Int64 = 0
    var badRow: Int64 = 0
    var difference: String?
  }

  private let connection: SQLiteConnection

  /// Begins a new file; what stands there of an attempt that was cut off goes.
  init(creating path: String, after start: LedgerHead, plainRow: Int64) throws(StorageError) {
    for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    connection = try SQLiteConnection.open(path, as: .writer)
    do throws(StorageError) {
      try connection.migrate(Self.migrations)
      try connection.execute(
        """
        INSERT INTO archive
          (archive_id, start_row, start_sequence, start_hash, start_checksum, plain_row)
        VALUES (1, ?, ?, ?, ?, ?)
        """,
        [
          .integer(start.row), .integer(start.sequence), .blob(start.hash.bytes),
          .integer(start.checksum), .integer(plainRow),
        ])
    } catch {
      connection.close()
      throw error
    }
  }

  func append(_ rows: [LedgerRow]) throws(StorageError) {
    try connection.begin()
    do throws(StorageError) {
      for row in rows {
        let isAnonymous = row.requestID.isEmpty
        try connection.execute(
          """
          INSERT INTO ledger
            (row_number, sequence, commit_time, request_id, body_hash, response, entry, checksum)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
          [
            .integer(row.number), .integer(row.sequence), .time(row.time),
            isAnonymous ? .null : .text(row.requestID), isAnonymous ? .null : .blob(row.bodyHash),
            isAnonymous ? .null : .blob(row.response), .blob(row.entry), .integer(row.checksum),
          ])
      }
      try connection.commit()
    } catch {
      connection.rollback()
      throw error
    }
  }

  /// Ends the file: names, its last row, and one file that is on disk.
  func finish(
    _ head: LedgerHead, skus: [(SKUIndex, String)], locations: [(LocationIndex, String)]
  ) throws(StorageError) {
    try connection.begin()
    do throws(StorageError) {
      for (index, name) in skus {
        try connection.execute(
          "INSERT INTO sku (sku_id, sku) VALUES (?, ?)", [.int(index.int), .text(name)])
      }
      for (index, name) in locations {
        try connection.execute(
          "INSERT INTO location (location_id, location) VALUES (?, ?)",
          [.int(index.int), .text(name)])
      }
      try connection.execute(
        "UPDATE archive SET last_row = ?, last_hash = ?",
        [.integer(head.row), .blob(head.hash.bytes)])
      try connection.commit()
    } catch {
      connection.rollback()
      throw error
    }
    // Without a log beside it, the file is all there is.
    try connection.execute(script: "PRAGMA journal_mode = DELETE")
    connection.close()
  }

  func close() {
    connection.close()
  }

  /// Follows the rows of a file from the place that it says it begins at.
  static func prove(_ path: String) throws -> Proof {
    let connection = try SQLiteConnection.open(path, as: .reader)
    defer { connection.close() }
    var proof = Proof()
    let about = try connection.first(
      """
      SELECT start_row, start_sequence, start_hash, start_checksum, plain_row, last_row, last_hash
      FROM archive
      """
    ) { row in
      SHA256Digest(row.bytes(2)).map { hash in
        (
          start: LedgerHead(
            row: row.int64(0), sequence: row.int64(1), hash: hash, checksum: row.int64(3)),
          plain: row.int64(4), lastRow: row.int64(5), lastHash: row.bytes(6)
        )
      }
    }
    guard let about = about ?? nil else {
      proof.difference = "the file says nothing of where it begins"
      return proof
    }
    proof.start = about.start
    let chain = LedgerChain(after: about.start, plainRow: about.plain)
    try connection.scan(LedgerSQL.rows + " ORDER BY row_number") { row in
      do throws(BadRow) {
        proof.movementCount += Int64(try chain.follow(LedgerSQL.row(row)).movements.count)
        proof.rowCount += 1
        return true
      } catch {
        (proof.badRow, proof.difference) = (error.number, "\(error)")
        return false
      }
    }
    proof.head = chain.head
    if proof.difference == nil,
      chain.head.row != about.lastRow || chain.head.hash.bytes != about.lastHash
    {
      proof.badRow = min(chain.head.row + 1, about.lastRow)
      proof.difference = "the file does not end as it says: at row \(about.lastRow)"
    }
    return proof
  }
}
