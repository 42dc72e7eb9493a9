internal import Kit
public import StorageCore

/// The store's schema. A step that was released is never changed; add one.
public enum ReturnsMigrations {
  public static let all: [Migration] = [
    .requests(1), .feeds(2), .outbox(3),
    Migration(
      4, "returns",
      """
      CREATE TABLE return_order (
        return_id TEXT NOT NULL PRIMARY KEY,
        order_id TEXT,
        account_id TEXT,
        external_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL,
        location_id TEXT,
        create_time BIGINT NOT NULL,
        update_time BIGINT NOT NULL,
        version BIGINT NOT NULL,
        -- Its sequence when it was created: the order of lists.
        position BIGINT NOT NULL,
        -- Its sequence when it was last changed: the order of watches.
        sequence BIGINT NOT NULL
      );
      CREATE UNIQUE INDEX return_order_by_position ON return_order (position);
      CREATE UNIQUE INDEX return_order_by_sequence ON return_order (sequence);
      CREATE INDEX return_order_by_order ON return_order (order_id, position);
      CREATE INDEX return_order_by_account ON return_order (account_id, position);
      CREATE INDEX return_order_by_state ON return_order (state, position);
      CREATE TABLE return_line (
        return_id TEXT NOT NULL REFERENCES return_order (return_id),
        line_id TEXT NOT NULL,
        position BIGINT NOT NULL,
        sku TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        order_line_id TEXT,
        PRIMARY KEY (return_id, line_id)
      );
      CREATE UNIQUE INDEX return_line_by_position ON return_line (return_id, position);
      CREATE TABLE return_disposal (
        return_id TEXT NOT NULL,
        line_id TEXT NOT NULL,
        disposition TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        PRIMARY KEY (return_id, line_id, disposition),
        FOREIGN KEY (return_id, line_id) REFERENCES return_line (return_id, line_id)
      );
      -- Who did what when; appended, never changed.
      CREATE TABLE return_change (
        return_id TEXT NOT NULL REFERENCES return_order (return_id),
        version BIGINT NOT NULL,
        verb TEXT NOT NULL,
        actor TEXT NOT NULL,
        change_time BIGINT NOT NULL,
        PRIMARY KEY (return_id, version)
      );
      """),
    Migration(
      5, "the lots that units go back into",
      """
      ALTER TABLE return_disposal RENAME TO older_return_disposal;
      CREATE TABLE return_disposal (
        return_id TEXT NOT NULL,
        line_id TEXT NOT NULL,
        disposition TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        -- Empty for units of no lot.
        lot_id TEXT NOT NULL,
        lot_expire_time BIGINT,
        PRIMARY KEY (return_id, line_id, disposition, lot_id),
        FOREIGN KEY (return_id, line_id) REFERENCES return_line (return_id, line_id)
      );
      INSERT INTO return_disposal (return_id, line_id, disposition, quantity, lot_id)
        SELECT return_id, line_id, disposition, quantity, '' FROM older_return_disposal;
      DROP TABLE older_return_disposal;
      -- Why the pool did not take what was decided last; empty when it did.
      ALTER TABLE return_line ADD COLUMN refusal TEXT NOT NULL DEFAULT '';
      """),
  ]
}
