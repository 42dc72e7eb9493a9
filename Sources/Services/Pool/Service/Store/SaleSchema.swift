internal import StorageCore

/// How sales are kept since they are found by an index of their own.
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
}
