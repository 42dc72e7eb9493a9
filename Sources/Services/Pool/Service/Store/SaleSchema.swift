internal import StorageCore

/// How sales and holds are kept since they lie in the order of their making.
enum SaleSchema {
  /// Sales of an older store are indexed anew, since a key is not SQL's to work out.
  static func index(_ number: Int) -> Migration {
    Migration(
      number,
      "sales in their own order, and an index of their orders that is written in sorted runs",
      """
      ALTER TABLE sale RENAME TO older_sale;
      CREATE TABLE sale (
        sale_number INTEGER NOT NULL PRIMARY KEY,
        order_id TEXT NOT NULL,
        body BLOB NOT NULL
      );
      INSERT INTO sale (sale_number, order_id, body) SELECT -rowid, order_id, body FROM older_sale;
      DROP TABLE older_sale;
      CREATE TABLE sale_index (
        order_key INTEGER NOT NULL,
        sale_number INTEGER NOT NULL,
        PRIMARY KEY (order_key, sale_number)
      ) WITHOUT ROWID;
      ALTER TABLE mark ADD COLUMN indexed_sale INTEGER;
      """)
  }

  /// The keys in runs, in the place of a tree in which each key of a large store dirtied a page of its own.
  static func runs(_ number: Int) -> Migration {
    Migration(
      number, "the keys of sales in runs, by the sales' numbers",
      """
      DROP TABLE sale_index;
      ALTER TABLE mark DROP COLUMN indexed_sale;
      CREATE TABLE sale_run (
        last_number INTEGER NOT NULL PRIMARY KEY,
        sale_keys BLOB NOT NULL,
        checksum INTEGER
      );
      """)
  }

  /// Holds in the order of their numbers: keyed by their IDs, which come in no order, each dirtied a page of its own. All
  /// of them are in memory, so no index is needed.
  static func holds(_ number: Int) -> Migration {
    Migration(
      number, "holds in their own order",
      """
      ALTER TABLE hold RENAME TO older_hold;
      CREATE TABLE hold (
        hold_number INTEGER NOT NULL PRIMARY KEY,
        hold_id TEXT NOT NULL,
        body BLOB NOT NULL,
        checksum INTEGER
      );
      INSERT INTO hold (hold_number, hold_id, body) SELECT -rowid, hold_id, body FROM older_hold;
      DROP TABLE older_hold;
      UPDATE mark SET is_sealed = 0;
      """)
  }

  /// Holds keep what they were first asked for once their units change. What those of an older store had become by now is
  /// not to be told from it, so theirs is not proved.
  static func firstLines(_ number: Int) -> Migration {
    Migration(
      number, "what holds were first asked for",
      """
      ALTER TABLE history_start ADD COLUMN first_lines_after INTEGER NOT NULL DEFAULT 0;
      UPDATE history_start SET first_lines_after = (SELECT coalesce(max(sequence), 0) FROM ledger);
      """)
  }
}
