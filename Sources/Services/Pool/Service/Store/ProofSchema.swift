internal import StorageCore

/// What a proof compares, and what was in bundles and promotions at an earlier instant.
enum ProofSchema {
  /// Rows that an older store has get their seals at its next start, since SQL cannot work them out. What was in its
  /// bundles and promotions is known from now on.
  static func seals(_ number: Int) -> Migration {
    Migration(
      number,
      "a checksum in each row of the tables beside the ledger, and earlier bundles and promotions",
      sealed.map { "ALTER TABLE \($0) ADD COLUMN checksum INTEGER;" }.joined(separator: "\n")
        + "\n" + histories)
  }

  /// What had no seal yet gets it at the next start, and so do rows of which the seal was not over all columns. A seal of
  /// the mark's own says from then on that all are there. A kept request's ID lies in one place only, so that its seal
  /// is over what it is looked up by.
  static func allSeals(_ number: Int) -> Migration {
    Migration(
      number, "a checksum in each row of all tables but the ledger",
      "ALTER TABLE archive RENAME COLUMN checksum TO row_checksum;\n"
        + ["archive", "kept_response", "history_start", "request_run", "mark"]
        .map { "ALTER TABLE \($0) ADD COLUMN checksum INTEGER;" }.joined(separator: "\n")
          + """

          ALTER TABLE mark DROP COLUMN is_sealed;
          ALTER TABLE kept_request RENAME TO older_kept_request;
          CREATE TABLE kept_request (
            request_id TEXT NOT NULL PRIMARY KEY,
            row_number INTEGER NOT NULL,
            checksum INTEGER
          ) WITHOUT ROWID;
          INSERT INTO kept_request (request_id, row_number)
            SELECT request_id, row_number FROM older_kept_request ORDER BY request_id;
          DROP TABLE older_kept_request;
          """)
  }

  private static let sealed = [
    "sku", "location", "buffer_rule", "buffer_rule_history", "sourcing", "sourcing_history",
    "last_units", "last_units_history", "sku_group_history", "document", "reorder_point", "bundle",
    "lot", "promotion", "allotment", "balance", "balance_history", "archived_balance", "hold",
    "sale",
  ]

  private static let now = "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"

  private static let histories = """
    ALTER TABLE mark ADD COLUMN is_sealed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE archive ADD COLUMN has_parts INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE archived_lot (
      archive_id INTEGER NOT NULL,
      sku_id INTEGER NOT NULL,
      location_id INTEGER NOT NULL,
      lot TEXT NOT NULL,
      expire_time INTEGER,
      unit_count INTEGER NOT NULL,
      checksum INTEGER,
      PRIMARY KEY (archive_id, sku_id, location_id, lot)
    ) WITHOUT ROWID;
    CREATE TABLE archived_allotment (
      archive_id INTEGER NOT NULL,
      promotion_id INTEGER NOT NULL,
      sku_id INTEGER NOT NULL,
      taken INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      checksum INTEGER,
      PRIMARY KEY (archive_id, promotion_id, sku_id)
    ) WITHOUT ROWID;
    CREATE TABLE bundle_history (
      change_id INTEGER NOT NULL PRIMARY KEY,
      sku TEXT NOT NULL,
      update_time INTEGER NOT NULL,
      body BLOB NOT NULL,
      checksum INTEGER
    );
    CREATE INDEX bundle_history_by_key ON bundle_history (sku, update_time);
    INSERT INTO bundle_history (sku, update_time, body) SELECT sku, \(now), body FROM bundle;
    CREATE TABLE allotted_history (
      change_id INTEGER NOT NULL PRIMARY KEY,
      allotment_id INTEGER NOT NULL,
      quantity INTEGER NOT NULL,
      update_time INTEGER NOT NULL,
      checksum INTEGER
    );
    CREATE INDEX allotted_history_by_key ON allotted_history (allotment_id, update_time);
    INSERT INTO allotted_history (allotment_id, quantity, update_time)
      SELECT allotment_id, quantity, \(now) FROM allotment;
    CREATE TABLE allotment_history (
      allotment_id INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      through_sequence INTEGER NOT NULL,
      promotion_id INTEGER NOT NULL,
      sku_id INTEGER NOT NULL,
      quantity INTEGER NOT NULL,
      taken INTEGER NOT NULL,
      checksum INTEGER,
      PRIMARY KEY (allotment_id, sequence)
    ) WITHOUT ROWID;
    ALTER TABLE history_start ADD COLUMN assortment_time INTEGER NOT NULL DEFAULT 0;
    UPDATE history_start SET assortment_time = CASE
      WHEN EXISTS (SELECT 1 FROM bundle) OR EXISTS (SELECT 1 FROM promotion)
      THEN \(now) ELSE 0 END;
    """
}
