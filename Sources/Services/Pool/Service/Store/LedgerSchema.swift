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

  /// Rows up to the last archive's are in files of their own; what they add up to, and the answers that
  /// are given for ever, stay.
  static func archive(_ number: Int) -> Migration {
    Migration(
      number, "archives of the ledger's oldest rows",
      """
      CREATE TABLE archive (
        archive_id INTEGER NOT NULL PRIMARY KEY,
        file TEXT NOT NULL UNIQUE,
        first_row INTEGER NOT NULL,
        last_row INTEGER NOT NULL,
        first_sequence INTEGER NOT NULL,
        last_sequence INTEGER NOT NULL,
        first_time INTEGER NOT NULL,
        last_time INTEGER NOT NULL,
        hash BLOB NOT NULL,
        checksum INTEGER NOT NULL
      );
      CREATE TABLE archived_balance (
        archive_id INTEGER NOT NULL,
        balance_key INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        \(countColumns),
        PRIMARY KEY (archive_id, balance_key)
      ) WITHOUT ROWID;
      CREATE TABLE kept_response (
        row_number INTEGER NOT NULL PRIMARY KEY,
        request_id TEXT NOT NULL,
        commit_time INTEGER NOT NULL,
        body_hash BLOB NOT NULL,
        response BLOB NOT NULL
      );
      """)
  }

  /// What balances and rules were before. The rules that an older store has are known from now on.
  static func history(_ number: Int) -> Migration {
    Migration(
      number, "earlier balances and rules",
      """
      CREATE TABLE balance_history (
        balance_key INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        through_sequence INTEGER NOT NULL,
        \(countColumns),
        PRIMARY KEY (balance_key, sequence)
      ) WITHOUT ROWID;
      CREATE TABLE buffer_history (
        change_id INTEGER NOT NULL PRIMARY KEY,
        sku TEXT NOT NULL,
        channel TEXT NOT NULL,
        unit_count INTEGER,
        basis_points INTEGER,
        cap_count INTEGER,
        change_time INTEGER NOT NULL
      );
      CREATE INDEX buffer_history_by_scope ON buffer_history (sku, channel, change_time);
      INSERT INTO buffer_history (sku, channel, unit_count, basis_points, cap_count, change_time)
        SELECT sku, channel, unit_count, basis_points, cap_count, update_time FROM buffer;
      CREATE TABLE history_start (
        start_id INTEGER NOT NULL PRIMARY KEY,
        rule_time INTEGER NOT NULL
      );
      INSERT INTO history_start (start_id, rule_time) SELECT 1, CASE
        WHEN EXISTS (SELECT 1 FROM ledger) OR EXISTS (SELECT 1 FROM buffer)
        THEN CAST(strftime('%s', 'now') AS INTEGER) * 1000000 ELSE 0 END;
      """)
  }

  // The columns of a key stand in front: SQLite 3.40's quick_check looks at the wrong ones of a table
  // WITHOUT ROWID otherwise.
  private static let countColumns = """
    on_hand INTEGER NOT NULL,
        held INTEGER NOT NULL,
        committed INTEGER NOT NULL,
        unavailable INTEGER NOT NULL,
        received INTEGER NOT NULL,
        returned INTEGER NOT NULL,
        found INTEGER NOT NULL,
        shipped INTEGER NOT NULL,
        lost INTEGER NOT NULL
    """
}
