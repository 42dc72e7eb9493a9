internal import StorageCore
internal import StorageSQLite

/// What the pool keeps on disk; `DESIGN.md` says why it has this shape.
enum Schema {
  static let migrations = [
    Migration(
      1, "catalogue, ledger and what is swept behind it",
      """
      CREATE TABLE sku (
        sku_id INTEGER NOT NULL PRIMARY KEY,
        sku TEXT NOT NULL UNIQUE,
        display_name TEXT NOT NULL,
        create_time INTEGER NOT NULL,
        update_time INTEGER NOT NULL,
        revision INTEGER NOT NULL
      );
      CREATE TABLE location (
        location_id INTEGER NOT NULL PRIMARY KEY,
        location TEXT NOT NULL UNIQUE,
        display_name TEXT NOT NULL,
        rank INTEGER NOT NULL,
        create_time INTEGER NOT NULL,
        update_time INTEGER NOT NULL,
        revision INTEGER NOT NULL
      );
      CREATE TABLE buffer (
        sku TEXT NOT NULL,
        channel TEXT NOT NULL,
        unit_count INTEGER,
        basis_points INTEGER,
        cap_count INTEGER,
        update_time INTEGER NOT NULL,
        PRIMARY KEY (sku, channel)
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
      CREATE TABLE balance (
        balance_key INTEGER NOT NULL PRIMARY KEY,
        on_hand INTEGER NOT NULL,
        held INTEGER NOT NULL,
        committed INTEGER NOT NULL,
        unavailable INTEGER NOT NULL,
        received INTEGER NOT NULL,
        returned INTEGER NOT NULL,
        found INTEGER NOT NULL,
        shipped INTEGER NOT NULL,
        lost INTEGER NOT NULL,
        sequence INTEGER NOT NULL
      );
      CREATE TABLE hold (hold_id TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL);
      CREATE TABLE sale (order_id TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL);
      CREATE TABLE mark (
        mark_id INTEGER NOT NULL PRIMARY KEY,
        swept_row INTEGER NOT NULL
      );
      INSERT INTO mark (mark_id, swept_row) VALUES (1, 0);
      """),
    // Returns of an older store are known by its ledger for a day, as they were.
    Migration(
      2, "requests that are known for ever",
      """
      CREATE TABLE kept_request (
        request_id TEXT NOT NULL PRIMARY KEY,
        row_number INTEGER NOT NULL
      );
      """),
    LedgerSchema.chain(3),
    LedgerSchema.archive(4),
    LedgerSchema.history(5),
    Migration(
      6, "purchase orders, transfers, counts, reorder points",
      """
      CREATE TABLE document (
        kind INTEGER NOT NULL,
        document_id TEXT NOT NULL,
        state INTEGER NOT NULL,
        is_ended INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (kind, document_id)
      );
      CREATE INDEX document_in_work ON document (kind, document_id) WHERE is_ended = 0;
      CREATE TABLE reorder_point (
        sku TEXT NOT NULL,
        location TEXT NOT NULL,
        unit_count INTEGER NOT NULL,
        update_time INTEGER NOT NULL,
        PRIMARY KEY (sku, location)
      );
      ALTER TABLE balance ADD COLUMN transferred_in INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance ADD COLUMN transferred_out INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE archived_balance ADD COLUMN transferred_in INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE archived_balance ADD COLUMN transferred_out INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance_history ADD COLUMN transferred_in INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance_history ADD COLUMN transferred_out INTEGER NOT NULL DEFAULT 0;
      """),
    RuleSchema.sourcing(7),
    Migration(
      8, "bundles and lots",
      """
      CREATE TABLE bundle (
        sku TEXT NOT NULL PRIMARY KEY,
        is_bundle INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        update_time INTEGER NOT NULL,
        body BLOB NOT NULL
      );
      CREATE TABLE lot (
        sku TEXT NOT NULL,
        location TEXT NOT NULL,
        lot TEXT NOT NULL,
        expire_time INTEGER,
        unit_count INTEGER NOT NULL,
        PRIMARY KEY (sku, location, lot)
      );
      """),
    Migration(
      9, "promotions and their allotments",
      """
      CREATE TABLE promotion (
        promotion_id INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        body BLOB NOT NULL
      );
      CREATE TABLE allotment (
        allotment_id INTEGER NOT NULL PRIMARY KEY,
        promotion_id INTEGER NOT NULL,
        sku_id INTEGER NOT NULL,
        quantity INTEGER NOT NULL,
        taken INTEGER NOT NULL,
        sequence INTEGER NOT NULL
      );
      """),
    SaleSchema.index(10),
    RuleSchema.measuredLag(11),
    ProofSchema.seals(12),
    SaleSchema.holds(13),
    SaleSchema.runs(14),
    SaleSchema.firstLines(15),
    ProofSchema.allSeals(16),
  ]

  /// The indexes that commands, lists and questions about the past read along.
  static let indexes = [
    "document_in_work", "buffer_rule_history_by_key", "sourcing_history_by_key",
    "last_units_history_by_key", "sku_group_history_by_key", "bundle_history_by_key",
    "allotted_history_by_key",
  ]

  /// - Throws: `StorageError.corrupt` when a table or an index is not there.
  static func check(_ connection: SQLiteConnection) throws(StorageError) {
    try connection.expect(tables: SealedTable.all.map(\.name) + ["ledger"], indexes: indexes)
  }
}
