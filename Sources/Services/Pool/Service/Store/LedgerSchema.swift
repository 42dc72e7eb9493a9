internal import StorageCore

/// What came to the ledger's tables after the first release.
enum LedgerSchema {
  /// The column `checksum` now keeps the first eight bytes of a row's hash; the rows of an older
  /// store, up to `plain_row`, keep what they had.
  static func chain(_ number: Int) -> Migration {
    Migration(
      number, "a hash chain over the ledger, and runs of request keys",
      """
      ALTER TABLE mark ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE mark ADD COLUMN hash BLOB;
      ALTER TABLE mark ADD COLUMN plain_row INTEGER NOT NULL DEFAULT 0;
      UPDATE mark SET plain_row = (SELECT coalesce(max(row_number), 0) FROM ledger);
      CREATE TABLE request_run (
        first_row INTEGER NOT NULL PRIMARY KEY,
        commit_time INTEGER NOT NULL,
        request_keys BLOB NOT NULL
      );
      """)
  }
}
