internal import Primitives
internal import StorageCore

extension ReadTransaction {
  private var listingColumns: String {
    """
    SELECT channel, shop_id, item_id, variation_id, sku, title, inventory_item_id, state, sellable,
      withheld, occupied, reserved, version, change_time, promotion_start, promotion_end FROM listing
    """
  }

  func listing(_ shop: Shop.Key, item: String, variation: String) throws -> StockListing? {
    try first(
      listingColumns + " WHERE channel = ? AND shop_id = ? AND item_id = ? AND variation_id = ?",
      shop.values + [.text(item), .text(variation)], Self.listing)
  }

  func listing(_ shop: Shop.Key, inventoryItem: String) throws -> StockListing? {
    try first(
      listingColumns + " WHERE channel = ? AND shop_id = ? AND inventory_item_id = ?",
      shop.values + [.text(inventoryItem)], Self.listing)
  }

  func listing(_ shop: Shop.Key, sku: String) throws -> StockListing? {
    try first(
      listingColumns + " WHERE channel = ? AND shop_id = ? AND sku = ? ORDER BY item_id LIMIT 1",
      shop.values + [.text(sku)], Self.listing)
  }

  /// The variations of one item, in the order of their IDs.
  func listings(_ shop: Shop.Key, item: String) throws -> [StockListing] {
    try rows(
      listingColumns + " WHERE channel = ? AND shop_id = ? AND item_id = ? ORDER BY variation_id",
      shop.values + [.text(item)], Self.listing)
  }

  /// Those that are named, in the order of their IDs.
  func listings(
    _ shop: Shop.Key, _ name: StockListing.Name, among names: [String]
  ) throws -> [StockListing] {
    let values = names.map { SQLValue.text($0) }
    let places = Array(repeating: "?", count: names.count).joined(separator: ", ")
    return try rows(
      listingColumns
        + " WHERE channel = ? AND shop_id = ? AND \(name.rawValue) IN (\(places))"
        + " ORDER BY item_id, variation_id",
      shop.values + values, Self.listing)
  }

  func listings(_ shop: Shop.Key) throws -> [StockListing] {
    try rows(
      listingColumns
        + " WHERE channel = ? AND shop_id = ? ORDER BY item_id, variation_id LIMIT ?",
      shop.values + [.integer(SandboxLimits.listedRows)], Self.listing)
  }

  /// Of every shop.
  func listings() throws -> [StockListing] {
    try rows(
      listingColumns + " ORDER BY channel, shop_id, item_id, variation_id LIMIT ?",
      [.integer(SandboxLimits.listedRows)], Self.listing)
  }

  private static func listing(_ row: any Row) -> StockListing {
    StockListing(
      shop: Shop.Key(channel: Channel(rawValue: row.text(0)) ?? .shopee, shopID: row.text(1)),
      itemID: row.text(2), variationID: row.text(3), sku: row.text(4), title: row.text(5),
      inventoryItemID: row.text(6), state: row.text(7), sellable: row.int64(8),
      withheld: row.int64(9), occupied: row.int64(10), reserved: row.int64(11),
      promotionStart: row.optionalTime(14), promotionEnd: row.optionalTime(15),
      version: row.int64(12), changeTime: row.time(13))
  }
}

extension Transaction {
  /// Writes a listing, whose numbers have changed at `now`.
  func save(_ listing: StockListing, at now: Timestamp) throws {
    precondition(
      listing.sellable >= 0 || listing.shop.channel.showsUnpaid,
      "only where an unpaid order is still for sale can there be too few")
    precondition(listing.withheld >= 0 && listing.occupied >= 0, "units leave a state once")
    try execute(
      """
      INSERT INTO listing (channel, shop_id, item_id, variation_id, sku, title, inventory_item_id,
        state, sellable, withheld, occupied, reserved, version, change_time, promotion_start,
        promotion_end)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (channel, shop_id, item_id, variation_id) DO UPDATE SET sku = excluded.sku,
        title = excluded.title, inventory_item_id = excluded.inventory_item_id,
        state = excluded.state, sellable = excluded.sellable, withheld = excluded.withheld,
        occupied = excluded.occupied, reserved = excluded.reserved, version = excluded.version,
        change_time = excluded.change_time, promotion_start = excluded.promotion_start,
        promotion_end = excluded.promotion_end
      """,
      listing.shop.values + [
        .text(listing.itemID), .text(listing.variationID), .text(listing.sku),
        .text(listing.title), .text(listing.inventoryItemID), .text(listing.state),
        .integer(listing.sellable), .integer(listing.withheld), .integer(listing.occupied),
        .integer(listing.reserved), .integer(try next("version")), .time(now),
        .time(listing.promotionStart), .time(listing.promotionEnd),
      ])
  }
}
