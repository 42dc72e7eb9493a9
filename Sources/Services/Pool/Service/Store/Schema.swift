internal import StorageCore

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
    Migration(
      3, "groups of SKUs, kinds and zones of locations, sourcing, buffers by time and listing",
      """
      ALTER TABLE sku ADD COLUMN sku_group TEXT NOT NULL DEFAULT '';
      ALTER TABLE location ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE location ADD COLUMN zones TEXT NOT NULL DEFAULT '';
      ALTER TABLE location ADD COLUMN offers_pickup INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance ADD COLUMN rate_weight INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance ADD COLUMN rate_time INTEGER NOT NULL DEFAULT 0;
      CREATE TABLE buffer_rule (
        sku TEXT NOT NULL,
        sku_group TEXT NOT NULL,
        channel TEXT NOT NULL,
        listing TEXT NOT NULL,
        name TEXT NOT NULL,
        unit_count INTEGER,
        basis_points INTEGER,
        threshold_count INTEGER,
        above_count INTEGER,
        below_count INTEGER,
        lag_microseconds INTEGER,
        factor_basis_points INTEGER,
        minimum_count INTEGER NOT NULL,
        maximum_count INTEGER,
        cap_count INTEGER,
        start_time INTEGER,
        end_time INTEGER,
        update_time INTEGER NOT NULL,
        PRIMARY KEY (sku, sku_group, channel, listing, name)
      );
      INSERT INTO buffer_rule (sku, sku_group, channel, listing, name, unit_count, basis_points,
        minimum_count, cap_count, update_time)
      SELECT sku, '', channel, '', '', unit_count, basis_points, 0, cap_count, update_time
      FROM buffer;
      DROP TABLE buffer;
      CREATE TABLE sourcing (
        channel TEXT NOT NULL PRIMARY KEY,
        strategy INTEGER NOT NULL,
        locations TEXT NOT NULL,
        update_time INTEGER NOT NULL
      );
      CREATE TABLE last_units (
        sku TEXT NOT NULL,
        sku_group TEXT NOT NULL,
        channel TEXT NOT NULL,
        unit_count INTEGER NOT NULL,
        update_time INTEGER NOT NULL,
        PRIMARY KEY (sku, sku_group)
      );
      """),
    Migration(
      4, "promotions and their allotments",
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
  ]
}
