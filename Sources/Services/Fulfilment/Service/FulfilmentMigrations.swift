internal import Kit
public import StorageCore

/// The store's schema. A step that was released is never changed; add one.
public enum FulfilmentMigrations {
  public static let all: [Migration] = [
    .requests(1), .feeds(2), .outbox(3),
    Migration(
      4, "orders",
      """
      CREATE TABLE customer_order (
        order_id TEXT NOT NULL PRIMARY KEY,
        account_id TEXT NOT NULL,
        channel_id TEXT NOT NULL,
        external_id TEXT NOT NULL,
        state TEXT NOT NULL,
        sale_time BIGINT,
        handed_over BIGINT NOT NULL,
        tracking_number TEXT,
        carrier TEXT,
        ship_time BIGINT,
        create_time BIGINT NOT NULL,
        update_time BIGINT NOT NULL,
        version BIGINT NOT NULL,
        -- Its sequence when it was created: the order of lists.
        position BIGINT NOT NULL,
        -- Its sequence when it was last changed: the order of watches.
        sequence BIGINT NOT NULL
      );
      CREATE UNIQUE INDEX customer_order_by_position ON customer_order (position);
      CREATE UNIQUE INDEX customer_order_by_sequence ON customer_order (sequence);
      CREATE INDEX customer_order_by_account ON customer_order (account_id, position);
      CREATE INDEX customer_order_by_state ON customer_order (state, position);
      CREATE TABLE order_line (
        order_id TEXT NOT NULL REFERENCES customer_order (order_id),
        line_id TEXT NOT NULL,
        position BIGINT NOT NULL,
        sku TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        cancelled_count BIGINT NOT NULL,
        channel_line_id TEXT NOT NULL,
        title TEXT NOT NULL,
        PRIMARY KEY (order_id, line_id),
        CHECK (cancelled_count BETWEEN 0 AND quantity)
      );
      CREATE UNIQUE INDEX order_line_by_position ON order_line (order_id, position);
      -- Who did what when; appended, never changed.
      CREATE TABLE order_change (
        order_id TEXT NOT NULL REFERENCES customer_order (order_id),
        version BIGINT NOT NULL,
        verb TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        change_time BIGINT NOT NULL,
        PRIMARY KEY (order_id, version)
      );
      """),
    Migration(
      5, "pickups",
      """
      ALTER TABLE customer_order ADD COLUMN pickup BIGINT NOT NULL DEFAULT 0;
      ALTER TABLE customer_order ADD COLUMN pickup_location TEXT;
      ALTER TABLE customer_order ADD COLUMN ready_time BIGINT;
      ALTER TABLE customer_order ADD COLUMN expire_time BIGINT;
      ALTER TABLE customer_order ADD COLUMN collect_time BIGINT;
      ALTER TABLE customer_order ADD COLUMN expired BIGINT NOT NULL DEFAULT 0;
      CREATE INDEX customer_order_by_expiry ON customer_order (expire_time) WHERE state = 'ready';
      """),
  ]
}
