internal import Kit
public import StorageCore

/// The store's schema. A step that was released is never changed; add one.
public enum MappingMigrations {
  public static let all: [Migration] = [
    .requests(1), .feeds(2),
    Migration(
      3, "channels, accounts, listings and links",
      """
      CREATE TABLE channel (
        channel_id TEXT NOT NULL PRIMARY KEY,
        display_name TEXT NOT NULL
      );
      CREATE TABLE account (
        account_id TEXT NOT NULL PRIMARY KEY,
        channel_id TEXT NOT NULL REFERENCES channel (channel_id),
        display_name TEXT NOT NULL,
        -- NULL where the channel has no IDs for its shops.
        external_id TEXT,
        create_time BIGINT NOT NULL,
        update_time BIGINT NOT NULL,
        version BIGINT NOT NULL
      );
      CREATE UNIQUE INDEX account_by_external_id ON account (channel_id, external_id);
      CREATE TABLE listing (
        listing_id TEXT NOT NULL PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES account (account_id),
        item_id TEXT NOT NULL,
        variation_id TEXT NOT NULL,
        seller_sku TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        -- A JSON object.
        attributes TEXT NOT NULL,
        -- The number of the live link; NULL while unmapped.
        live_link BIGINT,
        create_time BIGINT NOT NULL,
        update_time BIGINT NOT NULL,
        sequence BIGINT NOT NULL
      );
      CREATE UNIQUE INDEX listing_by_key ON listing (account_id, item_id, variation_id);
      CREATE INDEX listing_by_seller_sku ON listing (account_id, seller_sku);
      CREATE UNIQUE INDEX listing_by_sequence ON listing (sequence);
      CREATE INDEX listing_by_account_sequence ON listing (account_id, sequence);
      CREATE TABLE link (
        listing_id TEXT NOT NULL REFERENCES listing (listing_id),
        -- From 1, in the order in which they were made.
        number BIGINT NOT NULL,
        origin TEXT NOT NULL,
        actor TEXT NOT NULL,
        start_time BIGINT NOT NULL,
        end_time BIGINT,
        end_actor TEXT,
        PRIMARY KEY (listing_id, number)
      );
      CREATE UNIQUE INDEX link_live ON link (listing_id) WHERE end_time IS NULL;
      CREATE TABLE link_component (
        listing_id TEXT NOT NULL,
        number BIGINT NOT NULL,
        position BIGINT NOT NULL,
        sku TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        PRIMARY KEY (listing_id, number, position),
        FOREIGN KEY (listing_id, number) REFERENCES link (listing_id, number)
      );
      CREATE INDEX link_component_by_sku ON link_component (sku, listing_id, number);
      """),
  ]
}
