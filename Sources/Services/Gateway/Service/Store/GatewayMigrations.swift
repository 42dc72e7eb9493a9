internal import Kit
public import StorageCore

/// The gateway's schema.
public enum GatewayMigrations {
  public static let all: [Migration] = [
    .feeds(1),
    .requests(2),
    Migration(3, "connections", connections),
    Migration(4, "inbox", inbox),
    Migration(5, "orders and returns", orders),
    Migration(6, "pushes, notices and alerts", outward),
    Migration(7, "what a channel may be showing", highest),
    Migration(8, "since when an account is connected", connectTime),
    Migration(9, "where an order's customer is", zone),
    Migration(10, "what was told of alerts", toldAlerts),
    Migration(11, "what listings were sent and showed", listingHistory),
    Migration(12, "listings that drift", drifts),
    Migration(13, "when events were done", doneEvents),
    Migration(14, "polls and catch-ups", polls),
    Migration(15, "sweeps", sweeps),
    Migration(16, "tills' sales that the inbox has forgotten", pastSales),
    Migration(17, "alerts by when they changed and when they ended", alertTimes),
    Migration(18, "orders that may change without another time", settling),
    Migration(19, "orders for pickup", pickups),
  ]

  private static let pickups = """
    ALTER TABLE channel_order ADD COLUMN is_pickup BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE channel_order ADD COLUMN is_pickup_told BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE channel_order ADD COLUMN pickup_location TEXT NOT NULL DEFAULT '';
    """

  private static let settling = "ALTER TABLE channel_order ADD COLUMN settle_time BIGINT"

  private static let sweeps = """
    ALTER TABLE poll_cursor ADD COLUMN sweep_time BIGINT;
    CREATE INDEX channel_return_waiting ON channel_return (account_id, return_id)
      WHERE state = 'requested' AND told = 'created';
    """

  private static let alertTimes = """
    CREATE INDEX alert_ended ON alert (resolve_time) WHERE resolve_time IS NOT NULL;
    -- By kind first it would be taken for what only asks for the open ones of a kind.
    CREATE INDEX alert_changed ON alert (update_time, kind, subject);
    """

  private static let pastSales = """
    CREATE TABLE past_sale (
      account_id TEXT NOT NULL,
      event_key TEXT NOT NULL,
      digest TEXT NOT NULL,
      past_sale_id BIGINT NOT NULL,
      PRIMARY KEY (account_id, event_key)
    );
    CREATE INDEX past_sale_old ON past_sale (past_sale_id);
    """

  private static let doneEvents =
    "CREATE INDEX inbox_done ON inbox (finish_time) WHERE state = 'done'"

  private static let polls = """
    CREATE TABLE poll_cursor (
      account_id TEXT NOT NULL PRIMARY KEY,
      watermark BIGINT NOT NULL,
      poll_time BIGINT,
      last_error TEXT NOT NULL
    );
    CREATE TABLE catch_up (
      catch_up_id BIGINT NOT NULL PRIMARY KEY,
      start_time BIGINT NOT NULL,
      begin_time BIGINT NOT NULL,
      finish_time BIGINT,
      verdict BLOB NOT NULL
    );
    CREATE TABLE catch_up_event (
      inbox_id BIGINT NOT NULL PRIMARY KEY,
      catch_up_id BIGINT NOT NULL,
      account_id TEXT NOT NULL,
      order_id TEXT NOT NULL,
      is_new_order BIGINT NOT NULL
    );
    CREATE INDEX catch_up_event_of ON catch_up_event (catch_up_id);
    """

  private static let listingHistory = """
    CREATE TABLE listing_history (
      listing_id TEXT NOT NULL,
      time BIGINT NOT NULL,
      kind TEXT NOT NULL,
      quantity BIGINT NOT NULL,
      wanted_count BIGINT NOT NULL,
      unseen_count BIGINT NOT NULL,
      pool_version BIGINT NOT NULL,
      send_time BIGINT,
      commit_time BIGINT,
      text TEXT NOT NULL
    );
    CREATE INDEX listing_history_of ON listing_history (listing_id, time);
    CREATE INDEX listing_history_old ON listing_history (time);
    """

  private static let toldAlerts = """
    ALTER TABLE alert ADD COLUMN told TEXT NOT NULL DEFAULT '';
    ALTER TABLE alert ADD COLUMN tell_time BIGINT;
    CREATE INDEX alert_to_tell ON alert (alert_id) WHERE resolve_time IS NULL OR told = 'open';
    """

  private static let zone = "ALTER TABLE channel_order ADD COLUMN zone TEXT NOT NULL DEFAULT ''"

  private static let connectTime =
    "ALTER TABLE connection ADD COLUMN connect_time BIGINT NOT NULL DEFAULT 0"

  private static let highest = "ALTER TABLE listing_push ADD COLUMN highest_count BIGINT"

  private static let connections = """
    CREATE TABLE connection (
      account_id TEXT NOT NULL PRIMARY KEY,
      channel_id TEXT NOT NULL,
      external_id TEXT NOT NULL,
      base_url TEXT NOT NULL,
      calls_per_second DOUBLE PRECISION NOT NULL,
      location_id TEXT NOT NULL,
      credentials BLOB NOT NULL,
      update_time BIGINT NOT NULL,
      UNIQUE (channel_id, external_id)
    );
    CREATE TABLE cursor (name TEXT NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL);
    """

  private static let inbox = """
    CREATE TABLE inbox (
      inbox_id BIGINT NOT NULL PRIMARY KEY,
      account_id TEXT NOT NULL,
      event_key TEXT NOT NULL,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      topic TEXT NOT NULL,
      order_id TEXT NOT NULL,
      update_time BIGINT NOT NULL,
      body BLOB NOT NULL,
      state TEXT NOT NULL,
      receive_time BIGINT NOT NULL,
      finish_time BIGINT,
      attempt_count BIGINT NOT NULL,
      last_error TEXT NOT NULL,
      UNIQUE (account_id, event_key)
    );
    CREATE INDEX inbox_open ON inbox (state, inbox_id) WHERE state <> 'done';
    CREATE INDEX inbox_quarantined ON inbox (order_id) WHERE state = 'quarantined';
    """

  private static let orders = """
    CREATE TABLE channel_order (
      order_id TEXT NOT NULL PRIMARY KEY,
      account_id TEXT NOT NULL,
      external_id TEXT NOT NULL,
      state TEXT NOT NULL,
      update_time BIGINT NOT NULL,
      sale_time BIGINT NOT NULL,
      is_shipped_told BIGINT NOT NULL
    );
    CREATE TABLE order_line (
      order_id TEXT NOT NULL,
      line_id TEXT NOT NULL,
      position BIGINT NOT NULL,
      item_id TEXT NOT NULL,
      variation_id TEXT NOT NULL,
      seller_sku TEXT NOT NULL,
      title TEXT NOT NULL,
      quantity BIGINT NOT NULL,
      cancelled_count BIGINT NOT NULL,
      listing_id TEXT NOT NULL,
      components TEXT NOT NULL,
      sold_count BIGINT NOT NULL,
      taken_back_count BIGINT NOT NULL,
      told_sold_count BIGINT NOT NULL,
      told_taken_back_count BIGINT NOT NULL,
      is_quarantined BIGINT NOT NULL,
      PRIMARY KEY (order_id, line_id)
    );
    CREATE INDEX order_line_quarantined ON order_line (listing_id) WHERE is_quarantined = 1;
    CREATE TABLE channel_return (
      return_id TEXT NOT NULL PRIMARY KEY,
      account_id TEXT NOT NULL,
      external_id TEXT NOT NULL,
      order_external_id TEXT NOT NULL,
      state TEXT NOT NULL,
      told TEXT NOT NULL,
      update_time BIGINT NOT NULL
    );
    CREATE TABLE till_device (
      account_id TEXT NOT NULL,
      device_id TEXT NOT NULL,
      highest BIGINT NOT NULL,
      missing TEXT NOT NULL,
      PRIMARY KEY (account_id, device_id)
    );
    """

  private static let outward = """
    CREATE TABLE listing_push (
      listing_id TEXT NOT NULL PRIMARY KEY,
      account_id TEXT NOT NULL,
      acknowledged_count BIGINT,
      pool_version BIGINT NOT NULL,
      mapping_version BIGINT NOT NULL,
      acknowledge_time BIGINT,
      lag_microseconds BIGINT,
      is_dead BIGINT NOT NULL,
      last_error TEXT NOT NULL
    );
    CREATE TABLE notice (
      notice_id BIGINT NOT NULL PRIMARY KEY,
      account_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      body BLOB NOT NULL,
      state TEXT NOT NULL,
      attempt_count BIGINT NOT NULL,
      last_error TEXT NOT NULL,
      create_time BIGINT NOT NULL,
      finish_time BIGINT,
      UNIQUE (kind, subject)
    );
    CREATE INDEX notice_waiting ON notice (notice_id) WHERE state = 'waiting';
    CREATE TABLE alert (
      alert_id BIGINT NOT NULL PRIMARY KEY,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      account_id TEXT NOT NULL,
      message TEXT NOT NULL,
      raise_count BIGINT NOT NULL,
      create_time BIGINT NOT NULL,
      update_time BIGINT NOT NULL,
      resolve_time BIGINT
    );
    CREATE UNIQUE INDEX alert_open ON alert (kind, account_id, subject) WHERE resolve_time IS NULL;
    """
}
