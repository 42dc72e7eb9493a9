internal import StorageCore

/// The sandbox's tables: what the platforms know of their sellers.
enum SandboxMigrations {
  static let all = [
    Migration(
      1, "shops, listings, orders, returns and deliveries",
      """
      CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
      INSERT INTO counter (name, value) VALUES ('number', 0), ('version', 0), ('delivery', 0);
      CREATE TABLE shop (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, hook_url TEXT NOT NULL, secrets TEXT NOT NULL,
        access_token TEXT NOT NULL, access_expire_time INTEGER NOT NULL,
        previous_token TEXT NOT NULL, previous_expire_time INTEGER NOT NULL,
        refresh_token TEXT NOT NULL, refresh_expire_time INTEGER NOT NULL,
        PRIMARY KEY (channel, shop_id)
      );
      CREATE TABLE listing (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, item_id TEXT NOT NULL, variation_id TEXT NOT NULL,
        sku TEXT NOT NULL, title TEXT NOT NULL, inventory_item_id TEXT NOT NULL, state TEXT NOT NULL,
        sellable INTEGER NOT NULL, withheld INTEGER NOT NULL, occupied INTEGER NOT NULL,
        reserved INTEGER NOT NULL, version INTEGER NOT NULL, change_time INTEGER NOT NULL,
        PRIMARY KEY (channel, shop_id, item_id, variation_id)
      );
      CREATE INDEX listing_by_inventory_item ON listing (shop_id, inventory_item_id);
      CREATE INDEX listing_by_sku ON listing (channel, shop_id, sku);
      CREATE TABLE buyer_order (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, order_id TEXT NOT NULL, number INTEGER NOT NULL,
        create_time INTEGER NOT NULL, update_time INTEGER NOT NULL, pay_time INTEGER,
        cancel_time INTEGER, cancel_reason TEXT NOT NULL, tracking_number TEXT NOT NULL,
        carrier TEXT NOT NULL,
        PRIMARY KEY (channel, shop_id, order_id)
      );
      CREATE INDEX buyer_order_by_update_time ON buyer_order (channel, shop_id, update_time);
      CREATE TABLE order_line (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, order_id TEXT NOT NULL, line_id TEXT NOT NULL,
        position INTEGER NOT NULL, item_id TEXT NOT NULL, variation_id TEXT NOT NULL,
        sku TEXT NOT NULL, title TEXT NOT NULL, quantity INTEGER NOT NULL,
        cancelled INTEGER NOT NULL, shipped INTEGER NOT NULL, returned INTEGER NOT NULL,
        state TEXT NOT NULL, package_id TEXT NOT NULL, update_time INTEGER NOT NULL,
        PRIMARY KEY (channel, shop_id, order_id, line_id)
      );
      CREATE INDEX order_line_by_package ON order_line (channel, shop_id, package_id);
      CREATE TABLE buyer_return (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, return_id TEXT NOT NULL, order_id TEXT NOT NULL,
        state TEXT NOT NULL, reason TEXT NOT NULL, create_time INTEGER NOT NULL,
        update_time INTEGER NOT NULL,
        PRIMARY KEY (channel, shop_id, return_id)
      );
      CREATE INDEX buyer_return_by_order ON buyer_return (channel, shop_id, order_id);
      CREATE TABLE return_line (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, return_id TEXT NOT NULL, line_id TEXT NOT NULL,
        order_line_id TEXT NOT NULL, item_id TEXT NOT NULL, variation_id TEXT NOT NULL,
        sku TEXT NOT NULL, quantity INTEGER NOT NULL, disposed INTEGER NOT NULL,
        disposition TEXT NOT NULL,
        PRIMARY KEY (channel, shop_id, return_id, line_id)
      );
      CREATE TABLE idempotency (
        shop_id TEXT NOT NULL, idempotency_key TEXT NOT NULL, number INTEGER NOT NULL,
        request TEXT NOT NULL, response TEXT NOT NULL,
        PRIMARY KEY (shop_id, idempotency_key)
      );
      CREATE TABLE delivery (
        delivery_id INTEGER NOT NULL PRIMARY KEY, channel TEXT NOT NULL, shop_id TEXT NOT NULL,
        topic TEXT NOT NULL, subject TEXT NOT NULL, event_id TEXT NOT NULL, body TEXT NOT NULL,
        is_duplicate INTEGER NOT NULL, create_time INTEGER NOT NULL, due_time INTEGER NOT NULL,
        attempt INTEGER NOT NULL, state TEXT NOT NULL, status INTEGER NOT NULL,
        latency INTEGER NOT NULL, finish_time INTEGER
      );
      CREATE INDEX delivery_by_state ON delivery (state, due_time);
      CREATE TABLE fault (channel TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);
      """),
    Migration(
      2, "the times of Square's counts",
      """
      CREATE TABLE square_count (
        shop_id TEXT NOT NULL, variation_id TEXT NOT NULL, occurred_time INTEGER NOT NULL,
        PRIMARY KEY (shop_id, variation_id)
      );
      """),
    Migration(
      3, "WooCommerce: what an order keeps beside its lines, and webhooks",
      """
      CREATE TABLE woo_order (
        shop_id TEXT NOT NULL, order_id TEXT NOT NULL, complete_time INTEGER, meta TEXT NOT NULL,
        notes TEXT NOT NULL,
        PRIMARY KEY (shop_id, order_id)
      );
      CREATE TABLE woo_webhook (
        shop_id TEXT NOT NULL, webhook_id INTEGER NOT NULL, topic TEXT NOT NULL,
        delivery_url TEXT NOT NULL, secret TEXT NOT NULL, status TEXT NOT NULL,
        failure_count INTEGER NOT NULL,
        PRIMARY KEY (shop_id, webhook_id)
      );
      """),
    Migration(
      4, "how shops' hooks have answered, and which are off",
      """
      CREATE TABLE hook (
        channel TEXT NOT NULL, shop_id TEXT NOT NULL, is_off INTEGER NOT NULL,
        tries INTEGER NOT NULL, failures INTEGER NOT NULL, failures_in_a_row INTEGER NOT NULL,
        PRIMARY KEY (channel, shop_id)
      );
      """),
    Migration(
      5, "when promotions begin and end",
      """
      ALTER TABLE listing ADD COLUMN promotion_start INTEGER;
      ALTER TABLE listing ADD COLUMN promotion_end INTEGER;
      """),
    Migration(
      6, "since when shops' hooks fail", "ALTER TABLE hook ADD COLUMN failing_since INTEGER"),
    Migration(
      7, "orders that buyers come for",
      "ALTER TABLE buyer_order ADD COLUMN is_pickup INTEGER NOT NULL DEFAULT 0"),
    Migration(
      8, "listings by their variations",
      "CREATE INDEX listing_by_variation ON listing (channel, shop_id, variation_id)"),
  ]
}
