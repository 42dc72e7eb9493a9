internal import StorageCore

/// What came to the tables of rules after the first release.
///
/// What a rule was is a row of the same columns in a table beside its own, by `update_time`; one that
/// says nothing stands for "no rule".
enum RuleSchema {
  static func sourcing(_ number: Int) -> Migration {
    Migration(
      number, "groups of SKUs, kinds and zones of locations, sourcing, buffers by time and listing",
      """
      ALTER TABLE sku ADD COLUMN sku_group TEXT NOT NULL DEFAULT '';
      ALTER TABLE location ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE location ADD COLUMN zones TEXT NOT NULL DEFAULT '';
      ALTER TABLE location ADD COLUMN offers_pickup INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance ADD COLUMN rate_weight INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance ADD COLUMN rate_time INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE archived_balance ADD COLUMN rate_weight INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE archived_balance ADD COLUMN rate_time INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance_history ADD COLUMN rate_weight INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE balance_history ADD COLUMN rate_time INTEGER NOT NULL DEFAULT 0;
      CREATE TABLE buffer_rule (
        \(bufferColumns),
        PRIMARY KEY (sku, sku_group, channel, listing, name)
      );
      INSERT INTO buffer_rule (sku, sku_group, channel, listing, name, unit_count, basis_points,
        minimum_count, cap_count, update_time)
      SELECT sku, '', channel, '', '', unit_count, basis_points, 0, cap_count, update_time
      FROM buffer;
      DROP TABLE buffer;
      CREATE TABLE buffer_rule_history (
        change_id INTEGER NOT NULL PRIMARY KEY,
        \(bufferColumns)
      );
      CREATE INDEX buffer_rule_history_by_key ON buffer_rule_history
        (sku, sku_group, channel, listing, name, update_time);
      INSERT INTO buffer_rule_history (change_id, sku, sku_group, channel, listing, name, unit_count,
        basis_points, minimum_count, cap_count, update_time)
      SELECT change_id, sku, '', channel, '', '', unit_count, basis_points, 0, cap_count, change_time
      FROM buffer_history;
      DROP TABLE buffer_history;
      CREATE TABLE sourcing (
        \(sourcingColumns),
        PRIMARY KEY (channel)
      );
      CREATE TABLE sourcing_history (
        change_id INTEGER NOT NULL PRIMARY KEY,
        \(sourcingColumns)
      );
      CREATE INDEX sourcing_history_by_key ON sourcing_history (channel, update_time);
      CREATE TABLE last_units (
        \(lastUnitsColumns),
        PRIMARY KEY (sku, sku_group)
      );
      CREATE TABLE last_units_history (
        change_id INTEGER NOT NULL PRIMARY KEY,
        \(lastUnitsColumns)
      );
      CREATE INDEX last_units_history_by_key ON last_units_history (sku, sku_group, update_time);
      CREATE TABLE sku_group_history (
        change_id INTEGER NOT NULL PRIMARY KEY,
        sku TEXT NOT NULL,
        sku_group TEXT NOT NULL,
        update_time INTEGER NOT NULL
      );
      CREATE INDEX sku_group_history_by_key ON sku_group_history (sku, update_time);
      """)
  }

  static func measuredLag(_ number: Int) -> Migration {
    Migration(
      number, "buffers whose lag is measured",
      """
      ALTER TABLE buffer_rule ADD COLUMN lag_is_measured INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE buffer_rule_history ADD COLUMN lag_is_measured INTEGER NOT NULL DEFAULT 0;
      """)
  }

  private static let bufferColumns = """
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
        update_time INTEGER NOT NULL
    """

  private static let sourcingColumns = """
    channel TEXT NOT NULL,
        strategy INTEGER NOT NULL,
        locations TEXT NOT NULL,
        update_time INTEGER NOT NULL
    """

  private static let lastUnitsColumns = """
    sku TEXT NOT NULL,
        sku_group TEXT NOT NULL,
        channel TEXT NOT NULL,
        unit_count INTEGER NOT NULL,
        update_time INTEGER NOT NULL
    """
}
